import { expect, test, vi } from "vitest";
import { api, DAY_MS, freshComponent, t } from "../support/fresh.js";
import { seedExpired, visitors } from "../support/runKit.js";

const TODAY = Date.UTC(2026, 2, 1);

freshComponent(TODAY);

async function visitAt(at: number, anonymousId: string) {
  vi.setSystemTime(at);
  await t.mutation(api.visitors.heartbeat.beat, { anonymousId });
}

const createdOn = (from: number, limit?: number) =>
  t.query(api.operator.overview.createdBetween, {
    from,
    before: from + DAY_MS,
    ...(limit === undefined ? {} : { limit }),
  });

test("a session is counted on the UTC day it was created", async () => {
  await visitAt(TODAY - 1, "a");
  await visitAt(TODAY, "b");
  await visitAt(TODAY + DAY_MS - 1, "c");
  await visitAt(TODAY + DAY_MS, "d");
  // A visit on a later day is not a creation.
  await visitAt(TODAY + DAY_MS, "a");

  expect(await createdOn(TODAY - DAY_MS)).toEqual({
    count: 1,
    isCapped: false,
  });
  expect(await createdOn(TODAY)).toEqual({ count: 2, isCapped: false });
});

test("a count that stops at its limit says so", async () => {
  for (const id of ["a", "b", "c"]) await visitAt(TODAY, id);
  expect(await createdOn(TODAY, 3)).toEqual({ count: 3, isCapped: false });
  expect(await createdOn(TODAY, 2)).toEqual({ count: 2, isCapped: true });
  await expect(createdOn(TODAY, 4_001)).rejects.toThrow(/limit/);
});

test("inactive sessions are counted by last activity, active sessions are not", async () => {
  await seedExpired(t, [
    ...visitors(3, TODAY - 2 * DAY_MS, "older"),
    ...visitors(2, TODAY - DAY_MS, "newer"),
  ]);
  await visitAt(TODAY, "active");
  const inactiveBetween = (from: number, before: number, limit = 100) =>
    t.query(api.operator.overview.inactiveBetween, { from, before, limit });

  expect(await inactiveBetween(-Infinity, TODAY - DAY_MS)).toEqual({
    count: 3,
    isCapped: false,
  });
  expect(await inactiveBetween(TODAY - DAY_MS, Infinity)).toEqual({
    count: 2,
    isCapped: false,
  });
  expect(await inactiveBetween(0, Infinity, 4)).toEqual({
    count: 4,
    isCapped: true,
  });
  await expect(inactiveBetween(0, TODAY, 4_001)).rejects.toThrow(/limit/);
});

test("newestActions returns the actions of all visitors, the last recorded first", async () => {
  const sessions: string[] = [];
  for (const [n, anonymousId] of ["a", "b", "a"].entries()) {
    vi.setSystemTime(TODAY + n);
    const acted = await t.mutation(api.visitors.action.record, {
      anonymousId,
      action: `act-${n}`,
      metadata: { n },
    });
    if (acted.ok) sessions.push(acted.sessionId);
  }

  const newest = await t.query(api.operator.overview.newestActions, {
    limit: 2,
  });
  expect(newest).toMatchObject([
    {
      at: TODAY + 2,
      action: "act-2",
      metadata: { n: 2 },
      sessionId: sessions[2],
    },
    { at: TODAY + 1, action: "act-1", sessionId: sessions[1] },
  ]);
  expect(newest).toHaveLength(2);
});
