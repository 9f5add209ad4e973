/**
 * A year of the real dispatcher, on the clocks of three zones, with window and jitter: each due day has its run, none
 * twice. `schedules/year` has more kinds of schedules, without a deployment.
 */
import { expect, test, vi } from "vitest";
import { openingAt } from "../../../convex/sessionTracker/shared/fires/windows.js";
import { advance } from "../support/clock.js";
import { checkWatchdog, setUpWithRefill } from "../support/fireKit.js";
import { api, DAY_MS, fakeClock, MINUTE_MS } from "../support/fresh.js";
import { dayAt, daysOf } from "../schedules/yearKit.js";

fakeClock();

const BEGIN = Date.parse("2026-01-01T12:10Z");
const END = BEGIN + 365 * DAY_MS;
const window = { opens: "01:00", closes: "05:00" };

test.each(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])(
  "a year in %s",
  async (timeZone) => {
    vi.setSystemTime(BEGIN);
    const t = await setUpWithRefill();
    await t.mutation(api.schedules.change.set, {
      ...{ name: "purge", spec: "30 2 * * *", timeZone, actor: "test" },
      ...{ window, jitterMs: 45 * MINUTE_MS },
    });
    // The ledger keeps runs for 90 days.
    const starts = new Set<number>();
    while (Date.now() < END) {
      // The watchdog looks shortly before each fire, and in the midst of its jitter.
      const opening = openingAt(window, timeZone, Date.now());
      await advance(t, opening.opensAt + 75 * MINUTE_MS - Date.now());
      await checkWatchdog(t);
      await advance(t, 30 * MINUTE_MS);
      await checkWatchdog(t);
      await advance(t, opening.closesAt - Date.now());
      const newest = { kind: "purge" as const, limit: 3 };
      for (const run of await t.query(api.runs.ledger.list, newest)) {
        starts.add(run.startedAt);
      }
    }
    const runs = [...starts].sort((a, b) => a - b);
    const days = runs.map((at) => dayAt(timeZone, at));
    const [first = "", last = ""] = [days[0], days.at(-1)];
    expect(days).toEqual(
      daysOf(timeZone, BEGIN, END + DAY_MS).filter(
        (day) => day >= first && day <= last,
      ),
    );
    expect(days.length).toBeGreaterThanOrEqual(364);
    for (const at of runs) {
      expect(openingAt(window, timeZone, at).opensAt).toBeLessThanOrEqual(at);
    }
    const { fires } = await t.query(api.schedules.history.page, {
      ...{ name: "purge", limit: 200 },
    });
    expect(new Set(fires.map(({ outcome }) => outcome))).toEqual(
      new Set(["started"]),
    );
  },
  600_000,
);
