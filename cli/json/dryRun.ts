import type { PurgePreview } from "../purges/preview.js";
import { iso, isoOrNull } from "../time/time.js";

/** Output of `purge --dry-run` */
export interface DryRunJson {
  dryRun: true;
  cutoff: string;
  /** Sessions that would be deleted: `sessions`, or `max` where that is less. */
  wouldDelete: number;
  /** All sessions older than the cutoff, whatever `max` is. */
  sessions: number;
  /** Visits of these sessions. */
  visits: number;
  /** Actions of these sessions. */
  actions: number;
  /** What goes by its own retention while its session stays, whatever `max` is. */
  byRetention: { visits: number; actions: number };
  /** The bound that `--max` sets on the purge, which takes the oldest first; `null` without. */
  max: number | null;
  oldest: string | null;
  newest: string | null;
  /** Size of the documents that would go, without their indexes. */
  bytes: number;
  /** Sessions by the UTC day of their last activity, oldest first. */
  byDay: Array<{ day: string; sessions: number; actions: number }>;
  /** Sessions by whole days since their last activity, from `fromDays` to before `toDays`; oldest last. */
  byAge: Array<{
    fromDays: number;
    toDays: number | null;
    sessions: number;
    actions: number;
  }>;
}

/** @param max where `--max` bounds it */
export function toDryRunJson(found: PurgePreview, max?: number): DryRunJson {
  const { cutoff, sessions, visits, actions, byRetention } = found;
  const { bytes, oldest, newest } = found;
  return {
    dryRun: true,
    cutoff: iso(cutoff),
    wouldDelete: Math.min(sessions, max ?? Infinity),
    sessions,
    visits,
    actions,
    byRetention,
    max: max ?? null,
    oldest: isoOrNull(oldest),
    newest: isoOrNull(newest),
    bytes,
    byDay: byDay(found),
    byAge: byAge(found),
  };
}

function byDay({ byDay: bars }: PurgePreview): DryRunJson["byDay"] {
  return [...bars]
    .sort(([a], [b]) => a - b)
    .map(([day, bar]) => ({ day: iso(day).slice(0, 10), ...bar }));
}

/** The starts of the age ranges, in days; the last range has no end. */
const AGE_STEPS = [0, 1, 7, 14, 30, 60, 90, 180, 365];

function byAge({ byAge: bars }: PurgePreview): DryRunJson["byAge"] {
  const groups = AGE_STEPS.map((fromDays, index) => {
    const toDays = AGE_STEPS[index + 1] ?? null;
    const group = { fromDays, toDays, sessions: 0, actions: 0 };
    for (const [days, { sessions, actions }] of bars) {
      if (days < fromDays || (toDays !== null && days >= toDays)) continue;
      group.sessions += sessions;
      group.actions += actions;
    }
    return group;
  });
  return groups.filter(({ sessions }) => sessions > 0);
}
