/** What visits came to by day, laid out for charts. */

/** The figures of the finished visits that began on one UTC day. */
export interface DayFigures {
  /** `YYYY-MM-DD` */
  day: string;
  newVisitors: number;
  visits: number;
  /** Visits of less than 10 s of engaged time and without an action. */
  bounces: number;
  engagedMs: number;
  actions: number;
}

/** A day, or several one after another, with their figures. */
export interface Period extends Omit<DayFigures, "day"> {
  /** Its name below a bar, such as "Aug 3": its first day. */
  name: string;
  /** Its name in a sentence, such as "Aug 3 to Aug 9" or "Aug 9, so far". */
  text: string;
}

/** How far back charts go, and how many days are one bar: 365 bars would be thinner than what is seen. */
export const SPANS = {
  "30 days": { periods: 30, daysEach: 1 },
  "52 weeks": { periods: 52, daysEach: 7 },
} as const;
export type Span = keyof typeof SPANS;

/**
 * Every period of the span, also those in which nobody came, oldest first.
 * @param days in any order; those that have no figures may be left out
 * @param today `YYYY-MM-DD`, the last day of the last period
 */
export function periodsOf(
  days: readonly DayFigures[],
  today: string,
  span: Span,
): Period[] {
  const { periods, daysEach } = SPANS[span];
  const found = new Map(days.map((day) => [day.day, day]));
  const last = Date.parse(today);
  return Array.from({ length: periods }, (_, n) => {
    const end = last - (periods - 1 - n) * daysEach * DAY_MS;
    const start = end - (daysEach - 1) * DAY_MS;
    const period = { ...NOTHING, name: nameOf(start), text: nameOf(start) };
    if (end > start) period.text += ` to ${nameOf(end)}`;
    if (end === last) period.text += ", so far";
    for (let at = start; at <= end; at += DAY_MS) {
      const figures = found.get(new Date(at).toISOString().slice(0, 10));
      if (figures !== undefined) add(period, figures);
    }
    return period;
  });
}

/** The figures of all periods as one. */
export function totalOf(periods: readonly Period[]): Figures {
  const total = { ...NOTHING };
  for (const period of periods) add(total, period);
  return total;
}

// ── Helpers ─────────────────────────────────────────────────────────────────

type Figures = Omit<DayFigures, "day">;

const DAY_MS = 86_400_000;

const NOTHING: Figures = {
  newVisitors: 0,
  visits: 0,
  bounces: 0,
  engagedMs: 0,
  actions: 0,
};

function add(sum: Figures, figures: Figures): void {
  sum.newVisitors += figures.newVisitors;
  sum.visits += figures.visits;
  sum.bounces += figures.bounces;
  sum.engagedMs += figures.engagedMs;
  sum.actions += figures.actions;
}

const dayFormat = new Intl.DateTimeFormat("en", {
  month: "short",
  day: "numeric",
  timeZone: "UTC",
});

function nameOf(at: number): string {
  return dayFormat.format(at);
}
