/** What visits cost the runs, measured with the transactions' own metrics. */
import { expect, test, vi } from "vitest";
import { DAY_MS, freshComponent, HOUR_MS, NOW, t } from "./support/fresh.js";
import { record, totals } from "./support/recorder.js";
import { expectInvariants } from "./support/rows.js";
import {
  finishRun,
  readRun,
  seedExpired,
  seedLeased,
  startRun,
  visitors,
} from "./support/runKit.js";

const CUTOFF = NOW - 14 * DAY_MS;
const DUE = 2_000;

freshComponent();

test.each([1, 2, 5])(
  "a session with %i visits is purged with 2.05 reads and 1.02 writes, and 1.05 and 1.02 more for each further visit",
  async (visits) => {
    vi.setSystemTime(NOW);
    await seedExpired(t, due().map(withVisits(visits)));
    const { reads, writes } = await costOf("purge", CUTOFF);
    const further = visits - 1;
    expect(reads).toBeLessThanOrEqual(2.05 + further * 1.05);
    expect(writes).toBeLessThanOrEqual(1.02 + further * 1.02);
    expect((await expectInvariants(t)).visits).toEqual([]);
  },
  60_000,
);

test("expiry writes two documents for a first visit, as without visits, and three for a later one", async () => {
  await seedLeased(t, due());
  const first = await costOf("expire", CUTOFF);
  // The rows of the run, its pages' jobs, the counters and the day come to less than a twentieth.
  expect(first.writes).toBeLessThanOrEqual(2.05);
  await seedLeased(t, due("again-").map(withVisits(2)));
  const later = await costOf("expire", CUTOFF);
  expect(later.writes).toBeLessThanOrEqual(3.05);
  expect(later.reads).toBeLessThanOrEqual(first.reads + 0.05);
}, 60_000);

// ── Helpers ─────────────────────────────────────────────────────────────────

function due(prefix = "") {
  return visitors(DUE, CUTOFF - HOUR_MS, `${prefix}due`);
}

function withVisits(visits: number) {
  return (visitor: ReturnType<typeof due>[number]) => ({ ...visitor, visits });
}

/** Documents read and written for each session that is due. */
async function costOf(kind: "expire" | "purge", cutoff: number) {
  let runId = "";
  const { transactions } = await record(async () => {
    runId = await startRun(t, kind, cutoff);
    await finishRun(t, runId);
  });
  expect(await readRun(t, runId)).toMatchObject({ sessions: DUE });
  const { reads, writes } = totals(transactions);
  return { reads: reads / DUE, writes: writes / DUE };
}
