/**
 * What an operator looks at reads the same number of documents with a thousand sessions and with a
 * million. On the embedded engine only, which has indexes; `npm run test:conformance` runs it.
 */
import { expect, onTestFinished, test, vi } from "vitest";
import { api } from "../../../convex/sessionTracker/_generated/api.js";
import type { Component } from "../support/rows.js";
import { drawAllShards, seedExpired, visitors } from "../support/runKit.js";
import { setUpComponent } from "../support/setup.js";
import { DAY_MS } from "../../../convex/sessionTracker/shared/times.js";

const NOW = Date.UTC(2026, 2, 1);
/** A transaction writes 16,000 documents at most. */
const SEEDED_AT_ONCE = 10_000;

test(
  "status, a list and the backlog read the same number of documents with 1,000,000 sessions as with 1,000",
  { timeout: 900_000 },
  async () => {
    vi.useFakeTimers({ now: NOW });
    onTestFinished(() => void vi.useRealTimers());
    const t = setUpComponent();
    await drawAllShards(t);
    await seed(t, 1_000);
    const few = await documentsRead(t);
    await seed(t, 999_000);
    const { total } = (await t.query(api.operator.status.get, {})).sessions;
    expect(total).toBe(1_000_000);
    expect(await documentsRead(t)).toEqual(few);
  },
);

// ── Helpers ─────────────────────────────────────────────────────────────────

let seeded = 0;

async function seed(t: Component, count: number): Promise<void> {
  for (let left = count; left > 0; left -= SEEDED_AT_ONCE) {
    const some = visitors(
      Math.min(left, SEEDED_AT_ONCE),
      NOW - 20 * DAY_MS,
      `visitor-${seeded}`,
    );
    seeded += some.length;
    await seedExpired(t, some);
  }
}

function documentsRead(t: Component) {
  const ofStatus = t.mutation(async (ctx) => {
    await ctx.runQuery(api.operator.status.get, {});
    return (await ctx.meta.getTransactionMetrics()).documentsRead.used;
  });
  const ofList = t.mutation(async (ctx) => {
    await ctx.runQuery(api.operator.search.page, {
      filter: {},
      sort: "created",
      order: "desc",
      limit: 100,
    });
    return (await ctx.meta.getTransactionMetrics()).documentsRead.used;
  });
  const ofBacklog = t.mutation(async (ctx) => {
    await ctx.runQuery(api.operator.status.backlog, { limit: 500 });
    return (await ctx.meta.getTransactionMetrics()).documentsRead.used;
  });
  return Promise.all([ofStatus, ofList, ofBacklog]);
}
