/** What runs over a filter cost a session, measured with the transactions' own metrics. */
import { expect, test } from "vitest";
import { DAY_MS, freshComponent, HOUR_MS, NOW, t } from "./support/fresh.js";
import { type Asked, startMany } from "./support/manyKit.js";
import { record, totals } from "./support/recorder.js";
import { expectInvariants } from "./support/rows.js";
import {
  finishRun,
  readRun,
  seedExpired,
  seedLeased,
  visitors,
} from "./support/runKit.js";
import type { FilteredKind } from "../../convex/sessionTracker/shared/runs/kinds.js";

const MANY = 2_000;
const OLD = NOW - DAY_MS;

freshComponent();

const filter = { activeBefore: NOW - HOUR_MS };
const block = "forever" as const;

test.each([
  ["ends a visit", { filter }, seedLeased, 4.1, 2.05],
  // With the visit closed, the walk meets the session once more.
  ["ends a visit with a block", { filter, block }, seedLeased, 5.1, 2.05],
  ["blocks a session", { filter, block }, seedExpired, 2.1, 1.05],
] as [string, Asked, typeof seedLeased, number, number][])(
  "a run that %s",
  async (_, asked, seed, reads, writes) => {
    await seed(t, visitors(MANY, OLD));
    const cost = await costOf("end", asked);
    expect(cost.reads).toBeLessThanOrEqual(reads);
    expect(cost.writes).toBeLessThanOrEqual(writes);
    // A bound far above the cost would say nothing.
    expect(cost.reads).toBeGreaterThan(0.9 * reads);
    expect(cost.writes).toBeGreaterThan(0.9 * writes);
    await expectInvariants(t);
  },
  60_000,
);

test.each([
  ["who is away", seedExpired, 2.1, 2.05],
  ["who is there", seedLeased, 4.15, 3.05],
] as const)(
  "a run that erases %s",
  async (_, seed, reads, writes) => {
    await seed(t, visitors(MANY, OLD));
    const cost = await costOf("forget", { filter });
    expect(cost.reads).toBeLessThanOrEqual(reads);
    expect(cost.writes).toBeLessThanOrEqual(writes);
    expect(cost.reads).toBeGreaterThan(0.9 * reads);
    expect(cost.writes).toBeGreaterThan(0.9 * writes);
    expect((await expectInvariants(t)).sessions).toEqual([]);
  },
  60_000,
);

test("a page over a filter that matches nothing passes over 700 sessions and writes none", async () => {
  await seedExpired(t, visitors(2_000, OLD));
  const asked = { filter: { createdBefore: NOW, activeBefore: OLD } };
  let pages = 0;
  const { transactions, tablesWritten } = await record(async () => {
    const runId = await startMany(t, "forget", {
      filter: { ...asked.filter, createdAfter: OLD - DAY_MS },
    });
    pages = (await finishRun(t, runId)).pages;
  });
  expect(pages).toBe(3);
  expect(totals(transactions).reads).toBeLessThan(2_200);
  expect(tablesWritten).not.toContain("sessions");
});

// ── Helpers ─────────────────────────────────────────────────────────────────

/** Documents read and written for each session that the run takes. */
async function costOf(kind: FilteredKind, asked: Asked) {
  let runId = "";
  const { transactions } = await record(async () => {
    runId = await startMany(t, kind, asked);
    await finishRun(t, runId);
  });
  const { status, sessions } = await readRun(t, runId);
  expect([status, sessions]).toEqual(["completed", MANY]);
  const { reads, writes } = totals(transactions);
  return { reads: reads / MANY, writes: writes / MANY };
}
