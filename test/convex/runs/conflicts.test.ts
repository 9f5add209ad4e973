/** A page of a run and visitors who come and go meanwhile: neither reads what the other writes. */
import { beforeEach, expect, test } from "vitest";
import {
  api,
  DAY_MS,
  freshComponent,
  HOUR_MS,
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
    const ofVisitors = await record(async () => {
      for (let i = 0; i < 20; i += 1) {
        const beat = (anonymousId: string) =>
          t.mutation(api.visitors.heartbeat.beat, { anonymousId });
        await beat(`new-${i}`);
        await beat(`returns-${i}`);
        await t.mutation(api.visitors.end.visit, {
          anonymousId: `ends-${i}`,
        });
      }
    });
    expect(ofRun.idsWritten.size).toBeGreaterThan(20);
    expect(ofVisitors.idsWritten.size).toBeGreaterThan(40);
    expect(shared(ofRun, ofVisitors)).toEqual([]);
    expect(shared(ofVisitors, ofRun)).toEqual([]);
  },
);

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
