import {
  HORIZON_DAYS,
  isNamed,
  readFields,
} from "../../convex/sessionTracker/schedules/fires.js";
import { DAY_MS, MINUTE_MS } from "../../convex/sessionTracker/shared/times.js";

/**
 * The longest time between two fires of a valid spec, from its fields: to walk from fire to fire would
 * take seconds. Changes of clocks are ignored.
 * @returns ms, or `null` where it fires too rarely to tell: not twice within sixteen years
 */
export function longestGapMs(spec: string, now: number): number | null {
  const fields = readFields(spec);
  const times = fields.hours.flatMap((hour) =>
    fields.minutes.map((minute) => hour * 60 + minute),
  );
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
