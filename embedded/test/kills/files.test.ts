import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { STORAGE_MODULE } from "../support/files/module.js";
import { KillableDeployment } from "../support/process/killable.js";
import { Random } from "../support/random.js";
import { FileLoad } from "./fileLoad.js";
import { filesOnDisk, sha256, unsettledIn } from "./files.js";

/** A tenth of the kills of the others, each of which looks at every file afterwards. */
const KILLS = Math.ceil(Number(process.env["KILLS"]) / 10);
const SEED = Number(process.env["KILLS_SEED"] ?? Date.now() % 1_000_000);

const dataDir = mkdtempSync(path.join(tmpdir(), "kills-"));
let deployment: KillableDeployment;

afterAll(async () => {
  await deployment.kill();
  rmSync(dataDir, { recursive: true });
});

test(
  `${KILLS} kills amid uploads, deletes and imports lose no file, and leave none without its row`,
  async () => {
    console.log(`seed ${SEED}; again: KILLS_SEED=${SEED}`);
    const random = new Random(SEED);
    const load = new FileLoad(new Random(SEED + 1));
    deployment = await KillableDeployment.start(dataDir);
    const modules = { files: STORAGE_MODULE };
    const pushed = await deployment.push({
      modules,
      children: { part: "part" },
      components: { part: { modules } },
    });
    expect(pushed).toMatchObject({ status: 200 });
    let unsettled = 0;
    for (let kill = 0; kill < KILLS; kill += 1) {
      const running = load.run(deployment);
      await new Promise((resolve) => setTimeout(resolve, random.below(3_000)));
      await deployment.kill();
      await running;
      unsettled += unsettledIn(dataDir);
      deployment = await KillableDeployment.start(dataDir);
      await expectWhole(load);
    }
    console.log(
      `${KILLS} kills: ${load.files.size} files, ${load.cutOff} calls cut off, ${unsettled} files found unsettled, ` +
        `${load.importsCompleted} imports completed`,
    );
    expect(load.files.size).toBeGreaterThan(KILLS);
  },
  KILLS * 20_000 + 60_000,
);

interface Row {
  _id: string;
  sha256: string;
  size: number;
}

/** Compares rows, bytes on disk, and what was acknowledged. */
async function expectWhole(load: FileLoad): Promise<void> {
  const [app, part] = [await rowsOf(""), await rowsOf("part")];
  const byId = new Map(app.map((row) => [row._id, row]));
  for (const [id, file] of load.files) {
    const row = byId.get(id);
    if (file.fate === "stored")
      expect([id, row?.sha256]).toEqual([id, file.sha256]);
    if (file.fate === "removed") expect([id, row]).toEqual([id, undefined]);
    // Whether a cut off call took effect is known now.
    file.fate = row === undefined ? "removed" : "stored";
  }
  for (const row of app) {
    load.files.set(row._id, { sha256: row.sha256, fate: "stored" });
  }
  const imported = new Set(part.map((row) => row.sha256));
  const possible = load.imports.slice(load.imported);
  expect(possible).toContainEqual(imported);
  load.imports.splice(0, load.imports.length, imported);
  load.imported = 0;

  const named = [...app, ...part].map((row) => row.sha256).sort();
  const onDisk = () => filesOnDisk(dataDir);
  await expect.poll(onDisk, { timeout: 20_000 }).toEqual(named);
  const some = app[app.length >> 1];
  if (some !== undefined) {
    const url = await ask("files:url", { id: some._id }, "");
    const bytes = await (await fetch(url as string)).arrayBuffer();
    expect(sha256(new Uint8Array(bytes))).toBe(some.sha256);
  }
}

const rowsOf = (componentPath: string) =>
  ask("files:rows", {}, componentPath) as Promise<Row[]>;

async function ask(
  functionPath: string,
  args: object,
  componentPath: string,
): Promise<unknown> {
  const call = { componentPath, path: functionPath, args };
  const { body } = await deployment.post(
    "/api/function",
    call,
    deployment.admin,
  );
  expect(body).toMatchObject({ status: "success" });
  return (body as { value: unknown }).value;
}
