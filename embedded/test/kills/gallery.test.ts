import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { environment, sources } from "../apps/everything/sources.js";
import { CliApp } from "../support/officialCli.js";
import { KillableDeployment } from "../support/process/killable.js";
import { Random } from "../support/random.js";
import { TestIssuer } from "../support/tokens.js";
import { filesOnDisk, unsettledIn } from "./files.js";
import { GalleryLoad, type Pushes } from "./galleryLoad.js";

/** A tenth of the kills of the others, each of which looks at every picture and file afterwards. */
const KILLS = Math.ceil(Number(process.env["KILLS"]) / 10);
const SEED = Number(process.env["KILLS_SEED"] ?? Date.now() % 1_000_000);

/** Number of pictures that every new index is filled with. */
const MANY = 5_000;
/** Number of pictures that are looked up after each kill, and at the end. */
const SAMPLE = { afterKill: 20, atEnd: 1_000 };

const dataDir = mkdtempSync(path.join(tmpdir(), "kills-"));
let deployment: KillableDeployment;

afterAll(async () => {
  await deployment.kill();
  rmSync(dataDir, { recursive: true });
});

test(
  `${KILLS} kills amid uploads and backfills lose no picture, no file and no entry of an index`,
  async () => {
    console.log(`seed ${SEED}; again: KILLS_SEED=${SEED}`);
    const random = new Random(SEED);
    deployment = await KillableDeployment.start(dataDir);
    const issuer = await TestIssuer.create();
    await deployment.post(
      "/api/update_environment_variables",
      environment(issuer),
      deployment.admin,
    );
    const load = new GalleryLoad(new Random(SEED + 1), await bodies());
    await load.push(deployment, false);
    await load.addMany(deployment, MANY);
    let unsettled = 0;
    for (let kill = 0; kill < KILLS; kill += 1) {
      const running = load.run(deployment);
      const isAmidFilling = random.chance(0.8);
      if (isAmidFilling) await load.filling();
      const delayMs = random.below(isAmidFilling ? 400 : 2_000);
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      await deployment.kill();
      await running;
      unsettled += unsettledIn(dataDir);
      deployment = await KillableDeployment.start(dataDir);
      await expectWhole(load);
      const { isIndexed } = await expectVersion(load);
      if (isIndexed) await expectFound(load, random, SAMPLE.afterKill);
    }
    await load.push(deployment, true);
    await expectFound(load, random, SAMPLE.atEnd);
    console.log(
      `${KILLS} kills: ${load.pictures.size - MANY} pictures besides ${MANY}, ${load.callsCutOff} calls cut off, ` +
        `${load.fillsCutOff} of them of pushes amid indexes, ${load.pushesDone} pushes done, ${unsettled} files found unsettled`,
    );
  },
  KILLS * 30_000 + 180_000,
);

/** What the official CLI would push, with and without the indexes. */
async function bodies(): Promise<Pushes> {
  const app = await CliApp.create(deployment, await sources());
  const bodyOf = async (isIndexed: boolean) => {
    await app.write(await sources(isIndexed));
    const { code, stderr } = await app.convex(
      ...["deploy", "--typecheck", "disable", "--push-all-modules"],
      ...["--write-push-request", "request"],
    );
    expect([code, stderr]).toEqual([0, expect.anything()]);
    const text = await readFile(path.join(app.folder, "request.json"), "utf8");
    return JSON.parse(text) as Record<string, unknown>;
  };
  const pushes = { plain: await bodyOf(false), indexed: await bodyOf(true) };
  await app.remove();
  return pushes;
}

interface Row {
  _id: string;
  name: string;
  sha256: string | null;
}

/** Compares pictures, rows of files, files on disk, and what was acknowledged. */
async function expectWhole(load: GalleryLoad): Promise<void> {
  const rows = await all<Row>("pictures:page");
  const byName = new Map(rows.map((row) => [row.name, row]));
  expect(rows).toHaveLength(byName.size);
  for (const [name, picture] of load.pictures) {
    const row = byName.get(name);
    const isThere = row !== undefined;
    if (picture.fate === "added") expect([name, isThere]).toEqual([name, true]);
    if (picture.fate === "removed")
      expect([name, isThere]).toEqual([name, false]);
    if (isThere) expect([name, row.sha256]).toEqual([name, picture.sha256]);
    // Whether a call that was cut off took effect is known now.
    picture.fate = isThere ? "added" : "removed";
  }
  expect(rows.filter(({ name }) => !load.pictures.has(name))).toEqual([]);

  const files = await all<{ sha256: string }>("pictures:files");
  const named = files.map(({ sha256 }) => sha256).sort();
  await expect
    .poll(() => filesOnDisk(dataDir), { timeout: 20_000 })
    .toEqual(named);
}

/** Finds out whether the app has its indexes, which a push that was cut off leaves open. */
async function expectVersion({ versions }: GalleryLoad) {
  const isIndexed = await ask<boolean>("query", "pictures:hasIndexes");
  expect([versions.done, versions.asked]).toContain(isIndexed);
  versions.done = versions.asked = isIndexed;
  return { isIndexed };
}

/** Looks pictures up by each of the indexes that pushes filled. */
async function expectFound(
  { pictures }: GalleryLoad,
  random: Random,
  count: number,
): Promise<void> {
  const added = [...pictures].filter(([, { fate }]) => fate === "added");
  const looked = Array.from({ length: count }, () => random.pick(added));
  for (const [name, { embedding }] of looked) {
    const found = {
      named: await ask<Row | null>("query", "pictures:named", { name }),
      search: await ask("query", "pictures:search", { text: name, limit: 10 }),
      similar: await ask("action", "pictures:similar", { embedding, limit: 1 }),
    };
    expect(found).toMatchObject({
      named: { name },
      search: [name],
      similar: [{ name }],
    });
  }
  const gone = [...pictures].filter(([, { fate }]) => fate === "removed");
  for (const [name] of gone.slice(-SAMPLE.afterKill)) {
    const args = { text: name, limit: 10 };
    expect(await ask("query", "pictures:search", args)).toEqual([]);
  }
}

async function all<Row>(functionPath: string): Promise<Row[]> {
  const found: Row[] = [];
  for (let cursor: string | null = null; ;) {
    const page: { page: Row[]; isDone: boolean; continueCursor: string } =
      await ask("query", functionPath, {
        paginationOpts: { cursor, numItems: 1_000 },
      });
    found.push(...page.page);
    if (page.isDone) return found;
    cursor = page.continueCursor;
  }
}

async function ask<Result>(
  kind: "query" | "action",
  functionPath: string,
  args: object = {},
): Promise<Result> {
  const call = { path: functionPath, args };
  const { body } = await deployment.post(`/api/${kind}`, call);
  expect(body).toMatchObject({ status: "success" });
  return (body as { value: Result }).value;
}
