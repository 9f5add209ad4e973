import {
  type Fields,
  HORIZON_DAYS,
  isNamed,
  readFields,
} from "../../convex/sessionTracker/schedules/fires.js";
import { isInside } from "../../convex/sessionTracker/shared/fires/windows.js";
import type { Schedule } from "../../convex/sessionTracker/shared/schedules.js";
import { DAY_MS, MINUTE_MS } from "../../convex/sessionTracker/shared/times.js";

/**
 * The longest time between two fires of a schedule that start runs, from its spec's fields: to walk from fire to fire
 * would take seconds. Those outside of its window do not count. Changes of clocks are ignored, and so is jitter.
 * @returns ms, or `null` where it fires too rarely to tell: not twice within sixteen years
 */
export function longestGapMs(
  { spec, window }: Pick<Schedule, "spec" | "window">,
  now: number,
): number | null {
  const fields = readFields(spec);
  const times = timesOf(fields).filter(isIn(window));
  const [first = 0] = times;
  const last = times.at(-1) ?? first;
  let longest = Math.max(
    0,
    ...times.slice(1).map((at, i) => at - (times[i] ?? at)),
  );
  let lastDay: number | null = null;
  let gaps = 0;
  const today = Math.floor(now / DAY_MS);
  for (let day = today; day < today + 2 * HORIZON_DAYS; day += 1) {
    if (!isNamed(fields, new Date(day * DAY_MS))) continue;
    if (lastDay !== null) {
      longest = Math.max(longest, (day - lastDay) * 24 * 60 + first - last);
      gaps += 1;
    }
    lastDay = day;
  }
  return gaps === 0 ? null : longest * MINUTE_MS;
}

/** Of the fires of a day, changes of clocks aside, how many are outside of the window and start nothing. */
export function firesOutside({
  spec,
  window,
}: Pick<Schedule, "spec" | "window">): { outside: number; all: number } {
  const times = timesOf(readFields(spec));
  const inside = times.filter(isIn(window));
  return { outside: times.length - inside.length, all: times.length };
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/** The minutes of the day at which a spec fires. */
function timesOf({ hours, minutes }: Fields): number[] {
  return hours.flatMap((hour) => minutes.map((minute) => hour * 60 + minute));
}

function isIn(window: Schedule["window"]) {
  return (minute: number) => window === undefined || isInside(window, minute);
}
