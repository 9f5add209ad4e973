import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { EmbeddedError } from "../../src/errors.js";
import { openStore } from "../../src/storage/lmdbStore.js";
import { isMissing } from "../support/process/missing.js";
import { temporaryDir } from "../support/database.js";
import { TestDeployment } from "../support/deployment.js";

/** A directory as a crash leaves it, with an acknowledged write that is in both files of the log or in LMDB. */
async function written(): Promise<string> {
  const dataDir = join(temporaryDir(), "data");
  const store = await openStore({ dataDir });
  await store.write([{ key: "a", value: "1" }]).durable;
  await store.close();
  const again = await openStore({ dataDir });
  await again.write([{ key: "b", value: "2" }]).durable;
  const crashed = join(temporaryDir(), "crashed");
  cpSync(dataDir, crashed, {
    recursive: true,
    filter: (path) => !path.endsWith(".socket"),
  });
  await again.close();
  // Nothing was writing meanwhile.
  writeFileSync(join(crashed, "state"), "");
  return crashed;
}

test.each(["data.lmdb", "log.0", "log.1"])(
  "a directory that lost %s is refused by that name, and left as it is",
  async (name) => {
    const dataDir = await written();
    const path = join(dataDir, name);
    const content = readFileSync(path);
    rmSync(path);
    const left = () =>
      readdirSync(dataDir).filter((file) => !file.startsWith("owner-"));
    const before = left();
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const refused = (await openStore({ dataDir }).catch(
        (error: unknown) => error,
      )) as EmbeddedError;
      expect(refused).toMatchObject({ code: "storageFailed" });
      expect(refused.message).toContain(`${name} is missing`);
      expect(refused.message).not.toMatch(/delete|remove/i);
      expect(left()).toEqual(before);
    }
    // A file that was kept elsewhere can be put back.
    writeFileSync(path, content);
    const store = await openStore({ dataDir });
    const snapshot = store.snapshot();
    expect([snapshot.get("a"), snapshot.get("b")]).toEqual(["1", "2"]);
    snapshot.release();
    await store.close();
  },
);

test("an empty data.lmdb is refused as missing", async () => {
  const dataDir = await written();
  writeFileSync(join(dataDir, "data.lmdb"), "");
  await expect(openStore({ dataDir })).rejects.toThrow("data.lmdb is missing");
});

test("a data.lmdb older than the log is refused as such, without advice to delete files", async () => {
  const dataDir = temporaryDir();
  const store = await openStore({ dataDir });
  await store.write([{ key: "a", value: "1" }]).durable;
  await store.close();
  const old = readFileSync(join(dataDir, "data.lmdb"));
  for (let time = 0; time < 4; time += 1) {
    const later = await openStore({ dataDir });
    await later.write([{ key: "a", value: String(time) }]).durable;
    await later.close();
  }
  writeFileSync(join(dataDir, "data.lmdb"), old);
  const refused = await openStore({ dataDir }).catch(String);
  expect(refused).toMatch(/data\.lmdb is an older one.*from a backup/);
  expect(refused).not.toMatch(/delete|remove/i);
});

test("a directory whose process ended before it wrote anything opens", async () => {
  const dataDir = temporaryDir();
  await (await openStore({ dataDir })).close();
  rmSync(join(dataDir, "log.0"));
  rmSync(join(dataDir, "log.1"));
  await (await openStore({ dataDir })).close();
});

test("all files are readable by their owner only, also in an existing directory open to others", async () => {
  const dataDir = temporaryDir();
  chmodSync(dataDir, 0o755);
  // An earlier version left the file like this.
  writeFileSync(join(dataDir, "data.lmdb"), "", { mode: 0o644 });
  const deployment = await TestDeployment.open({ dataDir });
  const files = readdirSync(dataDir).filter((name) => !/^owner-/.test(name));
  expect(files.length).toBeGreaterThan(4);
  for (const name of files) {
    const { mode } = statSync(join(dataDir, name));
    expect([name, mode & 0o077]).toEqual([name, 0]);
  }
  await deployment.close();
});

const cannotMount =
  process.platform === "linux" && process.getuid?.() === 0
    ? null
    : "a full and a read-only disk are made by root, on Linux";

/** Mounts a disk of its own. */
function mounted(size: string): string {
  const dir = join(temporaryDir(), "disk");
  mkdirSync(dir);
  mount("-t", "tmpfs", "-o", `size=${size}`, "tmpfs", dir);
  onTestFinished(() => void spawnSync("umount", ["-l", dir]));
  return dir;
}

function mount(...args: string[]): void {
  const { status, stderr } = spawnSync("mount", args);
  if (status !== 0) throw new Error(stderr.toString());
}

test.skipIf(isMissing(cannotMount, { isRequired: false }))(
  "a full disk is logged once, and named to clients",
  async () => {
    const deployment = await TestDeployment.open({ dataDir: mounted("4m") });
    const modules = {
      f: `import { mutationGeneric as mutation } from "convex/server";
          export const fill = mutation({ handler: (ctx) => ctx.db.insert("rows", { text: "x".repeat(500_000) }) });`,
    };
    expect(await deployment.push({ modules })).toMatchObject({ status: 200 });
    const call = { path: "f:fill", args: {} };
    let answer = await deployment.post("/api/mutation", call);
    for (let rows = 1; answer.status === 200 && rows < 20; rows += 1) {
      answer = await deployment.post("/api/mutation", call);
    }
    // The next write, and all after it, are refused alike.
    for (const { status, body } of [
      answer,
      await deployment.post("/api/mutation", call),
    ]) {
      expect({ status, body }).toMatchObject({
        status: 503,
        body: {
          code: "StorageFailed",
          message: expect.stringMatching(
            /the disk is full.*free disk space, then restart/,
          ) as string,
        },
      });
    }
    const told = deployment.logged.filter((line) => line.includes("disk"));
    // Closing ends, though some writes cannot be stored.
    await deployment.close();
    expect(told).toEqual([expect.stringMatching(/the disk is full/)]);
  },
);

test.skipIf(isMissing(cannotMount, { isRequired: false }))(
  "a read-only directory is refused with advice",
  async () => {
    const disk = mounted("4m");
    mount("-o", "remount,ro", disk);
    for (const dataDir of [disk, join(disk, "data")]) {
      await expect(openStore({ dataDir })).rejects.toMatchObject({
        code: "storageFailed",
        message: expect.stringMatching(
          /cannot be opened: it may only be read.*make it writable/,
        ) as string,
      });
    }
  },
);
