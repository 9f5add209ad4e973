/**
 * Who makes whom run again on a deployment: heartbeats, 100 a second of the deployment's clock, beside runs of all
 * kinds, imports, and a `status` that is watched; then visitors who come two by two.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { openDeployment, type ConflictCount } from "@sessions-ops/embedded";
import type { JSONValue } from "convex/values";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ImportRow } from "../../convex/sessionTracker/operator/import.js";
import { MAX_IMPORT_ROWS } from "../../convex/sessionTracker/shared/limits.js";
import type { Run } from "../../convex/sessionTracker/shared/runs/run.js";
import { DAY_MS, MINUTE_MS } from "../../convex/sessionTracker/shared/times.js";
import { FakeClock } from "../../embedded/test/support/fakeClock.js";
import { Random } from "../../embedded/test/support/random.js";
import { SyncClient } from "../../embedded/test/support/syncClient.js";
import { tableUnder } from "../contention/table.js";
import { deployApp, Driven } from "../upgrade/drive.js";

const NOW = Date.UTC(2026, 0, 20, 12);
const HEARTBEAT = "sessions:trackSession";
const PAGE = "sessionTracker/runs/chain:page";
const IMPORT = "sessionTracker/operator/import:batch";

/** Visitors who are due to a run and come back while it is under way. */
const LATE = 2_000;
const SECONDS = 20;
const A_SECOND = 100;
const PAIRS = 1_000;
/** How likely two first visits meet: in one of 16 shards of a counter, or one of the two of 32 that a limiter reads. */
const OF_TWO = 1 - (15 / 16) * (30 / 32);
const FIVE_DEVIATIONS = 5 * Math.sqrt(PAIRS * OF_TWO * (1 - OF_TWO));

const clock = new FakeClock(NOW);
let dataDir: string;
let driven: Driven;

beforeAll(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), "contention-"));
  const deployment = await openDeployment({ dataDir, port: 0, clock });
  driven = new Driven(deployment, clock);
  await deployApp(path.join(import.meta.dirname, "../.."), deployment);
  await change({
    idleTimeoutMs: 60 * MINUTE_MS,
    touchAfterMs: 0,
    pageSize: 20,
  });
  await importRows("old", 400, NOW - 20 * DAY_MS);
  await importRows("idle", 400, NOW - 30 * MINUTE_MS);
  await importRows("late", LATE, NOW - 20 * MINUTE_MS);
  await importRows("banned", 100, NOW - 15 * MINUTE_MS, { userId: "banned" });
  await importRows("erased", 100, NOW - 3 * DAY_MS, { userId: "erased" });
  // The first erasure of a deployment makes the salt that imports look for.
  await importRows("first", 1, NOW - 3 * DAY_MS, { userId: "first" });
  await start("forget", { filter: { userId: "first" } });
  await driven.pass(MINUTE_MS);
  await change({ idleTimeoutMs: 25 * MINUTE_MS });
  await Promise.all(liveOnes((anonymousId) => beat(anonymousId)));
}, 180_000);
afterAll(async () => {
  await driven.deployment.close();
  await rm(dataDir, { recursive: true });
});

/** How many of 1,000 run again, by what is under way at once, as the README words it. */
const measured = new Map<string, number>();

test("no heartbeat and no run makes the other run again, nor one heartbeat another", async () => {
  const watcher = await watchStatus();
  const before = driven.deployment.conflicts();
  const runs = [
    await start("expire"),
    await start("purge"),
    await start("end", { filter: { userId: "banned" } }),
    await start("forget", { filter: { userId: "erased" } }),
  ];
  for (let second = 0; second < SECONDS; second += 1) {
    const calls = [
      importRows(`imported-${second}`, 20, NOW - 5 * DAY_MS),
      ...liveOnes((anonymousId) => beat(anonymousId)),
    ];
    for (let tick = 0; tick < 5; tick += 1) {
      clock.advance(200);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await Promise.all(calls);
  }
  await driven.pass(MINUTE_MS);
  for (const runId of runs) {
    const run = await driven.component<Run>("runs/ledger:get", { runId });
    expect(run).toMatchObject({ status: "completed" });
    expect(run.pages).toBeGreaterThan(4);
  }
  expect(watcher.received.length).toBeGreaterThan(SECONDS / 4);
  watcher.drop();

  const conflicts = since(before);
  const of = (name: string) =>
    conflicts.filter(({ loser, winner }) => loser === name || winner === name);
  expect(of(HEARTBEAT)).toEqual([]);
  expect(of(IMPORT)).toEqual([]);
  // Workpool's own bookkeeping may meet the page that asks it for the next.
  expect(of(PAGE).filter(isNotOfWorkpool)).toEqual([]);
  measured.set("100 heartbeats", 0);
  measured.set(
    "heartbeats, pages of expire, purge, end and forget, imports, a watched `status`",
    0,
  );
}, 240_000);

test("a page of a run and visitors conflict only over sessions of the page", async () => {
  // Now those are due, too, who were last active before the others came.
  const settings = { touchAfterMs: MINUTE_MS, pageSize: 200 };
  await change({ ...settings, idleTimeoutMs: 15 * MINUTE_MS });
  const before = driven.deployment.conflicts();
  await start("expire");
  const random = new Random(14);
  const callers = Array.from({ length: 20 }, async (_, caller) => {
    for (let call = 0; call < 50; call += 1) {
      await beat(`late-${random.below(LATE)}`);
      if (call % 10 === 0) await beat(`new-${caller}-${call}`);
      clock.advance(5);
    }
  });
  await Promise.all(callers);
  await driven.pass(MINUTE_MS);
  const between = since(before).filter(
    ({ loser, winner }) =>
      [loser, winner].includes(PAGE) && [loser, winner].includes(HEARTBEAT),
  );
  const tables = between.map(({ table }) => table);
  const theirs = ["sessionTracker/leases", "sessionTracker/sessions"];
  expect(tables.filter((table) => !theirs.includes(table))).toEqual([]);
  // So they really are under way at once.
  expect(tables.length).toBeGreaterThan(0);
}, 240_000);

test("visitors who come two by two conflict as often as the shards predict", async () => {
  // So that all shards are there.
  for (let i = 0; i < 400; i += 1) {
    await beat(`first-${i}`);
    clock.advance(20);
  }
  const before = driven.deployment.conflicts();
  for (let pair = 0; pair < PAIRS; pair += 1) {
    await Promise.all([beat(`one-${pair}`), beat(`other-${pair}`)]);
    clock.advance(20);
  }
  const conflicts = since(before);
  const count = sum(conflicts);
  expect(Math.abs(count - PAIRS * OF_TWO)).toBeLessThan(FIVE_DEVIATIONS);
  expect(new Set(conflicts.map(({ table }) => table))).toEqual(
    new Set([
      "sessionTracker/shardedCounter/counters",
      "sessionTracker/rateLimiter/rateLimits",
    ]),
  );
  measured.set("two first visits", Math.round((count / PAIRS) * 1_000));
}, 240_000);

test("two heartbeats of one visitor conflict", async () => {
  clock.advance(2 * MINUTE_MS);
  const before = driven.deployment.conflicts();
  await Promise.all(
    liveOnes((anonymousId) =>
      Promise.all([beat(anonymousId), beat(anonymousId)]),
    ),
  );
  const conflicts = since(before);
  expect(conflicts).toMatchObject([
    { loser: HEARTBEAT, winner: HEARTBEAT, table: "sessionTracker/leases" },
  ]);
});

test("the README has what was measured", async () => {
  const readme = path.join(import.meta.dirname, "../../embedded/README.md");
  const [, ...rows] = tableUnder(await readFile(readme, "utf8"), "Conflicts");
  const written = new Map(rows.map(([name = "", count]) => [name, count]));
  expect([...written.keys()]).toEqual([...measured.keys()]);
  for (const [name, count] of measured) {
    const isNear =
      Math.abs(Number(written.get(name)) - count) <= (NEAR[name] ?? 0);
    expect(isNear, `${name}: measured ${count}`).toBe(true);
  }
});

/** How far apart two measurements of one row may be: of two calls sent at once one may be done before the other begins. */
const NEAR: Record<string, number> = {
  "two first visits": 2 * FIVE_DEVIATIONS,
};

// ── Helpers ─────────────────────────────────────────────────────────────────

/** Conflicts since an earlier look. */
function since(before: readonly ConflictCount[]): ConflictCount[] {
  const had = new Map(before.map((row) => [nameOf(row), row.count]));
  return driven.deployment
    .conflicts()
    .map((row) => ({ ...row, count: row.count - (had.get(nameOf(row)) ?? 0) }))
    .filter(({ count }) => count > 0);
}

function nameOf({ loser, winner, table }: ConflictCount): string {
  return JSON.stringify([loser, winner, table]);
}

/** Workpool has tables that are made when it first needs them. */
function isNotOfWorkpool({ loser, winner, table }: ConflictCount): boolean {
  const of = table === "_tables" ? [loser, winner] : [table];
  return !of.some((name) => name.startsWith("sessionTracker/workpool/"));
}

function sum(conflicts: readonly ConflictCount[]): number {
  return conflicts.reduce((total, { count }) => total + count, 0);
}

/** One call for each of the visitors who are there. */
function liveOnes(call: (anonymousId: string) => Promise<unknown>) {
  return Array.from({ length: A_SECOND }, (_, i) => call(`live-${i}`));
}

function beat(anonymousId: string): Promise<unknown> {
  return driven.app(HEARTBEAT, { anonymousId });
}

function change(patch: Record<string, number>): Promise<unknown> {
  return driven.component("settings/settings:change", { patch, actor: "test" });
}

async function start(kind: string, asked: Record<string, JSONValue> = {}) {
  const request = { kind, actor: "test", trigger: "operator", ...asked };
  const { runId } = await driven.component<{ runId: string }>(
    "runs/control:start",
    request,
  );
  return runId;
}

async function importRows(
  prefix: string,
  count: number,
  lastActive: number,
  more: Partial<ImportRow> = {},
): Promise<void> {
  const rows = Array.from({ length: count }, (_, n) => ({
    anonymousId: `${prefix}-${n}`,
    createdAt: lastActive - DAY_MS,
    lastActive,
    ...more,
  }));
  for (let first = 0; first < count; first += MAX_IMPORT_ROWS) {
    const some = rows.slice(first, first + MAX_IMPORT_ROWS);
    await driven.component("operator/import:batch", {
      rows: some as JSONValue,
    });
  }
}

/** What `status --watch` subscribes to. */
async function watchStatus(): Promise<SyncClient> {
  const { url, adminKey } = driven.deployment;
  const client = await SyncClient.connect(url);
  client.say({
    type: "Authenticate",
    tokenType: "Admin",
    value: adminKey,
    baseVersion: 0,
  });
  client.watch("operator/status:get", {}, { componentPath: "sessionTracker" });
  await client.next("Transition");
  return client;
}
