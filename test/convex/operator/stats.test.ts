/** Figures by day and by entry source, against what visitors did. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { api } from "../../../convex/sessionTracker/_generated/api.js";
import { countVisits } from "../../../convex/sessionTracker/rows/days.js";
import {
  DAY_MS,
  HOUR_MS,
  MINUTE_MS,
} from "../../../convex/sessionTracker/shared/times.js";
import type { VisitReport } from "../../../convex/sessionTracker/shared/visits.js";
import { startRun } from "../support/runKit.js";
import type { Component } from "../support/rows.js";
import { setUpComponent } from "../support/setup.js";

const START = Date.UTC(2026, 1, 27, 12);
const TODAY = "2026-02-27";

let t: Component;
beforeEach(() => {
  vi.useFakeTimers({ now: START });
  t = setUpComponent();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("days", () => {
  test("are the sums of what closed, by the day on which it began, oldest first", async () => {
    await beat("bounced");
    await beat("reader");
    pass(MINUTE_MS);
    await beat("reader", { engagedMs: MINUTE_MS, isLeaving: true });
    await act("reader");
    await end("bounced");
    expect(await daysOf(TODAY, TODAY)).toEqual([
      {
        day: TODAY,
        ...{ newVisitors: 1, visits: 1, bounces: 1, engagedMs: 0, actions: 0 },
      },
    ]);

    vi.setSystemTime(START + 2 * DAY_MS);
    await startRun(t, "expire");
    await beat("reader");
    await end("reader");
    expect(await daysOf("2026-02-01", "2026-03-31")).toEqual([
      {
        day: TODAY,
        ...{ newVisitors: 2, visits: 2, bounces: 1 },
        ...{ engagedMs: MINUTE_MS, actions: 1 },
      },
      {
        day: "2026-03-01",
        ...{ newVisitors: 0, visits: 1, bounces: 1, engagedMs: 0, actions: 0 },
      },
    ]);
    expect(await daysOf("2026-02-28", "2026-02-28")).toEqual([]);
  });

  test("stay when the visitors are forgotten", async () => {
    await beat("v");
    await end("v");
    const before = await daysOf(TODAY, TODAY);
    await t.mutation(api.visitors.forget.visitor, { anonymousId: "v" });
    expect(await daysOf(TODAY, TODAY)).toEqual(before);
  });

  test("of the longest range, with all shards, are read in one call, eleven documents a day", async () => {
    const first = Date.parse("2024-01-01");
    const last = "2027-01-04";
    for (let shard = -1; shard < 10; shard += 1) {
      await t.run(async (ctx) => {
        for (let n = 0; n < 1_100; n += 1) {
          const day = new Date(first + n * DAY_MS).toISOString().slice(0, 10);
          const counts = { visits: 1, bounces: 0, engagedMs: 5, actions: 2 };
          await ctx.db.insert("days", {
            ...{ day, shard, newVisitors: 1 },
            ...counts,
          });
        }
      });
    }
    const { found, reads } = await t.mutation(async (ctx) => {
      const range = { from: "2024-01-01", to: last };
      const days = await ctx.runQuery(api.operator.stats.days, range);
      const { documentsRead } = await ctx.meta.getTransactionMetrics();
      return { found: days, reads: documentsRead.used };
    });
    expect(found).toHaveLength(1_100);
    expect(found.at(-1)).toEqual({
      day: last,
      ...{
        newVisitors: 11,
        visits: 11,
        bounces: 0,
        engagedMs: 55,
        actions: 22,
      },
    });
    expect(reads).toBe(12_100);
  });

  test.each([
    [
      "2026-02-30",
      TODAY,
      "from",
      /must be a day such as 2026-08-01, got "2026/,
    ],
    ["yesterday", TODAY, "from", /must be a day/],
    [TODAY, "2026-2-28", "to", /must be a day/],
    [TODAY, "", "to", /must be a day/],
    [TODAY, "2026-02-26", "to", /must not be before from/],
    ["2023-02-23", TODAY, "from", /is 1101 days; ask for at most 1100/],
  ])("from %j to %j are refused", async (from, to, argument, message) => {
    await expect(daysOf(from, to)).rejects.toMatchObject({
      data: {
        ...{ kind: "invalidArgument", argument },
        message: expect.stringMatching(message) as string,
      },
    });
  });
});

describe("sources", () => {
  test("count every visit that is still there once, wherever it is kept", async () => {
    const news = { referrer: "news.example.com" };
    // Three visits: the first in a row of its own, the second in the session, the third under way.
    for (const visit of [news, { ...news, utmSource: "letter" }]) {
      await beat("regular", { path: "/", ...visit });
      pass(MINUTE_MS);
      await beat("regular", { engagedMs: MINUTE_MS, isLeaving: true });
      await end("regular");
      pass(HOUR_MS);
    }
    await beat("once", news);
    await end("once");
    await beat("idle");
    pass(HOUR_MS);
    await beat("regular", news);
    expect(await sourcesFrom(TODAY)).toEqual({
      sources: [
        {
          source: "news.example.com",
          ...{ visits: 2, bounces: 1, engagedMs: MINUTE_MS, underWay: 1 },
        },
        {
          source: "direct",
          ...{ visits: 1, bounces: 1, engagedMs: 0, underWay: 0 },
        },
        {
          source: "letter",
          ...{ visits: 1, bounces: 0, engagedMs: MINUTE_MS, underWay: 0 },
        },
      ],
      onlyAfter: null,
    });
    const before = await sourcesFrom(TODAY);
    await startRun(t, "expire");
    expect(await sourcesFrom(TODAY)).toEqual(before);
    await t.mutation(api.visitors.forget.visitor, { anonymousId: "regular" });
    const { sources } = await sourcesFrom(TODAY);
    expect(sources.map(({ source }) => source)).toEqual([
      "direct",
      "news.example.com",
    ]);
  });

  test("leave out visits that began before the day", async () => {
    await beat("v");
    await end("v");
    vi.setSystemTime(START + DAY_MS);
    await beat("v", { referrer: "news.example.com" });
    const { sources } = await sourcesFrom("2026-02-28");
    expect(sources).toMatchObject([
      { source: "news.example.com", visits: 0, underWay: 1 },
    ]);
  });

  test("at the limit count the newest, and say from when on", async () => {
    for (let n = 0; n < 6; n += 1) {
      await beat(`v${n}`, { utmSource: `letter-${n}` });
      await end(`v${n}`);
      pass(MINUTE_MS);
    }
    const { sources, onlyAfter } = await sourcesFrom(TODAY, 4);
    expect(sources.map(({ source }) => source)).toEqual([
      ...["letter-2", "letter-3", "letter-4", "letter-5"],
    ]);
    expect(onlyAfter).toBe(START + MINUTE_MS);
    expect(await sourcesFrom(TODAY, 6)).toMatchObject({ onlyAfter: null });
  });

  test("do not count in part what was last active in one moment", async () => {
    for (const anonymousId of ["a", "b", "c"]) {
      await beat(anonymousId);
      await end(anonymousId);
    }
    pass(MINUTE_MS);
    await beat("later");
    await end("later");
    expect(await sourcesFrom(TODAY, 2)).toMatchObject({
      sources: [{ source: "direct", visits: 1 }],
      onlyAfter: START,
    });
  });

  test("read at most 4,000 documents, and one ahead of each index", async () => {
    await t.run(async (ctx) => {
      for (let n = 0; n < 5_000; n += 1) {
        const at = START - n;
        await ctx.db.insert("sessions", {
          anonymousId: `v${n}`,
          ...{ createdAt: at, state: "ended", visits: 1, actionCount: 0 },
          inactiveSince: at,
          lastVisit: {
            ...{ startedAt: at, endedAt: at, engagedMs: 0, actions: 0 },
            why: "ended",
          },
        });
      }
    });
    const reads = await t.mutation(async (ctx) => {
      const found = await ctx.runQuery(api.operator.stats.sources, {
        from: TODAY,
      });
      expect(found).toMatchObject({
        sources: [{ visits: 4_000 }],
        onlyAfter: START - 4_000,
      });
      return (await ctx.meta.getTransactionMetrics()).documentsRead.used;
    });
    expect(reads).toBeLessThanOrEqual(4_003);
  });

  test.each([0, 4_001, 1.5])("refuse a limit of %d", async (limit) => {
    await expect(sourcesFrom(TODAY, limit)).rejects.toMatchObject({
      data: { kind: "invalidArgument", argument: "limit" },
    });
  });
});

test("visits of one day that several pages close at once are summed over shards", async () => {
  const visit = { startedAt: START, newVisitors: 0, visits: 1, bounces: 0 };
  const closed = { ...visit, engagedMs: 10, actions: 1 };
  await t.run(async (ctx) => {
    await countVisits(ctx, [closed, closed], "expire");
    await countVisits(ctx, [closed], "purge");
    for (let n = 0; n < 20; n += 1) await countVisits(ctx, [closed]);
  });
  expect(await daysOf(TODAY, TODAY)).toMatchObject([
    { visits: 23, engagedMs: 230, actions: 23 },
  ]);
});

// ── Helpers ─────────────────────────────────────────────────────────────────

function pass(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
}

function beat(anonymousId: string, visit?: VisitReport) {
  const report = visit === undefined ? {} : { visit };
  return t.mutation(api.visitors.heartbeat.beat, { anonymousId, ...report });
}

function act(anonymousId: string) {
  return t.mutation(api.visitors.action.record, {
    anonymousId,
    action: "click",
  });
}

function end(anonymousId: string) {
  return t.mutation(api.visitors.end.visit, { anonymousId });
}

function daysOf(from: string, to: string) {
  return t.query(api.operator.stats.days, { from, to });
}

function sourcesFrom(from: string, limit?: number) {
  return t.query(api.operator.stats.sources, {
    from,
    ...(limit === undefined ? {} : { limit }),
  });
}
