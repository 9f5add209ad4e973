/** Texts about the kinds of rows that a purge takes: sessions, visits, actions. */
import { countOf } from "../terminal/words.js";
import { formatTime } from "../time/time.js";
import type { Run } from "../deployment/api.js";
import { filterText } from "../many/filter.js";
import type {
  FilteredKind,
  RunKind,
} from "../../convex/sessionTracker/shared/runs/kinds.js";
import type { OwnCutoffs } from "../../convex/sessionTracker/shared/runs/run.js";

/** Whether runs of the kind delete rows; others only change them. */
export function deletes(kind: RunKind): boolean {
  return kind === "purge" || kind === "forget";
}

/** Whether runs of the kind take sessions by a filter, rather than by age. */
export function isFiltered(kind: RunKind): kind is FilteredKind {
  return kind === "end" || kind === "forget";
}

/** Which sessions the run takes: before its cutoff, or by its filter. */
export function whichText({
  filter,
  cutoff,
}: Pick<Run, "filter" | "cutoff">): string {
  return filter === undefined
    ? `cutoff ${cutoffText(cutoff)}`
    : `sessions ${filterText(filter)}`;
}

/** The cutoff of a run in words: a purge while sessions are kept for ever has 0, and takes none. */
export function cutoffText(cutoff: number): string {
  return cutoff === 0 ? "none, sessions are kept" : formatTime(cutoff);
}

/** What goes by its own retention while its session stays: 3 visits and 1 action */
export function byRetentionText({
  visits,
  actions,
}: {
  visits: number;
  actions: number;
}): string {
  return `${countOf(visits, "visit")} and ${countOf(actions, "action")}`;
}

/** The cutoffs of kinds: visits that ended before …, actions from before … */
export function ownCutoffsText({ visits, actions }: OwnCutoffs): string {
  return [
    ...(visits === undefined
      ? []
      : [`visits that ended before ${formatTime(visits)}`]),
    ...(actions === undefined
      ? []
      : [`actions from before ${formatTime(actions)}`]),
  ].join(", ");
}
