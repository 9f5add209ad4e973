/**
 * The walks of a run over many sessions: by which indexes it comes to the sessions of its filter, in which order.
 *
 * A session's place by creation never changes, so that such a walk meets each session once, whatever its visitor
 * does meanwhile. Its place by activity does: an idle visit that an expire run closes moves from the leases to the
 * sessions, which therefore come later; and with a filter that has no `activeBefore`, a visitor who comes back
 * moves the other way, from the sessions to the leases, which are walked a second time, from the run's start on.
 */
import { MINUTE_MS } from "../../shared/times.js";
import type { RunPhase } from "../../shared/runs/run.js";
import type { SessionState } from "../../shared/sessions.js";
import type { Many } from "./terms.js";

export interface Stage {
  /**
   * `leases` and `returned`: leases by last activity; `sessions`: sessions that are not active, by last activity;
   * `created`: sessions by creation.
   */
  phase: Extract<RunPhase, "leases" | "sessions" | "created" | "returned">;
  /** The sessions among those by creation. @default all */
  of?: { state?: SessionState; userId?: string };
  /** The earliest time, included, in ms since the epoch. @default no bound */
  from?: number | undefined;
  /** The end of the times, not included, in ms since the epoch. @default no bound */
  before?: number | undefined;
}

export function stagesOf(many: Many): Stage[] {
  const { userId, createdAfter, activeAfter, activeBefore } = many.filter;
  if (userId !== undefined) return [byCreation(many, { userId })];
  // Whoever came after a time was active after it, so that these are the fewest.
  const isByActivity =
    createdAfter === undefined &&
    (activeAfter !== undefined || activeBefore !== undefined);
  return isByActivity ? stagesByActivity(many) : stagesByState(many);
}

/** Whether the run takes sessions that are not active, too: a run that only ends visits has nothing to do there. */
export function takesInactive({ kind, blockedUntil }: Many): boolean {
  return kind === "forget" || blockedUntil !== undefined;
}

// ── Helpers ─────────────────────────────────────────────────────────────────

function stagesByActivity(many: Many): Stage[] {
  const { cutoff, filter } = many;
  const { state, activeAfter: from, activeBefore: before } = filter;
  const leases: Stage = { phase: "leases", from, before };
  const sessions: Stage = { phase: "sessions", from, before };
  if (state === "active" || !takesInactive(many)) return [leases];
  if (state === "ended") return [sessions];
  if (state === "expired" || before !== undefined) return [leases, sessions];
  const since = Math.max(cutoff, from ?? 0);
  return [leases, sessions, { phase: "returned", from: since }];
}

function stagesByState(many: Many): Stage[] {
  const { state } = many.filter;
  if (state === "expired") {
    // No idle timeout is shorter than a minute, so that no later lease was idle when the run started.
    const before = many.cutoff - MINUTE_MS;
    const idle: Stage = { phase: "leases", before };
    return takesInactive(many) ? [idle, byCreation(many, { state })] : [idle];
  }
  if (state !== undefined) return [byCreation(many, { state })];
  return [byCreation(many, takesInactive(many) ? {} : { state: "active" })];
}

function byCreation({ filter }: Many, of: NonNullable<Stage["of"]>): Stage {
  const { createdAfter: from, createdBefore: before } = filter;
  return { phase: "created", of, from, before };
}
