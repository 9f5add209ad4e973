/**
 * The grammar of static crons, as Convex reads them: five fields apart by blanks, in UTC. It is not
 * the one of cron-parser, with which components read schedules of their own.
 *
 * - minutes, hours, months: `*`, or a list of values, ranges (`a-b`) and steps (`a/n`, `a-b/n`, with `*`
 *   for the smallest `a`). Months may be named, and a range may wrap (`22-2`).
 * - days of the month: besides, alone, `L`, `L-n`, `LW`, `L-nW` (the last day, n before it, the
 *   weekday closest to it) and `nW` (the weekday closest to the nth).
 * - days of the week: 0 (Sunday) to 6, or named; besides, alone, `L` (Saturday), `dL` (the last d of
 *   the month) and `d#n` (its nth).
 *
 * Where both kinds of days are something else than `*`, a day of either will do.
 */
export interface CronExpression {
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  /** 0 for January. */
  readonly months: ReadonlySet<number>;
  /** Null for `*`. */
  readonly monthDays: DayRule | null;
  /** Null for `*`. */
  readonly weekdays: DayRule | null;
}

/** Days of a month, 1 and up, in any order. */
type DayRule = (month: Month) => readonly number[];

interface Month {
  readonly days: number;
  /** 0 for Sunday. */
  weekdayOf(day: number): number;
}

/** @returns undefined for text that the grammar does not have. */
export function parseCronExpression(text: string): CronExpression | undefined {
  const fields = text.split(/[ \t]+/);
  if (fields.length !== 5) return undefined;
  const [minuteText, hourText, dayText, monthText, weekdayText] = fields as [
    ...[string, string, string, string, string],
  ];
  const minutes = parseList(minuteText, MINUTES);
  const hours = parseList(hourText, HOURS);
  const months = parseList(monthText, MONTHS);
  const monthDays = dayText === "*" ? null : parseMonthDays(dayText);
  const weekdays = weekdayText === "*" ? null : parseWeekdays(weekdayText);
  return minutes === undefined ||
    hours === undefined ||
    months === undefined ||
    monthDays === undefined ||
    weekdays === undefined
    ? undefined
    : {
        minutes: [...minutes].sort((a, b) => a - b),
        hours: [...hours].sort((a, b) => a - b),
        months,
        monthDays,
        weekdays,
      };
}

/** Beyond the longest wait of any expression: the fifth Monday of a February around 2100. */
const MAX_MONTHS = 100 * 12;

/**
 * The first minute after `afterMs` that the expression names.
 * @returns undefined when there is none, as for the 31st of February.
 */
export function nextMatchMs(
  cron: CronExpression,
  afterMs: number,
): number | undefined {
  const start = new Date((Math.floor(afterMs / 60_000) + 1) * 60_000);
  const startOfDay = Date.UTC(
    start.getUTCFullYear(),
    start.getUTCMonth(),
    start.getUTCDate(),
  );
  for (let i = 0; i < MAX_MONTHS; i++) {
    const first = new Date(
      Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + i),
    );
    if (!cron.months.has(first.getUTCMonth())) continue;
    for (const day of daysOf(cron, first)) {
      const dayMs = first.getTime() + (day - 1) * DAY_MS;
      if (dayMs < startOfDay) continue;
      const minute = firstMinute(cron, start.getTime() - dayMs);
      if (minute !== undefined) return dayMs + minute * 60_000;
    }
  }
  return undefined;
}

const DAY_MS = 86_400_000;

/** The first minute of a day that is at `sinceMidnightMs` or later. */
function firstMinute(
  { hours, minutes }: CronExpression,
  sinceMidnightMs: number,
): number | undefined {
  for (const hour of hours) {
    for (const minute of minutes) {
      const ofDay = hour * 60 + minute;
      if (ofDay * 60_000 >= sinceMidnightMs) return ofDay;
    }
  }
  return undefined;
}

function daysOf({ monthDays, weekdays }: CronExpression, first: Date) {
  const days = new Date(
    Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0),
  ).getUTCDate();
  const firstWeekday = first.getUTCDay();
  const month: Month = {
    days,
    weekdayOf: (day) => (firstWeekday + day - 1) % 7,
  };
  if (monthDays === null && weekdays === null) return everyDay(month);
  const matching = new Set([
    ...(monthDays?.(month) ?? []),
    ...(weekdays?.(month) ?? []),
  ]);
  return [...matching].sort((a, b) => a - b);
}

function everyDay({ days }: Month): number[] {
  return Array.from({ length: days }, (_, i) => i + 1);
}

/** Values of a field; inside of this file they count from 0, whatever the text counts from. */
interface Field {
  readonly first: 0 | 1;
  readonly count: number;
  readonly maxStep: number;
  /** The values that a step goes through which wraps: up to `top`, and then on from `bottom`. */
  readonly wrap: { readonly top: number; readonly bottom: number };
  readonly names: readonly string[];
}

function field(first: 0 | 1, count: number, names = ""): Field {
  return {
    first,
    count,
    maxStep: count - 1,
    // Convex counts days and months from 1 here, although their values count from 0.
    wrap:
      names !== "" || first === 1
        ? { top: count, bottom: 1 }
        : { top: count - 1, bottom: 0 },
    names: names.split(" "),
  };
}

const MINUTES = field(0, 60);
const HOURS = field(0, 24);
const MONTH_DAYS = field(1, 31);
const MONTHS = field(1, 12, "jan feb mar apr may jun jul aug sep oct nov dec");
const WEEKDAYS = field(0, 7, "sun mon tue wed thu fri sat");

const ITEM = /^(\*|\d+|[a-z]{3})(?:\/(\d+)|-(\d+|[a-z]{3})(?:\/(\d+))?)?$/i;

function parseList(text: string, of: Field): Set<number> | undefined {
  if (text === "*") return new Set(range(0, of.count - 1));
  const values = new Set<number>();
  for (const [i, item] of text.split(",").entries()) {
    // Further on `*` is the smallest value; the first item has it with a step only.
    if (i === 0 && item.startsWith("*") && !item.startsWith("*/"))
      return undefined;
    const found = parseItem(item, of);
    if (found === undefined) return undefined;
    for (const value of found) if (value < of.count) values.add(value);
  }
  return values;
}

function parseItem(item: string, of: Field): number[] | undefined {
  const [, startText, openStep, endText, closedStep] = ITEM.exec(item) ?? [];
  if (startText === undefined) return undefined;
  const start = startText === "*" ? 0 : parseValue(startText, of);
  const stepText = openStep ?? closedStep;
  const step = stepText === undefined ? 1 : Number(stepText);
  const end =
    endText !== undefined
      ? parseValue(endText, of)
      : openStep !== undefined
        ? of.count - 1
        : start;
  if (start === undefined || end === undefined) return undefined;
  if (step < 1 || step > of.maxStep) return undefined;
  if (start <= end) return range(start, end, step);
  // A range that wraps takes the value before its start as well: `22-2` begins at 21 on Convex, too.
  if (step === 1) return [...range(start - 1, of.count - 1), ...range(0, end)];
  const { top, bottom } = of.wrap;
  return [...range(start, top), ...range(bottom, end)].filter(
    (_, i) => i % step === 0,
  );
}

function parseValue(text: string, of: Field): number | undefined {
  const value = /^\d+$/.test(text)
    ? Number(text) - of.first
    : of.names.indexOf(text.toLowerCase());
  return value >= 0 && value < of.count ? value : undefined;
}

function parseMonthDays(text: string): DayRule | undefined {
  const [, offsetText, isWeekday] = /^L(?:-(\d+))?(W?)$/.exec(text) ?? [];
  if (isWeekday !== undefined) {
    const offset = Number(offsetText ?? 0);
    if (offsetText !== undefined && (offset < 1 || offset > 30))
      return undefined;
    return (month) => oneDay(month, month.days - offset, isWeekday === "W");
  }
  const closest = /^(\d+)W$/.exec(text)?.[1];
  if (closest !== undefined) {
    const day = parseValue(closest, MONTH_DAYS);
    return day === undefined
      ? undefined
      : (month) => oneDay(month, day + 1, true);
  }
  const days = parseList(text, MONTH_DAYS);
  return (
    days && ((month) => everyDay(month).filter((day) => days.has(day - 1)))
  );
}

function oneDay(month: Month, day: number, isWeekday: boolean): number[] {
  if (day < 1 || day > month.days) return [];
  return [isWeekday ? closestWeekday(month, day) : day];
}

/** The day from Monday to Friday closest to a day, in the same month. */
function closestWeekday(month: Month, day: number): number {
  switch (month.weekdayOf(day)) {
    case 6:
      return day === 1 ? 3 : day - 1;
    case 0:
      return day === month.days ? day - 2 : day + 1;
    default:
      return day;
  }
}

function parseWeekdays(text: string): DayRule | undefined {
  if (text === "L") return (month) => daysOn(month, (weekday) => weekday === 6);
  const [, dayText, nthText] =
    /^(\d+|[A-Za-z]{3})(?:L|#(\d+))$/.exec(text) ?? [];
  if (dayText !== undefined) {
    const day = parseValue(dayText, WEEKDAYS);
    if (day === undefined) return undefined;
    const days = (month: Month) => daysOn(month, (weekday) => weekday === day);
    if (nthText === undefined) return (month) => days(month).slice(-1);
    const nth = Number(nthText);
    return nth < 1 || nth > 5
      ? undefined
      : (month) => days(month).slice(nth - 1, nth);
  }
  const weekdays = parseList(text, WEEKDAYS);
  return (
    weekdays && ((month) => daysOn(month, (weekday) => weekdays.has(weekday)))
  );
}

function daysOn(month: Month, matches: (weekday: number) => boolean): number[] {
  return everyDay(month).filter((day) => matches(month.weekdayOf(day)));
}

function range(from: number, to: number, step = 1): number[] {
  const values: number[] = [];
  for (let value = from; value <= to; value += step) values.push(value);
  return values;
}
