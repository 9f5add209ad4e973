/**
 * Pages of runs and imports, and visitors who come and go meanwhile: neither reads what the other writes.
 */
import { beforeEach, expect, test } from "vitest";
import {
  api,
  DAY_MS,
  freshComponent,
  HOUR_MS,
  MINUTE_MS,
  NOW,
  t,
} from "../support/fresh.js";
import { startMany } from "../support/manyKit.js";
import { record, type Recording } from "../support/recorder.js";
import {
  drawAllShards,
  finishRun,
  readRun,
  seedExpired,
  seedLeased,
  startRun,
  visitors,
} from "../support/runKit.js";
import {
  isFiltered,
  RUN_KINDS,
  type RunKind,
} from "../../../convex/sessionTracker/shared/runs/kinds.js";

freshComponent();
beforeEach(async () => {
  await drawAllShards(t);
});

test.each(RUN_KINDS)(
  "a page of a run of %s reads and writes no document of visitors who come and go",
  async (kind) => {
    await seedLeased(t, visitors(20, NOW - HOUR_MS, "idle"));
    await seedExpired(t, visitors(20, NOW - 20 * DAY_MS, "old"));
    await seedLeased(t, visitors(20, NOW, "ends"));
    await seedExpired(t, visitors(20, NOW - DAY_MS, "returns"));
    // The first run of a kind makes its counters.
    await finishRun(t, await start(kind));
    await seedLeased(t, visitors(20, NOW - HOUR_MS, "idle-too"));
    await seedExpired(t, visitors(20, NOW - 20 * DAY_MS, "old-too"));

    const ofRun = await record(async () => {
      expect(await readRun(t, await start(kind))).toMatchObject({
        status: "completed",
        sessions: 20,
      });
    });
    const ofVisitors = await record(comeAndGo);
    expect(ofRun.idsWritten.size).toBeGreaterThan(20);
    expect(ofVisitors.idsWritten.size).toBeGreaterThan(40);
    expect(shared(ofRun, ofVisitors)).toEqual([]);
    expect(shared(ofVisitors, ofRun)).toEqual([]);
  },
);

test("an import reads and writes no document of visitors who come and go", async () => {
  await seedLeased(t, visitors(20, NOW, "ends"));
  await seedExpired(t, visitors(20, NOW - DAY_MS, "returns"));
  await seedLeased(t, visitors(20, NOW - HOUR_MS, "known"));
  const importAll = async (prefix: string) => {
    for (let i = 0; i < 20; i += 1) {
      const createdAt = NOW - 2 * HOUR_MS;
      const row = { anonymousId: `${prefix}-${i}`, createdAt };
      await t.mutation(api.operator.import.batch, {
        rows: [{ ...row, lastActive: NOW - 30 * MINUTE_MS, ended: {} }],
      });
    }
  };
  // The first makes the counters and the day's row.
  await importAll("first");
  const ofImport = await record(() => importAll("known"));
  const ofVisitors = await record(comeAndGo);
  expect(ofImport.idsWritten.size).toBeGreaterThan(40);
  expect(shared(ofImport, ofVisitors)).toEqual([]);
  expect(shared(ofVisitors, ofImport)).toEqual([]);
});

test("the sessions of a user are ended at once beside a run that ends others", async () => {
  await seedLeased(t, visitors(20, NOW - HOUR_MS, "idle"));
  for (let i = 0; i < 4; i += 1) {
    const anonymousId = `signed-in-${i}`;
    await t.mutation(api.visitors.heartbeat.beat, { anonymousId });
    await t.mutation(api.visitors.link.user, {
      anonymousId,
      userId: `user-${i % 2}`,
    });
  }
  const endAll = (userId: string) =>
    t.mutation(api.runs.many.ofUser.end, { userId });
  await endAll("user-0");
  await finishRun(t, await start("end"));
  await seedLeased(t, visitors(20, NOW - HOUR_MS, "idle-too"));

  const ofRun = await record(() => start("end"));
  const ofUser = await record(() => endAll("user-1"));
  expect(ofUser.idsWritten.size).toBeGreaterThan(4);
  expect(shared(ofRun, ofUser)).toEqual([]);
  expect(shared(ofUser, ofRun)).toEqual([]);
});

async function comeAndGo(): Promise<void> {
  const beat = (anonymousId: string) =>
    t.mutation(api.visitors.heartbeat.beat, { anonymousId });
  for (let i = 0; i < 20; i += 1) {
    await beat(`new-${i}`);
    await beat(`returns-${i}`);
    await t.mutation(api.visitors.end.visit, { anonymousId: `ends-${i}` });
  }
}

/** Starts a run that takes those who are idle, of expire and end, or else the old ones. */
function start(kind: RunKind) {
  if (!isFiltered(kind)) return startRun(t, kind);
  const agoMs = kind === "end" ? HOUR_MS / 2 : 2 * DAY_MS;
  return startMany(t, kind, { filter: { activeBefore: { agoMs } } });
}

/** The documents that one transaction writes and the other reads or writes. */
function shared(writer: Recording, other: Recording): string[] {
  return [...writer.idsWritten].filter(
    (id) => other.idsRead.has(id) || other.idsWritten.has(id),
  );
}
