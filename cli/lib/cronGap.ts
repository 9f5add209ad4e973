import parser from "cron-parser";
import { DAY_MS, MINUTE_MS } from "../../convex/sessionTracker/shared.js";

/** Every month, every leap day and every weekday on a date come round within. */
const HORIZON_DAYS = 4 * 366;

/**
 * The longest time between two fires of a valid spec, from its fields: to walk from fire to fire
 * would take seconds. Clocks that change count as if they did not.
 */
export function longestGapMs(spec: string, now: number): number {
  const fields = parser.parseExpression(spec, { utc: true }).fields;
  const times = fields.hour
    .flatMap((hour) => fields.minute.map((minute) => hour * 60 + minute))
    .sort((a, b) => a - b);
  const [first = 0] = times;
  const last = times.at(-1) ?? first;
  let longest = Math.max(
    0,
    ...times.slice(1).map((at, i) => at - (times[i] ?? at)),
  );
  let lastDay: number | null = null;
  const today = Math.floor(now / DAY_MS);
  for (let day = today; day < today + HORIZON_DAYS; day += 1) {
    if (!firesOn(fields, new Date(day * DAY_MS))) continue;
    if (lastDay !== null) {
      longest = Math.max(longest, (day - lastDay) * 24 * 60 + first - last);
    }
    lastDay = day;
  }
  return longest * MINUTE_MS;
}

type Fields = ReturnType<typeof parser.parseExpression>["fields"];

/** Where both the date and the weekday are restricted, either is enough: so cron has it. */
function firesOn({ month, dayOfMonth, dayOfWeek }: Fields, day: Date): boolean {
  if (!includes(month, day.getUTCMonth() + 1)) return false;
  const isLast = new Date(day.getTime() + DAY_MS).getUTCDate() === 1;
  const isDate =
    includes(dayOfMonth, day.getUTCDate()) ||
    (isLast && (dayOfMonth as readonly unknown[]).includes("L"));
  const weekday = day.getUTCDay();
  const isWeekday =
    includes(dayOfWeek, weekday) || (weekday === 0 && includes(dayOfWeek, 7));
  if (dayOfMonth.length === 31) return isWeekday;
  if (dayOfWeek.length === 8) return isDate;
  return isDate || isWeekday;
}

function includes(values: readonly unknown[], value: number): boolean {
  return values.includes(value);
}
