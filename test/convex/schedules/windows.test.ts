/** When windows open and close, on days when clocks change. */
import { describe, expect, test } from "vitest";
import {
  isInside,
  openingAt,
} from "../../../convex/sessionTracker/shared/fires/windows.js";
import { firesAfter } from "../../../convex/sessionTracker/schedules/fires.js";
import { DAY_MS } from "../../../convex/sessionTracker/shared/times.js";
import { CHANGES } from "../support/clockKit.js";

const windowOf = (text: string) => {
  const [opens = "", closes = ""] = text.split("-");
  return { opens, closes };
};
const at = (iso: string) => Date.parse(iso);

describe.each([
  {
    change: "Berlin goes forward, from 02:00 to 03:00",
    timeZone: "Europe/Berlin",
    before: "2026-03-28T12:00Z",
    windows: {
      "01:00-05:00": ["2026-03-29T00:00Z", "2026-03-29T03:00Z"],
      "22:00-04:00": ["2026-03-28T21:00Z", "2026-03-29T02:00Z"],
      // Its fires come an hour later.
      "02:00-03:00": ["2026-03-29T01:00Z", "2026-03-29T02:00Z"],
      "02:15-02:45": ["2026-03-29T01:15Z", "2026-03-29T01:45Z"],
      // The fire of 03:10 is the first, and that of 02:59 the last.
      "02:30-03:15": ["2026-03-29T01:00Z", "2026-03-29T02:00Z"],
      "01:00-02:30": ["2026-03-29T00:00Z", "2026-03-29T01:30Z"],
    },
  },
  {
    change: "Berlin goes back, from 03:00 to 02:00",
    timeZone: "Europe/Berlin",
    before: "2026-10-24T12:00Z",
    windows: {
      "01:00-05:00": ["2026-10-24T23:00Z", "2026-10-25T04:00Z"],
      "22:00-04:00": ["2026-10-24T20:00Z", "2026-10-25T03:00Z"],
      "01:00-02:30": ["2026-10-24T23:00Z", "2026-10-25T00:30Z"],
      "02:15-04:00": ["2026-10-25T00:15Z", "2026-10-25T03:00Z"],
    },
  },
  {
    change: "New York goes forward, from 02:00 to 03:00",
    timeZone: "America/New_York",
    before: "2026-03-07T12:00Z",
    windows: {
      "01:00-05:00": ["2026-03-08T06:00Z", "2026-03-08T09:00Z"],
      "02:00-02:30": ["2026-03-08T07:00Z", "2026-03-08T07:30Z"],
    },
  },
  {
    change: "New York goes back, from 02:00 to 01:00",
    timeZone: "America/New_York",
    before: "2026-10-31T12:00Z",
    windows: {
      "01:00-05:00": ["2026-11-01T05:00Z", "2026-11-01T10:00Z"],
      "00:30-01:30": ["2026-11-01T04:30Z", "2026-11-01T05:30Z"],
    },
  },
  {
    change: "Lord Howe goes forward, from 02:00 to 02:30",
    timeZone: "Australia/Lord_Howe",
    before: "2026-10-03T03:00Z",
    windows: {
      "01:00-05:00": ["2026-10-03T14:30Z", "2026-10-03T18:00Z"],
      "02:00-02:30": ["2026-10-03T15:30Z", "2026-10-03T16:00Z"],
    },
  },
  {
    change: "Lord Howe goes back, from 02:00 to 01:30",
    timeZone: "Australia/Lord_Howe",
    before: "2026-04-04T03:00Z",
    windows: {
      "01:00-05:00": ["2026-04-04T14:00Z", "2026-04-04T18:30Z"],
      "01:15-01:45": ["2026-04-04T14:15Z", "2026-04-04T14:45Z"],
    },
  },
])("$change", ({ timeZone, before, windows }) => {
  test.each(Object.entries(windows))(
    "%s",
    (text, [opens = "", closes = ""]) => {
      const opening = openingAt(windowOf(text), timeZone, at(before));
      expect(opening).toEqual({ opensAt: at(opens), closesAt: at(closes) });
      // It is the same opening as long as it lasts, and another from then on.
      const { opensAt, closesAt } = opening;
      for (const moment of [opensAt, closesAt - 1]) {
        expect(openingAt(windowOf(text), timeZone, moment)).toEqual(opening);
      }
      const next = openingAt(windowOf(text), timeZone, closesAt);
      expect(next.opensAt).toBeGreaterThan(closesAt);
    },
  );
});

test.each(CHANGES)(
  "each fire whose local time is in a window finds it open, %s %s",
  (timeZone, change) => {
    const around = at(change);
    for (const text of [
      "00:00-01:15",
      "01:30-03:45",
      "22:30-02:15",
      "23:00-22:45",
    ]) {
      const window = windowOf(text);
      for (let minute = 0; minute < 24 * 60; minute += 45) {
        if (!isInside(window, minute)) continue;
        const spec = `${minute % 60} ${Math.floor(minute / 60)} * * *`;
        const cron = { spec, timeZone };
        for (const fire of firesAfter(cron, around - 1.5 * DAY_MS, 3)) {
          const { opensAt } = openingAt(window, timeZone, fire.at);
          expect({ text, spec, late: Math.min(0, fire.at - opensAt) }).toEqual({
            ...{ text, spec },
            late: 0,
          });
        }
      }
    }
  },
);
