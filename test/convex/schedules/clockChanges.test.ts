/**
 * Clock changes of time zones against specs, earlier ticks and stops: each due time has one run, or all
 * that were missed have one together. `scale/clockChanges` has the combinations that are left out here.
 */
import parser from "cron-parser";
import { describe, expect, test } from "vitest";
import {
  cronsFireAfter,
  fireAfter,
  firesAfter,
  isOmittedByCrons,
} from "../../../convex/sessionTracker/schedules/fires.js";
import {
  CHANGES,
  dueBetween,
  dueByClocks,
  expectOneRunEach,
  KINDS,
  MIDNIGHT,
  STOPS,
  weekdayOf,
} from "../support/clockKit.js";
import {
  DAY_MS,
  HOUR_MS,
} from "../../../convex/sessionTracker/shared/times.js";
import { fakeClock } from "../support/fresh.js";

describe("fires of every kind of spec are those of a walk over the clocks", () => {
  test.each(CHANGES)("%s, %s", (timeZone, change) => {
    const at = Date.parse(change);
    for (const { kind, spec, aroundMs } of [...KINDS, ...MIDNIGHT]) {
      const cron = { spec: spec(weekdayOf(timeZone, at)), timeZone };
      const [from, to] = [at - aroundMs, at + aroundMs];
      const due = dueBetween(cron, from, to);
      expect({ kind, due }).toEqual({ kind, due: dueByClocks(cron, from, to) });
      expect(due.length).toBeGreaterThan(0);
    }
  });

  test("fires in a zone without clock changes are those of the parser of crons", () => {
    const from = Date.UTC(2027, 11, 30, 23, 59);
    for (const [minute, hour, date, month, weekday] of specs()) {
      const spec = [minute, hour, date, month, weekday].join(" ");
      // A spec for the 31st of one month without as many days is refused.
      if (date === "31" && month === "2") continue;
      const fires = firesAfter({ spec, timeZone: "UTC" }, from, 5);
      expect({ spec, at: fires.map(({ at }) => at) }).toEqual({
        spec,
        at: byParser(spec, from, 5),
      });
    }
  });
});

describe("what crons leaves out is what its parser does not come to", () => {
  test.each(CHANGES)("%s, %s", (timeZone, change) => {
    const at = Date.parse(change);
    for (const { spec } of [...KINDS, ...MIDNIGHT]) {
      const cron = { spec: spec(weekdayOf(timeZone, at)), timeZone };
      for (
        let from = at - 2 * DAY_MS;
        from < at + 2 * DAY_MS;
        from += 11 * HOUR_MS
      ) {
        const fire = fireAfter(cron, from);
        if (fire === null) continue;
        const isOmitted = cronsFireAfter(cron, from) !== fire;
        const told = isOmittedByCrons(cron, from, fire);
        expect({ ...cron, from, told }).toEqual({
          ...cron,
          from,
          told: isOmitted,
        });
      }
    }
  });

  test("all fires, where its parser finds none", () => {
    const cron = { spec: "0 0 1 * L", timeZone: "UTC" };
    const from = Date.UTC(2026, 2, 1, 12);
    const fire = fireAfter(cron, from) ?? NaN;
    expect(cronsFireAfter(cron, from)).toBeNull();
    expect(isOmittedByCrons(cron, from, fire)).toBe(true);
  });
});

describe("each due time has one run", () => {
  fakeClock();

  const cases = CHANGES.flatMap(([timeZone, change], zone) =>
    KINDS.map((kind, i) => ({
      ...kind,
      timeZone,
      change,
      // Over all zones each kind meets each stop, with and without ticks before it.
      stopMs: STOPS[(zone + i) % STOPS.length] ?? 0,
      withTicks: (zone >> 2) % 2 === i % 2,
    })),
  );

  test.each(cases)(
    "$kind, $timeZone $change, stop $stopMs ms, ticks before: $withTicks",
    expectOneRunEach,
  );
});

// ── What the parser says ────────────────────────────────────────────────────

/** Fields of each kind that the parser knows, in all their combinations. */
function specs(): string[][] {
  const fields = [
    ["0", "5,50"],
    ["*", "9-17/4"],
    ["*", "13", "L", "1-30", "31"],
    ["*", "2", "1-6/2"],
    ["*", "1", "5L", "1#2", "0-6", "mon-fri", "7"],
  ];
  return fields.reduce<string[][]>(
    (all, values) =>
      all.flatMap((head) => values.map((value) => [...head, value])),
    [[]],
  );
}

function byParser(spec: string, from: number, count: number): number[] {
  const cron = parser.parseExpression(spec, {
    currentDate: new Date(from),
    utc: true,
  });
  return Array.from({ length: count }, () => cron.next().getTime());
}
