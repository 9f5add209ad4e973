import { randomUUID } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { FileDisk } from "../../src/files/fileDisk.js";
import { FileFolder } from "../../src/files/fileFolder.js";
import { addFile, findFile, removeFile } from "../../src/files/rows.js";
import { temporaryDir } from "../support/database.js";
import { filesIn } from "../support/files/folder.js";
import { openFloors, type Floors } from "../support/floors.js";

/** A disk on which some of the operations no longer happen, as after the end of a process. */
function without(dataDir: string, ...operations: (keyof FileDisk)[]): FileDisk {
  const hangs = () => new Promise<never>(() => undefined);
  return Object.assign(
    new FileFolder(dataDir),
    Object.fromEntries(operations.map((name) => [name, hangs])),
  );
}

const source = async function* () {
  await Promise.resolve();
  yield Buffer.from("text");
};

async function open(dataDir: string, disk?: FileDisk): Promise<Floors> {
  const floors = await openFloors({
    dataDir,
    ...(disk === undefined ? {} : { disk }),
  });
  let isOpen = true;
  const { store } = floors;
  // What hangs is left hanging: only the store is closed, as by the end of a process.
  const close = async () => {
    if (isOpen) await store.close();
    isOpen = false;
  };
  onTestFinished(close);
  return { ...floors, close };
}

const settled = (dataDir: string) =>
  expect.poll(() =>
    filesIn(dataDir).map((file) => file.startsWith("unsettled")),
  );

describe("after a process that ended", () => {
  it("before the row was written, the file is gone", async () => {
    const dataDir = temporaryDir();
    const first = await open(dataDir);
    await first.files.write(source());
    expect(filesIn(dataDir)).toHaveLength(1);
    await first.close();
    await open(dataDir);
    expect(filesIn(dataDir)).toEqual([]);
  });

  it("amid the upload, the beginning of the file is gone, and nothing else", async () => {
    const dataDir = temporaryDir();
    const folder = path.join(dataDir, "files", "unsettled");
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, randomUUID()), "beginning");
    writeFileSync(path.join(folder, "somebody's notes"), "theirs");
    await open(dataDir);
    expect(filesIn(dataDir)).toEqual(["unsettled/somebody's notes"]);
  });

  it("between the row and the file's last move, the file is there and settled", async () => {
    const dataDir = temporaryDir();
    const first = await open(dataDir, without(dataDir, "settle"));
    void first.files.store("", source(), { contentType: null });
    const rows = () => {
      const tx = first.database.read();
      const found = tx.system.page("", "_storage", null, 10);
      tx.release();
      return found;
    };
    await expect.poll(() => rows().length).toBe(1);
    const [row] = rows();
    await first.close();
    expect(filesIn(dataDir)[0]).toMatch(/^unsettled/);

    const again = await open(dataDir);
    await settled(dataDir).toEqual([false]);
    const tx = again.database.read();
    const file = findFile(tx, "", "test", row!["_id"] as string);
    tx.release();
    const stream = await again.files.open(file!);
    expect(await new Response(stream).text()).toBe("text");
  });

  it("between the delete and its file's removal, the file is gone", async () => {
    const dataDir = temporaryDir();
    const first = await open(dataDir, without(dataDir, "remove"));
    const id = await first.files.store("", source(), { contentType: null });
    const { durable } = await first.database.write((tx) => {
      removeFile(tx, "", findFile(tx, "", "test", id)!);
    });
    await durable;
    expect(filesIn(dataDir)).toHaveLength(1);
    await first.close();

    const again = await open(dataDir);
    await settled(dataDir).toEqual([]);
    // What was to be removed is not looked for again.
    await expect
      .poll(() => {
        const tx = again.database.read();
        const left = [...tx.meta.range("files/")];
        tx.release();
        return left;
      })
      .toEqual([]);
  });
});

describe("while the process runs", () => {
  it("a transaction that is given up takes its file with it", async () => {
    const dataDir = temporaryDir();
    const { database, files } = await open(dataDir);
    const draft = await files.write(source());
    const failing = database.write((tx) => {
      files.settleAfter(tx, draft);
      addFile(tx, "", { ...draft, contentType: null });
      throw new Error("given up");
    });
    await expect(failing).rejects.toThrow("given up");
    await settled(dataDir).toEqual([]);
  });

  it("what is removed stays until nobody holds it", async () => {
    const dataDir = temporaryDir();
    const { database, files } = await open(dataDir);
    const ids = [1, 2].map(() =>
      files.store("", source(), { contentType: null }),
    );
    const letGo = [files.hold(), files.hold()];
    for (const id of await Promise.all(ids)) {
      await database.write((tx) => {
        removeFile(tx, "", findFile(tx, "", "test", id)!);
      });
    }
    letGo[0]!();
    letGo[0]!();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(filesIn(dataDir)).toHaveLength(2);
    letGo[1]!();
    await settled(dataDir).toEqual([]);
  });
});
