/** The visits and actions that a purge has still to take of sessions that stay. */
import { earlierCutoffs } from "../../convex/sessionTracker/shared/runs/run.js";
import type {
  OwnCutoffs,
  RunPhase,
} from "../../convex/sessionTracker/shared/runs/run.js";
import type { Args, Run } from "../deployment/api.js";
import type { ComponentClient } from "../deployment/client.js";
import type { RunLeft } from "./countLeft.js";

export interface ByAge {
  visits: number;
  actions: number;
}

export interface LeftByAge {
  left: ByAge;
  /** Those among them that the retentions in force keep. */
  kept: ByAge;
}

/**
 * Counts them as the purge would come to them.
 * @param inForce the cutoffs by the retentions in force
 */
export async function countLeftByAge(
  client: ComponentClient,
  run: Run,
  { isAll }: Pick<RunLeft, "isAll">,
  inForce: OwnCutoffs | undefined,
): Promise<LeftByAge> {
  const { cutoffs } = run;
  if (cutoffs === undefined || !isAll) return { left: NONE, kept: NONE };
  const left = await count(client, run, cutoffs);
  const both = earlierCutoffs(cutoffs, inForce);
  if (isSame(both, cutoffs)) return { left, kept: NONE };
  const gone = both === undefined ? NONE : await count(client, run, both);
  return {
    left,
    kept: {
      visits: left.visits - gone.visits,
      actions: left.actions - gone.actions,
    },
  };
}

// ── Helpers ─────────────────────────────────────────────────────────────────

const NONE: ByAge = { visits: 0, actions: 0 };

type Cursor = Args<"runs/preview:purge">["cursor"];

async function count(
  client: ComponentClient,
  { cutoff, cursor: at }: Run,
  cutoffs: OwnCutoffs,
): Promise<ByAge> {
  const found = { ...NONE };
  let cursor: Cursor = isByAge(at?.phase) ? at : BEGINNING;
  do {
    const page: { byRetention: ByAge; cursor?: Cursor } = await client.query(
      "runs/preview:purge",
      // The run's cutoff was checked when it started; an idle timeout that was raised since refuses no count.
      { cutoff, cutoffs, patch: { idleTimeoutMs: 0 }, cursor },
    );
    found.visits += page.byRetention.visits;
    found.actions += page.byRetention.actions;
    cursor = page.cursor;
  } while (cursor);
  return found;
}

/** Where a purge has done all sessions, and nothing by age. */
const BEGINNING = {
  phase: "lastVisits",
  at: 0,
  creationTime: 0,
  id: "",
} as const;

function isByAge(phase: RunPhase | undefined): boolean {
  return phase !== undefined && phase !== "leases" && phase !== "sessions";
}

function isSame(a: OwnCutoffs | undefined, b: OwnCutoffs): boolean {
  return a?.visits === b.visits && a?.actions === b.actions;
}
