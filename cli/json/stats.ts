import type { Day, Sources } from "../deployment/api.js";
import { isoOrNull } from "../time/time.js";

/** What finished visits came to. */
export interface FiguresJson {
  /** Number of visitors whose first visit began then. */
  newVisitors: number;
  /** Number of visits. */
  visits: number;
  /** Visits of less than 10 s of engaged time and without an action. */
  bounces: number;
  /** From 0 to 1; `null` without visits. */
  bounceRate: number | null;
  /** How long visitors were really there. */
  engagedMs: number;
  /** `null` without visits. */
  engagedMsPerVisit: number | null;
  /** Number of actions. */
  actions: number;
}

/** A line of `stats --jsonl`, and the day of `status` */
export interface DayJson extends FiguresJson {
  /** The UTC day on which the visits began, `YYYY-MM-DD`. */
  day: string;
  /** `false` for today; visits that began before midnight may still be under way after it. */
  isOver: boolean;
}

/** Where visits came from, and what they came to. */
export interface SourceJson {
  /** `utm_source` of the entry, else the other site's host, else "direct". */
  source: string;
  /** Finished visits; the figures below are theirs. */
  visits: number;
  /** Number of visits under 10 s of engaged time and without an action. */
  bounces: number;
  /** The part of the visits that bounced, from 0 to 1; `null` where there are none. */
  bounceRate: number | null;
  /** How long visitors were really there. */
  engagedMs: number;
  /** How long visitors were there in a visit, on average. */
  engagedMsPerVisit: number | null;
  /** Visits that have not ended yet. */
  underWay: number;
}

/** Output of `stats` */
export interface StatsJson {
  /** The first of the UTC days, `YYYY-MM-DD`. */
  from: string;
  /** The last of the UTC days: today. */
  to: string;
  /** Every day of these, oldest first. */
  days: DayJson[];
  /** The figures of all days together. */
  total: FiguresJson;
  /** Of the visits of these days that are still there: what was purged or forgotten is not in them. */
  sources: SourceJson[];
  /** Only visits that were last active after this time are in `sources`, there being too many; `null`: all. */
  sourcesOnlyAfter: string | null;
}

/** @param days of which only those that have figures */
export function toDaysJson(
  days: Day[],
  range: readonly string[],
  today: string,
): DayJson[] {
  const found = new Map(days.map((day) => [day.day, day]));
  return range.map((day) =>
    toDayJson(found.get(day) ?? { day, ...NOTHING }, { isOver: day < today }),
  );
}

export function toDayJson(
  { day, ...counts }: Day,
  { isOver }: Pick<DayJson, "isOver">,
): DayJson {
  return { day, isOver, ...toFiguresJson(counts) };
}

export function toTotalJson(days: readonly Counts[]): FiguresJson {
  const total = { ...NOTHING };
  for (const day of days) {
    for (const field of FIELDS) total[field] += day[field];
  }
  return toFiguresJson(total);
}

export function toSourcesJson({
  sources,
  onlyAfter,
}: Sources): Pick<StatsJson, "sources" | "sourcesOnlyAfter"> {
  return {
    sources: sources.map(
      ({ source, visits, bounces, engagedMs, underWay }) => ({
        source,
        visits,
        bounces,
        bounceRate: perVisit(bounces, visits),
        engagedMs,
        engagedMsPerVisit: perVisit(engagedMs, visits),
        underWay,
      }),
    ),
    sourcesOnlyAfter: isoOrNull(onlyAfter),
  };
}

// ── Helpers ─────────────────────────────────────────────────────────────────

type Counts = Omit<Day, "day">;

const FIELDS = [
  "newVisitors",
  "visits",
  "bounces",
  "engagedMs",
  "actions",
] as const satisfies (keyof Counts)[];

const NOTHING: Counts = {
  newVisitors: 0,
  visits: 0,
  bounces: 0,
  engagedMs: 0,
  actions: 0,
};

function toFiguresJson(counts: Counts): FiguresJson {
  const { newVisitors, visits, bounces, engagedMs, actions } = counts;
  return {
    newVisitors,
    visits,
    bounces,
    bounceRate: perVisit(bounces, visits),
    engagedMs,
    engagedMsPerVisit: perVisit(engagedMs, visits),
    actions,
  };
}

function perVisit(sum: number, visits: number): number | null {
  return visits === 0 ? null : sum / visits;
}
