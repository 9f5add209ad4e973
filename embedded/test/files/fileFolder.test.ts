import { randomUUID } from "node:crypto";
import { mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { FileFolder } from "../../src/files/fileFolder.js";
import { temporaryDir } from "../support/database.js";
import { filesIn } from "../support/files/folder.js";

async function* chunks(...texts: string[]): AsyncIterable<Uint8Array> {
  for (const text of texts) {
    await Promise.resolve();
    yield Buffer.from(text);
  }
}

async function read(
  folder: FileFolder,
  key: string,
  start: number,
  end: number,
): Promise<string | null> {
  const stream = await folder.open(key, start, end);
  return stream === null ? null : new Response(stream).text();
}

describe("a file", () => {
  it("is read where it is, unsettled and settled, in parts too", async () => {
    const dataDir = temporaryDir();
    const [folder, key] = [new FileFolder(dataDir), randomUUID()];
    await folder.write(key, chunks("01", "", "23456789"));
    expect(filesIn(dataDir)).toEqual([`unsettled/${key}`]);
    expect(await folder.unsettled()).toEqual([key]);
    expect(await read(folder, key, 0, 10)).toBe("0123456789");
    for (let twice = 0; twice < 2; twice += 1) {
      await folder.settle(key);
      expect(await folder.unsettled()).toEqual([]);
      expect(await read(folder, key, 3, 5)).toBe("34");
    }
    const place = `${key.slice(0, 2)}/${key.slice(2, 4)}/${key}`;
    expect(filesIn(dataDir)).toEqual([place]);
    const { mode } = statSync(path.join(dataDir, "files", place));
    expect(mode & 0o777).toBe(0o600);
  });

  it("is gone once it is removed, wherever it was", async () => {
    const dataDir = temporaryDir();
    const folder = new FileFolder(dataDir);
    for (const settle of [false, true]) {
      const key = randomUUID();
      await folder.write(key, chunks("text"));
      if (settle) await folder.settle(key);
      await folder.remove(key);
      await folder.remove(key);
      expect(await folder.open(key, 0, 4)).toBeNull();
    }
    expect(filesIn(dataDir)).toEqual([]);
  });

  it("leaves nothing where its source ends in an error", async () => {
    const dataDir = temporaryDir();
    const source = async function* () {
      yield* chunks("some");
      throw new Error("gone away");
    };
    const writing = new FileFolder(dataDir).write(randomUUID(), source());
    await expect(writing).rejects.toThrow("gone away");
    expect(filesIn(dataDir)).toEqual([]);
  });

  it("that cannot be written says so", async () => {
    const dataDir = temporaryDir();
    writeFileSync(path.join(dataDir, "files"), "in the way");
    const writing = new FileFolder(dataDir).write(randomUUID(), chunks("x"));
    await expect(writing).rejects.toMatchObject({ code: "fileNotStored" });
  });

  it("that lost its end ends its reader with an error", async () => {
    const dataDir = temporaryDir();
    const [folder, key] = [new FileFolder(dataDir), randomUUID()];
    await folder.write(key, chunks("short"));
    await expect(read(folder, key, 0, 10)).rejects.toThrow();
  });

  it("is never written over", async () => {
    const [folder, key] = [new FileFolder(temporaryDir()), randomUUID()];
    await folder.write(key, chunks("first"));
    await expect(folder.write(key, chunks("second"))).rejects.toMatchObject({
      code: "fileNotStored",
    });
    expect(await read(folder, key, 0, 5)).toBe("first");
  });
});

describe("a key", () => {
  it.each([
    "",
    "..",
    "../secret",
    "a/b",
    `${randomUUID()}/..`,
    `${randomUUID()}\n`,
  ])("that is none reaches no file: %j", async (key) => {
    const folder = new FileFolder(temporaryDir());
    for (const act of [
      () => folder.write(key, chunks("x")),
      () => folder.settle(key),
      () => folder.open(key, 0, 1),
      () => folder.remove(key),
    ]) {
      await expect(act()).rejects.toThrow("is no storage key");
    }
  });
});

describe("a link", () => {
  it("in a file's place is not followed", async () => {
    const dataDir = temporaryDir();
    const [folder, key] = [new FileFolder(dataDir), randomUUID()];
    const secret = path.join(dataDir, "secret");
    writeFileSync(secret, "secret");
    mkdirSync(path.join(dataDir, "files", "unsettled"), { recursive: true });
    symlinkSync(secret, path.join(dataDir, "files", "unsettled", key));
    await expect(folder.open(key, 0, 6)).rejects.toMatchObject({
      code: "ELOOP",
    });
    await expect(folder.write(key, chunks("over"))).rejects.toThrow();
  });

  it.each(["files", "files/unsettled"])(
    "in the place of %s is refused at the start",
    async (name) => {
      const dataDir = temporaryDir();
      const elsewhere = temporaryDir();
      mkdirSync(path.dirname(path.join(dataDir, name)), { recursive: true });
      symlinkSync(elsewhere, path.join(dataDir, name));
      await expect(new FileFolder(dataDir).unsettled()).rejects.toMatchObject({
        code: "storageFailed",
      });
    },
  );
});
