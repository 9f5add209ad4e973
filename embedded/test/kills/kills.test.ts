import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Random } from "../support/random.js";
import { appOf } from "./app.js";
import { Load } from "./load.js";
import { Service } from "./service.js";

const KILLS = Number(process.env["KILLS"]);
const SEED = Number(process.env["KILLS_SEED"] ?? Date.now() % 1_000_000);

const dataDir = mkdtempSync(join(tmpdir(), "kills-"));
let service: Service;

beforeAll(async () => {
  service = await Service.start(dataDir);
  expect(await service.deployment.push(appOf(0))).toMatchObject({
    status: 200,
  });
});

afterAll(async () => {
  await service.deployment.kill();
  rmSync(dataDir, { recursive: true });
});

test(
  `${KILLS} kills under mixed load lose no acknowledged write and repeat none`,
  async () => {
    console.log(`seed ${SEED}; again: KILLS_SEED=${SEED}`);
    const load = new Load(service, new Random(SEED + 1));
    load.start();
    await killAgainAndAgain(load, new Random(SEED));
    await load.stop();

    // Jobs mark too, so they come first.
    const jobs = await settledJobs();
    const marks = await rows<Mark>("marks");
    expectMarks(load, marks);
    expectJobs(load, jobs, marks);
    await expectCounters(marks);
    await expectConverged(load);

    const cutOff = jobs.filter(({ state }) => state === "failed").length;
    console.log(
      `${KILLS} kills: ${marks.length} marks, ${load.once.length} of them acknowledged; ${jobs.length} jobs, ` +
        `${cutOff} of them actions that were cut off; ${load.pushes} of ${load.versionAsked} pushes done`,
    );
    expect(load.once.length).toBeGreaterThan(KILLS);
  },
  KILLS * 10_000 + 60_000,
);

async function killAgainAndAgain(load: Load, random: Random): Promise<void> {
  let latestTs = 0n;
  const goOn = async () => {
    const ts = await currentTs();
    expect(ts).toBeGreaterThanOrEqual(latestTs);
    latestTs = ts;
  };
  for (let kill = 0; kill < KILLS; kill += 1) {
    await load.answers(1 + random.below(30));
    await new Promise((resolve) => setTimeout(resolve, random.below(100)));
    await goOn();
    const acknowledged = load.versionDone;
    await service.killAndRestart();
    await goOn();
    const version = await service.ask<number>("k:version");
    expect(version).toBeGreaterThanOrEqual(acknowledged);
    expect(version).toBeLessThanOrEqual(load.versionAsked);
  }
}

function expectMarks(load: Load, marks: readonly Mark[]): void {
  const counted = countBy(marks, ({ key }) => key);
  const timesOf = (key: string) => counted.get(key) ?? 0;
  expect(load.once.filter((key) => timesOf(key) !== 1)).toEqual([]);
  expect(load.atMostOnce.filter((key) => timesOf(key) > 1)).toEqual([]);
  const createdAt = new Map(
    marks.map(({ key, _creationTime }) => [key, _creationTime]),
  );
  for (const order of load.inOrder) {
    const times = order.map((key) => createdAt.get(key) ?? NaN);
    const isLater = (time: number, i: number) =>
      i === 0 || time > times[i - 1]!;
    expect(times.every(isLater)).toBe(true);
  }
}

function expectJobs(
  load: Load,
  jobs: readonly Job[],
  marks: readonly Mark[],
): void {
  const counted = countBy(marks, ({ key }) => key);
  const wrong = jobs.filter((job) => !isRight(job, counted.get(job.key) ?? 0));
  expect(wrong).toEqual([]);
  const committed = new Set(jobs.map(({ key }) => key));
  expect(load.scheduled.filter((key) => !committed.has(key))).toEqual([]);
}

/**
 * Whether a job ran as often as it may: a mutation once, whatever was killed; an action at most
 * once, and once if it says so.
 */
function isRight({ kind, state }: Job, times: number): boolean {
  if (kind === "mutation") return state === "success" && times === 1;
  return state === "success" ? times === 1 : state === "failed" && times <= 1;
}

/** Compares the counters, each of which is in the same commits as the marks. */
async function expectCounters(marks: readonly Mark[]): Promise<void> {
  for (const [owner, n] of countBy(marks, (mark) => mark.owner)) {
    const counter = await service.ask("k:counter", { owner });
    expect([owner, counter]).toEqual([owner, n]);
  }
}

async function expectConverged(load: Load): Promise<void> {
  for (const watching of load.watching) {
    const { owner, client } = watching;
    const n = await service.ask<number>("k:counter", { owner });
    await expect.poll(() => watching.seen, { timeout: 20_000 }).toBe(n);
    await client.close();
  }
}

interface Mark {
  key: string;
  owner: string;
  _creationTime: number;
}

interface Job {
  key: string;
  kind: string;
  job: string;
  state: string;
}

/** Every committed job, once none waits or runs any more. */
async function settledJobs(): Promise<Job[]> {
  const committed = await rows<Job>("jobs");
  const settled: Job[] = [];
  for (let from = 0; from < committed.length; from += 500) {
    const batch = committed.slice(from, from + 500);
    const ids = batch.map(({ job }) => job);
    let states: string[];
    do {
      states = await service.ask<string[]>("k:states", { ids });
    } while (states.some(isUnderWay));
    settled.push(...batch.map((job, i) => ({ ...job, state: states[i]! })));
  }
  return settled;
}

async function rows<Row>(table: string): Promise<Row[]> {
  const found: Row[] = [];
  for (let cursor: string | null = null; ;) {
    const page: { page: Row[]; isDone: boolean; continueCursor: string } =
      await service.ask("k:page", { table, cursor });
    found.push(...page.page);
    if (page.isDone) return found;
    cursor = page.continueCursor;
  }
}

async function currentTs(): Promise<bigint> {
  const { body } = await service.deployment.post("/api/query_ts", {});
  return Buffer.from((body as { ts: string }).ts, "base64").readBigUInt64LE();
}

function isUnderWay(state: string): boolean {
  return state === "pending" || state === "inProgress";
}

function countBy<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items)
    counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1);
  return counts;
}
