import type { PurgePreview } from "../purges/preview.js";
import type { ManyPreview, ManyRequest } from "../many/preview.js";
import { toFilterJson, type FilterJson } from "./run.js";
import { blockedUntilJson } from "./session.js";
import { iso, isoOrNull } from "../time/time.js";

/** Output of `purge --dry-run` */
export interface DryRunJson {
  /** Always `true`: nothing was changed. */
  dryRun: true;
  /** Those last active strictly before it are taken. */
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
  /** When the first of them to go was last active; `null` where there are none. */
  oldest: string | null;
  /** When the last of them was last active; `null` where there are none. */
  newest: string | null;
  /** Size of the documents that would go, without their indexes. */
  bytes: number;
  /** Sessions by the UTC day of their last activity, oldest first. */
  byDay: Array<{ day: string; sessions: number; actions: number }>;
  /** Sessions by whole days since their last activity, from `fromDays` to before `toDays`; oldest last. */
  byAge: Array<{
    /** From so many days ago. */
    fromDays: number;
    /** To so many days ago. */
    toDays: number | null;
    /** Number of sessions. */
    sessions: number;
    /** Number of actions. */
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

/** Output of `end --dry-run` and `forget --dry-run` */
export interface ManyDryRunJson {
  /** Always `true`: nothing was changed. */
  dryRun: true;
  /** `end` or `forget`. */
  kind: "end" | "forget";
  /** Which sessions. */
  filter: FilterJson;
  /** Sessions created later are not taken. */
  cutoff: string;
  /** When the block would end, or "forever"; `null` without one. */
  blockedUntil: string | null;
  /** Sessions that would be taken: `sessions`, or `max` where that is less. */
  wouldTake: number;
  /** All sessions that would be taken, whatever `max` is. */
  sessions: number;
  /** How many there are in each state. */
  byState: { active: number; expired: number; ended: number };
  /** Their visits that have not ended yet. */
  underWay: number;
  /** Their visits, one under way included. */
  visits: number;
  /** Number of actions. */
  actions: number;
  /** The bound that `--max` sets; `null` without. */
  max: number | null;
  /** The first and the last time at which one of them was last active; `null` without any. */
  oldest: string | null;
  /** The last of these times; `null` without any. */
  newest: string | null;
}

/** @param max where `--max` bounds it */
export function toManyDryRunJson(
  kind: ManyRequest["kind"],
  found: ManyPreview,
  max?: number,
): ManyDryRunJson {
  const { filter, cutoff, blockedUntil, sessions, byState } = found;
  const { underWay, visits, actions, oldest, newest } = found;
  const { active, expired, ended } = byState;
  return {
    dryRun: true,
    kind,
    filter: toFilterJson(filter),
    cutoff: iso(cutoff),
    blockedUntil:
      blockedUntil === undefined ? null : blockedUntilJson(blockedUntil),
    wouldTake: Math.min(sessions, max ?? Infinity),
    sessions,
    byState: { active, expired, ended },
    underWay,
    visits,
    actions,
    max: max ?? null,
    oldest: isoOrNull(oldest),
    newest: isoOrNull(newest),
  };
}

// ── Helpers ─────────────────────────────────────────────────────────────────

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
