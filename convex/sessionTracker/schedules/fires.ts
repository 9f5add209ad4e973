/**
 * When a schedule is due. The fields are read by the parser that `@convex-dev/crons` uses, and what
 * they come to is reckoned here, as that parser leaves out days whose midnight the clocks skip:
 *
 * - A local time is due once on each day that the spec names. One that the clocks skip is due as
 *   much later as they skip; one that comes twice is due the first time.
 * - With every hour (`*`) it is due whenever the clocks show such a minute, however they are set.
 */
import parser from "cron-parser";
import { DAY_MS, MINUTE_MS } from "../shared/times.js";
import {
  momentInGap,
  momentsOf,
  stretchesAround,
  toLocal,
  type Stretch,
} from "./zones.js";

export interface CronSpec {
  /** Five fields, or six with the second first. */
  spec: string;
  /** The time zone's IANA name. */
  timeZone: string;
}

export interface Fire {
  at: number;
  /** The local time that the fire stands for, as the moment it would be in UTC. */
  local: number;
  /** Whether the clocks skip the local time, or show it twice. */
  change?: "skipped" | "repeated";
}

/** The longest time between two fires of a valid spec; a leap day comes within. */
export const HORIZON_DAYS = 8 * 366;

/** The first fires after `from`; fewer where the next one is more than eight years away. */
export function firesAfter(
  { spec, timeZone }: CronSpec,
  from: number,
  count: number,
): Fire[] {
  const fields = readFields(spec);
  const fires: Fire[] = [];
  let after = from;
  // A change of a whole day can bring the day before yesterday's time to now.
  let day = startOfDay(toLocal(timeZone, from)) - 2 * DAY_MS;
  let end = day + HORIZON_DAYS * DAY_MS;
  for (; day < end; day += DAY_MS) {
    const date = new Date(day);
    if (!fields.months.has(date.getUTCMonth() + 1)) {
      day = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0);
      continue;
    }
    if (!isNamed(fields, date)) continue;
    for (const fire of firesOfDay(fields, timeZone, day)) {
      // Where a time that is left out meets one that is not, both are one fire.
      if (fire.at <= after) continue;
      fires.push(fire);
      after = fire.at;
      end = day + HORIZON_DAYS * DAY_MS;
      if (fires.length === count) return fires;
    }
  }
  return fires;
}

/** The first fire after `from`, or `null` where it is more than eight years away. */
export function fireAfter(cron: CronSpec, from: number): number | null {
  return firesAfter(cron, from, 1)[0]?.at ?? null;
}

/** The next fire as crons reckons it, or `null` where its parser gives up. */
export function cronsFireAfter(
  { spec, timeZone }: CronSpec,
  from: number,
): number | null {
  try {
    return parser
      .parseExpression(spec, { currentDate: new Date(from), tz: timeZone })
      .next()
      .getTime();
  } catch {
    return null;
  }
}

export interface Fields {
  seconds: readonly number[];
  minutes: readonly number[];
  hours: readonly number[];
  daysOfMonth: ReadonlySet<unknown>;
  months: ReadonlySet<unknown>;
  weekdays: ReadonlySet<unknown>;
  /** The `2` of `1#2`, else 0. */
  nthWeekday: number;
}

/** @throws whatever the parser says of a spec it cannot read */
export function readFields(spec: string): Fields {
  // The parser says which weekday of the month it is in the options it was given.
  const options = { nthDayOfWeek: 0, utc: true };
  const { fields } = parser.parseExpression(spec, options);
  return {
    seconds: distinct(fields.second),
    minutes: distinct(fields.minute),
    hours: distinct(fields.hour),
    daysOfMonth: new Set<unknown>(fields.dayOfMonth),
    months: new Set<unknown>(fields.month),
    weekdays: new Set<unknown>(fields.dayOfWeek),
    nthWeekday: options.nthDayOfWeek,
  };
}

/**
 * Whether a spec names a day, written as its midnight in UTC. Where both the date and the weekday
 * are restricted, either is enough: so cron has it.
 */
export function isNamed(fields: Fields, day: Date): boolean {
  const { daysOfMonth, months, weekdays, nthWeekday } = fields;
  const month = day.getUTCMonth();
  if (!months.has(month + 1)) return false;
  const date = day.getUTCDate();
  if (nthWeekday > 0 && Math.ceil(date / 7) !== nthWeekday) return false;
  const anyDate = daysOfMonth.size >= (LONGEST[month] ?? 31);
  const anyWeekday = weekdays.size === 8;
  const isDate =
    daysOfMonth.has(date) ||
    (hasLast(daysOfMonth) && isLastOfMonth(day, DAY_MS));
  const isWeekday =
    weekdays.has(day.getUTCDay()) ||
    (weekdays.has(`${day.getUTCDay()}L`) && isLastOfMonth(day, 7 * DAY_MS)) ||
    (weekdays.has("7L") &&
      day.getUTCDay() === 0 &&
      isLastOfMonth(day, 7 * DAY_MS));
  if (anyWeekday) return isDate;
  return anyDate ? isWeekday : isDate || isWeekday;
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/** Days of each month, of February in a leap year. */
const LONGEST = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function* firesOfDay(
  { hours, minutes, seconds }: Fields,
  timeZone: string,
  day: number,
): Generator<Fire> {
  const stretches = stretchesAround(timeZone, day);
  const everyHour = hours.length === 24;
  const [second = 0] = seconds;
  const fires: Fire[] = [];
  for (const hour of hours) {
    for (const minute of minutes) {
      const time = (hour * 60 + minute) * MINUTE_MS + second * 1_000;
      fires.push(...firesAt(stretches, day + time, everyHour));
    }
  }
  // Out of order only where clocks change.
  yield* stretches.length === 1 ? fires : fires.sort((a, b) => a.at - b.at);
}

function firesAt(
  stretches: Stretch[],
  local: number,
  everyHour: boolean,
): Fire[] {
  const moments = momentsOf(stretches, local);
  if (everyHour) return moments.map((at) => ({ at, local }));
  const [at, again] = moments;
  if (at === undefined) {
    return [
      { at: momentInGap(stretches, local), local, change: "skipped" as const },
    ];
  }
  return again === undefined
    ? [{ at, local }]
    : [{ at, local, change: "repeated" as const }];
}

function startOfDay(local: number): number {
  return Math.floor(local / DAY_MS) * DAY_MS;
}

function distinct(values: readonly number[]): number[] {
  return [...new Set(values)].sort((a, b) => a - b);
}

function hasLast(values: ReadonlySet<unknown>): boolean {
  return [...values].some(
    (value) => typeof value === "string" && value.includes("L"),
  );
}

function isLastOfMonth(day: Date, withinMs: number): boolean {
  return new Date(day.getTime() + withinMs).getUTCMonth() !== day.getUTCMonth();
}
