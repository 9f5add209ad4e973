/**
 * Windows: the part of each day in which a schedule's runs may work, by the clocks of the schedule's zone.
 *
 * A window's times come as fires do (see `schedules/fires`): one that the clocks skip comes later, by as much as they
 * skip, and one that comes twice counts the first time. Where the clocks skip a part of a window, it stays open for the
 * fires of that part, which come later, too. So a fire whose local time is in the window always finds it open.
 */
import type { ScheduleWindow } from "../schedules.js";
import { DAY_MS, MINUTE_MS } from "../times.js";
import { momentOf, stretchesAround, toLocal } from "./zones.js";

/** One opening of a window, in ms since the epoch. */
export interface Opening {
  opensAt: number;
  /** The first moment at which the window is closed again. */
  closesAt: number;
}

/** The opening that lasts at a moment, or else the next one. */
export function openingAt(
  window: ScheduleWindow,
  timeZone: string,
  at: number,
): Opening {
  const today = Math.floor(toLocal(timeZone, at) / DAY_MS) * DAY_MS;
  // One of yesterday may last beyond midnight, and clocks may change by a whole day.
  for (let day = today - 2 * DAY_MS; ; day += DAY_MS) {
    const opening = openingOf(window, timeZone, day);
    if (opening.closesAt > at) return opening;
  }
}

/** The minute of the day of a time such as "05:30"; `null` for any other text. */
export function minuteOf(time: string): number | null {
  const [, hour, minute] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(time) ?? [];
  if (hour === undefined || minute === undefined) return null;
  return Number(hour) * 60 + Number(minute);
}

/** How long the window is open on a day without changes of clocks, in minutes; a day where it opens as it closes. */
export function minutesOpen({ opens, closes }: ScheduleWindow): number {
  const minutes = (minuteOf(closes) ?? 0) - (minuteOf(opens) ?? 0);
  return minutes > 0 ? minutes : minutes + DAY_MINUTES;
}

/** Whether a minute of the day is in the window, changes of clocks aside. */
export function isInside(window: ScheduleWindow, minute: number): boolean {
  const since = minute - (minuteOf(window.opens) ?? 0);
  return (since + DAY_MINUTES) % DAY_MINUTES < minutesOpen(window);
}

// ── Helpers ─────────────────────────────────────────────────────────────────

const DAY_MINUTES = DAY_MS / MINUTE_MS;

/** The opening that begins on a local day. */
function openingOf(
  window: ScheduleWindow,
  timeZone: string,
  day: number,
): Opening {
  const stretches = stretchesAround(timeZone, day);
  const opens = day + (minuteOf(window.opens) ?? 0) * MINUTE_MS;
  const closes = opens + minutesOpen(window) * MINUTE_MS;
  let opensAt = momentOf(stretches, opens);
  let closesAt = momentOf(stretches, closes);
  for (const [i, { from, offsetMs }] of stretches.entries()) {
    const before = stretches[i - 1];
    if (before === undefined || before.offsetMs >= offsetMs) continue;
    // The clocks skip from `skipped` up to `resumed`, both local times.
    const skipped = from + before.offsetMs;
    const resumed = from + offsetMs;
    if (opens >= skipped && opens < resumed && resumed < closes) opensAt = from;
    if (opens < resumed && closes > skipped) {
      const shifted = from + Math.min(closes, resumed) - skipped;
      closesAt = Math.max(closesAt, shifted);
    }
  }
  return { opensAt, closesAt };
}
