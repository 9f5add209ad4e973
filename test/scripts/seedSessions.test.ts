import { getConvexSize, type Value } from "convex/values";
import { expect, test } from "vitest";
import { parseLine } from "../../cli/transfer/import/parseRow.js";
import { seedSessions } from "../../scripts/seedSessions.js";
import { DAY_MS } from "../../convex/sessionTracker/shared/times.js";

const NOW = Date.UTC(2026, 0, 1);

test("the same options give the same sessions, another seed gives different ones", () => {
  const make = (seed: number) =>
    Array.from(seedSessions({ sessions: 50, days: 3, now: NOW, seed }));
  expect(make(1)).toEqual(make(1));
  const ids = [...make(1), ...make(2)].map(({ anonymousId }) => anonymousId);
  expect(new Set(ids).size).toBe(100);
});

test("the last activity is spread evenly over the days", () => {
  const ages = Array.from(
    seedSessions({ sessions: 600, days: 60, now: NOW }),
    ({ lastActive }) => (NOW - lastActive) / DAY_MS,
  );
  for (let day = 0; day < 60; day += 1) {
    const thatDay = ages.filter((age) => age >= day && age < day + 1);
    expect(thatDay, `day ${day}`).toHaveLength(10);
  }
});

test("every session has its actions between its start and last activity, and can be imported", () => {
  const options = { sessions: 20, days: 1, now: NOW };
  const seeded = seedSessions({
    ...options,
    actionsPerSession: 3,
    metadataBytes: 200,
  });
  for (const row of seeded) {
    expect(parseLine(JSON.stringify(row), { now: NOW })).toEqual({
      ok: true,
      row,
    });
    expect(row.actions).toHaveLength(3);
    for (const { at, metadata } of row.actions ?? []) {
      expect(at).toBeGreaterThanOrEqual(row.createdAt);
      expect(at).toBeLessThanOrEqual(row.lastActive);
      expect(getConvexSize(metadata as Value)).toBe(200);
    }
  }
});
