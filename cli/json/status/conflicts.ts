import { iso } from "../../time/time.js";
import type { Conflicts } from "../../deployment/conflicts.js";

/** Mutations that ran again, as they had read what another changed; part of `status`. */
export interface ConflictsJson {
  /** When the deployment began to count: its start. */
  since: string;
  /** Tries that lost, in all. */
  count: number;
  /** Those that lost as many tries in a row as Convex makes before it gives up. */
  outOfTries: number;
  /** Who lost to whom over which table, the greatest counts first. */
  pairs: Array<{
    /** The function that ran again; of a component as `component/module:function`. */
    loser: string;
    /** The function whose commit it met. */
    winner: string;
    /** The table that both touched; of a component as `component/table`. */
    table: string;
    /** How often. */
    count: number;
    /** How often it had lost all tries that Convex makes. */
    outOfTries: number;
  }>;
  /** How many pairs are left out. */
  morePairs: number;
}

export function toConflictsJson(conflicts: Conflicts): ConflictsJson {
  const { since, count, outOfTries, pairs, morePairs } = conflicts;
  return { since: iso(since), count, outOfTries, pairs, morePairs };
}
