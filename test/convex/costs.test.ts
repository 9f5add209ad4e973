/**
 * What things cost, measured with the transactions' own metrics: heartbeats, purges, and days
 * without and with visitors.
 */
import {
  afterAll,
  afterEach,
  beforeAll,
  describe,
  expect,
  test,
  vi,
} from "vitest";
import { api, internal } from "../../convex/sessionTracker/_generated/api.js";
import { advance } from "./support/clock.js";
import { record, totals, type Transaction } from "./support/recorder.js";
import { readRows, type Component } from "./support/rows.js";
import {
  drawAllShards,
  finishRun,
  readRun,
  seedExpired,
  seedLeased,
  startRun,
  visitors,
} from "./support/runKit.js";
import { setUpComponent } from "./support/setup.js";
import { DEFAULT_SETTINGS } from "../../convex/sessionTracker/shared/settings.js";
import {
  DAY_MS,
  HOUR_MS,
  MINUTE_MS,
} from "../../convex/sessionTracker/shared/times.js";

const NOW = Date.UTC(2026, 2, 1);
const CUTOFF = NOW - 14 * DAY_MS;

/** Two counters of 16 shards, and the session that is inactive the longest. */
const STATUS_READS = 33;

beforeAll(() => {
  vi.useFakeTimers({ now: NOW });
});
afterEach(() => {
  // The timers of a test end with it, or its crons would be counted in the next test.
  vi.clearAllTimers();
});
afterAll(() => {
  vi.useRealTimers();
});

describe.each([
  { rows: 1_000, due: 800 },
  { rows: 100_000, due: 10_000 },
])("with $rows sessions, $due of them due for purge", ({ rows, due }) => {
  let t: Component;
  beforeAll(async () => {
    vi.setSystemTime(NOW);
    t = setUpComponent();
    const kept = (rows - due) / 2;
    await inBatches(due, (count, prefix) =>
      seedExpired(t, visitors(count, CUTOFF - HOUR_MS, `due-${prefix}`)),
    );
    await inBatches(kept, (count, prefix) =>
      seedExpired(t, visitors(count, NOW - DAY_MS, `gone-${prefix}`)),
    );
    await inBatches(kept, (count, prefix) =>
      seedLeased(t, visitors(count, NOW, `live-${prefix}`)),
    );
  }, 120_000);

  test("a heartbeat within touchAfter reads one document and writes none", async () => {
    vi.setSystemTime(NOW + DEFAULT_SETTINGS.touchAfterMs - 1);
    expect(await heartbeat("live-0-7")).toEqual({
      state: "unchanged",
      documentsRead: 1,
      documentsWritten: 0,
    });
  });

  test("a heartbeat after touchAfter reads two documents and writes one", async () => {
    vi.setSystemTime(NOW + DEFAULT_SETTINGS.touchAfterMs);
    expect(await heartbeat("live-0-7")).toEqual({
      state: "touched",
      documentsRead: 2,
      documentsWritten: 1,
    });
  });

  test("status and a backlog of 500 read the same documents", async () => {
    vi.setSystemTime(NOW);
    await drawAllShards(t);
    const used = await t.mutation(async (ctx) => {
      const status = await ctx.runQuery(api.operator.status.get, {});
      expect(status.sessions.total).toBe(rows);
      const { documentsRead } = await ctx.meta.getTransactionMetrics();
      const backlog = await ctx.runQuery(api.operator.status.backlog, {
        limit: 500,
      });
      expect(backlog).toMatchObject({ expire: 0, purge: 500 });
      const after = await ctx.meta.getTransactionMetrics();
      const both = after.documentsRead.used;
      return {
        status: documentsRead.used,
        backlog: both - documentsRead.used,
      };
    });
    expect(used).toEqual({ status: STATUS_READS, backlog: 500 });
  });

  test("metrics read what status does and the sessions that are due, up to a thousand", async () => {
    await drawAllShards(t);
    const used = await t.query(async (ctx) => {
      const { backlog } = await ctx.runQuery(api.alerts.metrics.get, {
        at: NOW,
      });
      expect(backlog[1]?.sessions).toBe(Math.min(due, 1_000));
      return (await ctx.meta.getTransactionMetrics()).documentsRead.used;
    });
    expect(used).toBe(STATUS_READS + Math.min(due, 1_000));
  });

  test("a purge costs 2.05 reads and 1.02 writes a session and 50 calls at most, workpool included", async () => {
    let runId = "";
    const { transactions } = await record(async () => {
      runId = await startRun(t, "purge", CUTOFF);
      await finishRun(t, runId);
      // Workpool looks for more work for a while before it rests.
      await advance(t, 10 * MINUTE_MS);
    });
    expect(await readRun(t, runId)).toMatchObject({
      status: "completed",
      sessions: due,
    });
    const { calls, reads, writes } = totals(transactions);
    expect(reads / due).toBeLessThanOrEqual(2.05);
    expect(writes / due).toBeLessThanOrEqual(1.02);
    expect(calls).toBeLessThanOrEqual(50);
  }, 120_000);

  async function heartbeat(anonymousId: string) {
    return await t.mutation(async (ctx) => {
      const result = await ctx.runMutation(api.visitors.heartbeat.beat, {
        anonymousId,
      });
      const metrics = await ctx.meta.getTransactionMetrics();
      return {
        state: result.ok ? result.state : result.reason,
        documentsRead: metrics.documentsRead.used,
        documentsWritten: metrics.documentsWritten.used,
      };
    });
  }
});

test.each([
  ["created", 21],
  // A list reads a row more than it shows of each of two indexes: leases, and sessions without a lease.
  ["active", 22],
] as const)(
  "a page of 20 of a list by %s reads %i documents at most, of 3,000 sessions",
  async (sort, most) => {
    vi.setSystemTime(NOW);
    const t = setUpComponent();
    await seedExpired(t, visitors(1_500, CUTOFF));
    await seedExpired(t, visitors(1_500, CUTOFF, "other"));
    await seedLeased(t, visitors(20, CUTOFF - DAY_MS, "here"));
    const query = { filter: {}, sort, order: "desc" as const, limit: 20 };
    const read = await t.mutation(async (ctx) => {
      const { sessions } = await ctx.runQuery(api.operator.search.page, query);
      expect(sessions).toHaveLength(20);
      return (await ctx.meta.getTransactionMetrics()).documentsRead.used;
    });
    expect(read).toBeLessThanOrEqual(most);
  },
);

describe("subscriptions", () => {
  test("heartbeats re-run neither status nor the count of a day's sessions", async () => {
    vi.setSystemTime(NOW);
    const t = setUpComponent();
    await seedLeased(t, visitors(100, NOW));
    vi.setSystemTime(NOW + 5 * MINUTE_MS);
    const beats = await record(async () => {
      for (let i = 0; i < 100; i += 1) {
        const anonymousId = `visitor-${i}`;
        await t.mutation(api.visitors.heartbeat.beat, { anonymousId });
      }
    });
    expect(totals(beats.transactions)).toMatchObject({
      calls: 100,
      writes: 100,
    });
    const reads = await record(async () => {
      await t.query(api.operator.status.get, {});
      const day = { from: NOW - DAY_MS, before: NOW + DAY_MS };
      await t.query(api.operator.overview.createdBetween, day);
      await t.query(api.operator.overview.inactiveBetween, day);
    });
    expect(reads.tablesRead).toContain("sessions");
    expect(reads.tablesRead).toContain("counters");
    expect([...beats.tablesWritten]).toEqual(["leases"]);
    expect(reads.tablesRead).not.toContain("leases");
  });

  test("a purge reads no lease of an active session", async () => {
    vi.setSystemTime(NOW);
    const t = setUpComponent();
    await seedExpired(t, visitors(50, CUTOFF - HOUR_MS, "due"));
    await seedLeased(t, visitors(50, CUTOFF - HOUR_MS, "stale"));
    await seedLeased(t, visitors(50, CUTOFF, "idle"));
    await seedLeased(t, visitors(50, NOW, "live"));
    const { leases } = await readRows(t);
    const { idsRead } = await record(() => startRun(t, "purge", CUTOFF));
    const read = leases.filter((lease) => idsRead.has(lease._id));
    expect(read).toHaveLength(50);
    expect(read.every((lease) => lease.lastActive < CUTOFF)).toBe(true);
  });
});

describe("a day, and so a month", () => {
  test("without visitors costs 300 calls a day at most, and no run", async () => {
    const { transactions, runs } = await simulateDay(0);
    expect(transactions.length).toBeLessThanOrEqual(300);
    expectMonthWithin({ calls: 8_700, writes: 11_700 }, transactions);
    expect(new Set(transactions.map((tx) => tx.name))).toEqual(
      new Set([
        "public:rescheduler",
        "schedules/dispatch:tick",
        "schedules/watchdog:check",
      ]),
    );
    expect(runs).toEqual([]);
  });

  // Up to 3,000 more than a first day: a row of `fires` is deleted for each that comes, once there are 500.
  test.each([
    { visitorsADay: 1_000, calls: 11_700, writes: 125_000 },
    { visitorsADay: 10_000, calls: 12_400, writes: 937_000 },
  ])(
    "with $visitorsADay visitors costs $calls calls a month at most",
    async ({ visitorsADay, calls, writes }) => {
      const { transactions, runs } = await simulateDay(visitorsADay);
      expectMonthWithin({ calls, writes }, transactions);
      const done = { expire: 0, purge: 0, end: 0, forget: 0 };
      for (const run of runs) {
        expect(run.status).toBe("completed");
        done[run.kind] += run.sessions;
      }
      expect(done).toMatchObject({
        expire: visitorsADay,
        purge: visitorsADay,
      });
    },
    120_000,
  );

  /** The table in docs/costs.md holds these bounds: whoever changes them changes both. */
  function expectMonthWithin(
    bound: { calls: number; writes: number },
    transactions: Transaction[],
  ) {
    const { calls, writes } = totals(transactions);
    expect(calls * 30).toBeLessThanOrEqual(bound.calls);
    expect(writes * 30).toBeLessThanOrEqual(bound.writes);
    // A bound far above the cost would make that table wrong.
    expect(calls * 30).toBeGreaterThan(0.95 * bound.calls);
    expect(writes * 30).toBeGreaterThan(0.95 * bound.writes);
  }

  /**
   * A day like every other: as many visits end as begin, spread evenly, and as many sessions of
   * fifteen days ago fall due for purge.
   */
  async function simulateDay(visitorsADay: number) {
    // Days begin a second past midnight, so that a day holds the tick at its end and not the one at its
    // start.
    vi.setSystemTime(NOW + 1_000);
    const t = setUpComponent();
    await t.mutation(internal.schedules.watchdog.check, {});
    const visitsFrom = (start: number) =>
      visitors(visitorsADay, start, `from-${start}`).map((visitor, i) => ({
        ...visitor,
        lastActive: start + Math.floor((i * DAY_MS) / visitorsADay),
      }));
    await seedExpired(t, visitsFrom(NOW + 2.5 * HOUR_MS - 15 * DAY_MS));
    const today = visitsFrom(NOW - DEFAULT_SETTINGS.idleTimeoutMs);

    const { transactions } = await record(async () => {
      for (let quarter = 0; quarter < 96; quarter += 1) {
        // The visitors who will be idle at the next tick; to seed all of them at once is only slower.
        const [from, to] = [quarter, quarter + 1].map((end) =>
          Math.ceil((end * visitorsADay) / 96),
        );
        await seedLeased(t, today.slice(from, to));
        await advance(t, 15 * MINUTE_MS);
        await t.mutation(internal.schedules.watchdog.check, {});
      }
    });
    const runs = await t.query(api.runs.ledger.list, { limit: 200 });
    return {
      // All calls but those of this test itself, which convex-test names "custom".
      transactions: transactions.filter(({ name }) => name !== "custom"),
      runs,
    };
  }
});

// ── Helpers ─────────────────────────────────────────────────────────────────

/** Seeds in batches: a session takes two documents, and a transaction writes 16,000 at most. */
const MAX_SEEDS = 7_500;

async function inBatches(
  count: number,
  seed: (count: number, batch: number) => Promise<void>,
): Promise<void> {
  for (let batch = 0; batch * MAX_SEEDS < count; batch += 1) {
    await seed(Math.min(MAX_SEEDS, count - batch * MAX_SEEDS), batch);
  }
}
