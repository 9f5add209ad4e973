/** Pages through every filter and order, and compares with a plain filter and sort of all rows. */
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { api } from "../../../convex/sessionTracker/_generated/api.js";
import { Random } from "../../../embedded/test/support/random.js";
import type { Component } from "../support/rows.js";
import { startRun } from "../support/runKit.js";
import { setUpComponent } from "../support/setup.js";
import {
  DAY_MS,
  MINUTE_MS,
} from "../../../convex/sessionTracker/shared/times.js";

const NOW = Date.UTC(2026, 2, 1);
const COUNT = 60;

interface Seen {
  anonymousId: string;
  state: "active" | "expired" | "ended";
  createdAt: number;
  lastActive: number;
  userId?: string;
}

let t: Component;
let all: Seen[];
beforeAll(async () => {
  vi.useFakeTimers({ now: NOW });
  t = setUpComponent();
  const random = new Random(7);
  all = [];
  for (let i = 0; i < COUNT; i += 1) {
    // The times have few values, so that rows share them.
    const lastActive = NOW - random.below(12) * 10 * MINUTE_MS;
    const createdAt = lastActive - random.below(4) * DAY_MS;
    const anonymousId = `visitor-${i}`;
    vi.setSystemTime(createdAt);
    await t.mutation(api.visitors.heartbeat.beat, { anonymousId });
    vi.setSystemTime(lastActive);
    await t.mutation(api.visitors.heartbeat.beat, { anonymousId });
    const userId = random.chance(0.3) ? "ada" : undefined;
    if (userId !== undefined) {
      await t.mutation(api.visitors.link.user, { anonymousId, userId });
    }
    const isEnded = random.chance(0.3);
    if (isEnded) await t.mutation(api.visitors.end.visit, { anonymousId });
    const isIdle = NOW - lastActive > 30 * MINUTE_MS;
    const state = isEnded ? "ended" : isIdle ? "expired" : "active";
    const user = userId === undefined ? {} : { userId };
    all.push({ anonymousId, state, createdAt, lastActive, ...user });
  }
  vi.setSystemTime(NOW);
});
afterAll(() => {
  vi.useRealTimers();
});

const AN_HOUR_AGO = NOW - 60 * MINUTE_MS;

describe.each([false, true])("an expire run has come by: %s", (expired) => {
  beforeAll(async () => {
    if (!expired) return;
    await startRun(t, "expire");
  });

  test.each([
    {},
    { state: "active" as const },
    { state: "expired" as const },
    { state: "ended" as const },
    { userId: "ada" },
    { userId: "ada", state: "expired" as const },
    { activeFrom: AN_HOUR_AGO },
    { activeBefore: AN_HOUR_AGO, state: "ended" as const },
    { createdFrom: NOW - 2 * DAY_MS, createdBefore: NOW - DAY_MS },
    { createdBefore: NOW - DAY_MS, activeFrom: AN_HOUR_AGO },
    { userId: "nobody" },
  ])("%j, in both orders of both kinds", async (filter) => {
    const wanted = all.filter((row) => isWanted(row, filter));
    for (const sort of ["created", "active"] as const) {
      for (const order of ["asc", "desc"] as const) {
        const found = await pages({ filter, sort, order, limit: 7 });
        expect(found.map((row) => row.anonymousId).sort()).toEqual(
          wanted.map((row) => row.anonymousId).sort(),
        );
        const at = found.map((row) =>
          sort === "created" ? row.createdAt : row.lastActive,
        );
        const sorted = [...at].sort((a, b) =>
          order === "asc" ? a - b : b - a,
        );
        expect(at).toEqual(sorted);
      }
    }
  });
});

test("a page is never larger than its limit, and a bad cursor is refused", async () => {
  const args = { filter: {}, sort: "active", order: "desc" } as const;
  const { sessions } = await t.query(api.operator.search.page, {
    ...args,
    limit: 5,
  });
  expect(sessions).toHaveLength(5);
  await expect(
    t.query(api.operator.search.page, {
      ...args,
      limit: 5,
      cursor: "nonsense",
    }),
  ).rejects.toThrow("did not come from a list");
});

test("source is of the first visit, and engaged time of all visits, the one under way included", async () => {
  const app = setUpComponent();
  const beat = (anonymousId: string, visit = {}) =>
    app.mutation(api.visitors.heartbeat.beat, { anonymousId, visit });
  const stay = async (anonymousId: string, engagedMs: number) => {
    vi.setSystemTime(Date.now() + 5 * MINUTE_MS);
    await beat(anonymousId, { engagedMs, isLeaving: true });
  };
  await beat("back", { referrer: "news.example.com" });
  await stay("back", MINUTE_MS);
  await app.mutation(api.visitors.end.visit, { anonymousId: "back" });
  await beat("back", { utmSource: "letter" });
  await stay("back", MINUTE_MS);
  await beat("short", { utmSource: "letter", referrer: "news.example.com" });
  await beat("unknown");
  await stay("unknown", 2 * MINUTE_MS - 1);

  const found = async (filter: Query["filter"], sort: Query["sort"]) => {
    const query = { filter, sort, order: "asc", limit: 10 } as const;
    const page = await app.query(api.operator.search.page, query);
    expect(page.scanned).toBe(3);
    return page.sessions.map(({ anonymousId }) => anonymousId).sort();
  };
  for (const sort of ["created", "active"] as const) {
    const of = (filter: Query["filter"]) => found(filter, sort);
    expect(await of({ source: "news.example.com" })).toEqual(["back"]);
    expect(await of({ source: "letter" })).toEqual(["short"]);
    expect(await of({ source: "direct" })).toEqual(["unknown"]);
    expect(await of({ minEngagedMs: 2 * MINUTE_MS })).toEqual(["back"]);
    expect(await of({ minEngagedMs: 1 })).toEqual(["back", "unknown"]);
    expect(await of({ source: "letter", minEngagedMs: 1 })).toEqual([]);
  }
});

type Query = (typeof api.operator.search.page)["_args"];

async function pages(query: Query): Promise<Seen[]> {
  const found: Seen[] = [];
  let cursor: string | null = null;
  do {
    const page: (typeof api.operator.search.page)["_returnType"] =
      await t.query(api.operator.search.page, { ...query, cursor });
    for (const { lease, inactiveSince, ...row } of page.sessions) {
      const lastActive = lease?.lastActive ?? inactiveSince ?? 0;
      found.push({ ...row, lastActive });
    }
    cursor = page.cursor;
  } while (cursor !== null);
  return found;
}

function isWanted(row: Seen, filter: Query["filter"]): boolean {
  const { activeFrom = 0, activeBefore = Infinity } = filter;
  const { createdFrom = 0, createdBefore = Infinity } = filter;
  return (
    (filter.state ?? row.state) === row.state &&
    (filter.userId === undefined || filter.userId === row.userId) &&
    row.lastActive >= activeFrom &&
    row.lastActive < activeBefore &&
    row.createdAt >= createdFrom &&
    row.createdAt < createdBefore
  );
}
