/**
 * The fires of a cron spec. The spec's fields are read by the parser that `@convex-dev/crons` uses, cron-parser.
 * The times are reckoned here, because that parser leaves out days whose midnight the clocks skip:
 *
 * - A local time is due once on each day that the spec names. A local time that the clocks skip is due later, by
 *   as much as they skip; a local time that comes twice is due the first time.
 * - A spec with every hour (`*`) is due whenever the clocks show one of its minutes, however they are set.
 */
import parser from "cron-parser";
import {
  momentInGap,
  momentsOf,
  stretchesAround,
  toLocal,
  type Stretch,
} from "../shared/fires/zones.js";
import { DAY_MS, MINUTE_MS } from "../shared/times.js";

export interface CronSpec {
  /** Five fields, or six with the second first, as `tidySpec` makes them. */
  spec: string;
  /** The time zone's IANA name. */
  timeZone: string;
}

export interface Fire {
  /** When the spec fires, in ms since the epoch. */
  at: number;
  /** The local time that the fire stands for, as the moment it would be in UTC. */
  local: number;
  /** What the clocks do with the local time, if they change: skip it, or show it twice. */
  change?: "skipped" | "repeated";
}

/** The most days between two fires of a valid spec: a leap day comes at least every eight years. */
export const HORIZON_DAYS = 8 * 366;

/**
 * The fires after `from`, a time in ms since the epoch, in order; it ends where the next fire is more than eight years
 * away.
 */
export function* walkFires(
  { spec, timeZone }: CronSpec,
  from: number,
): Generator<Fire> {
  const fields = readFields(spec);
  let after = from;
  // Where the clocks change by a whole day, a local time of the day before yesterday may be due now.
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
      // A skipped local time may be due at the same moment as another local time: both are one fire.
      if (fire.at <= after) continue;
      yield fire;
      after = fire.at;
      end = day + HORIZON_DAYS * DAY_MS;
    }
  }
}

/** The first `count` fires after `from`; fewer where the next fire is more than eight years away. */
export function firesAfter(
  cron: CronSpec,
  from: number,
  count: number,
): Fire[] {
  const fires: Fire[] = [];
  for (const fire of walkFires(cron, from)) {
    fires.push(fire);
    if (fires.length === count) break;
  }
  return fires;
}

/** The time of the first fire after `from`; `null` where that fire is more than eight years away. */
export function fireAfter(cron: CronSpec, from: number): number | null {
  return firesAfter(cron, from, 1)[0]?.at ?? null;
}

/**
 * The time of the next fire after `from` as crons reckons it; `null` where its parser gives up on the spec.
 */
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

/**
 * Whether crons leaves a fire out, which is the first one after `from`. Where the clocks do not change, crons fires at
 * the same times as this module, and need not be asked, which takes longer than all else of a tick; but for specs of
 * which its parser finds no time at all.
 */
export function isOmittedByCrons(
  cron: CronSpec,
  from: number,
  fire: number,
): boolean {
  const day = startOfDay(toLocal(cron.timeZone, fire));
  const isPlain =
    fire - from < DAY_MS &&
    stretchesAround(cron.timeZone, day).length === 1 &&
    isReadByCrons(cron.spec);
  return !isPlain && cronsFireAfter(cron, from) !== fire;
}

/** The fields of a spec, as the parser reads them. */
export interface Fields {
  seconds: readonly number[];
  minutes: readonly number[];
  hours: readonly number[];
  daysOfMonth: ReadonlySet<unknown>;
  months: ReadonlySet<unknown>;
  weekdays: ReadonlySet<unknown>;
  /** The `2` of a weekday such as `1#2`, the second Monday of a month; 0 in any other spec. */
  nthWeekday: number;
}

/** @throws the parser's own error for a spec that the parser cannot read */
export function readFields(spec: string): Fields {
  const known = fieldsKnown.get(spec);
  if (known !== undefined) return known;
  // A deployment has two specs; a preview asks for others.
  if (fieldsKnown.size >= MAX_SPECS_KNOWN) fieldsKnown.clear();
  const fields = parseFields(spec);
  fieldsKnown.set(spec, fields);
  return fields;
}

/**
 * Whether a spec names a day. Where the spec restricts both the date and the weekday, a day that has either is
 * named, which is the rule of cron.
 * @param day the local day, as its midnight would be in UTC
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

/** Whether the parser of crons finds times of a spec, where clocks never change. */
function isReadByCrons(spec: string): boolean {
  const known = readByCrons.get(spec);
  if (known !== undefined) return known;
  if (readByCrons.size >= MAX_SPECS_KNOWN) readByCrons.clear();
  const isRead = cronsFireAfter({ spec, timeZone: "UTC" }, 0) !== null;
  readByCrons.set(spec, isRead);
  return isRead;
}

const readByCrons = new Map<string, boolean>();

/** The parser takes longer to read a spec than all else that a tick reckons. */
const fieldsKnown = new Map<string, Fields>();
const MAX_SPECS_KNOWN = 16;

function parseFields(spec: string): Fields {
  // The parser writes the `2` of `1#2` into the options that it was given.
  // Of the current date, luxon would make a format each time, which takes five times as long as the rest.
  const options = { nthDayOfWeek: 0, utc: true, currentDate: new Date(0) };
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

/** The most days that each month has: February's are those of a leap year. */
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
  // The fires are out of order only where the clocks change.
  yield* stretches.length === 1 ? fires : fires.sort((a, b) => a.at - b.at);
}

function firesAt(
  stretches: readonly Stretch[],
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
