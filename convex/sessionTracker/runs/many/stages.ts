/**
 * The walks of a run over many sessions: by which indexes it comes to the sessions of its filter, in which order.
 *
 * A session's place by creation never changes, so that such a walk meets each session once, whatever its visitor
 * does meanwhile. Its place by activity does: an idle visit that an expire run closes moves from the leases to the
 * sessions, which therefore come later; and with a filter that has no `activeBefore`, a visitor who comes back
 * moves the other way, and is met by a second walk of the active.
 *
 * No walk goes to where visitors are now: the newest leases and sessions are written all the time, also those of
 * visitors whom the filter does not take, and each write would make the page run again. So leases are walked only up
 * to a time at which nobody is there any more, and the others who are there are found by their creation.
 */
import { MINUTE_MS } from "../../shared/times.js";
import type { RunPhase } from "../../shared/runs/run.js";
import type { SessionState } from "../../shared/sessions.js";
import type { Many } from "./terms.js";

export interface Stage {
  /**
   * `leases`: leases by last activity; `sessions`: sessions that are not active, by last activity; `created` and
   * `createdAgain`: sessions by creation, up to the run's cutoff.
   */
  phase: Extract<RunPhase, "leases" | "sessions" | "created" | "createdAgain">;
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
  const { state, activeAfter: from, activeBefore: before } = many.filter;
  const isBounded = before !== undefined;
  const active = byCreation(many, { state: "active" });
  const there = isBounded ? { phase: "leases" as const, from, before } : active;
  const sessions: Stage = { phase: "sessions", from, before };
  if (state === "active" || !takesInactive(many)) return [there];
  if (state === "ended") return [sessions];
  if (isBounded) return [there, sessions];
  if (state === "expired") return [idle(many), sessions];
  return [active, sessions, { ...active, phase: "createdAgain" }];
}

function stagesByState(many: Many): Stage[] {
  const { state } = many.filter;
  if (state === "expired") {
    const inactive = byCreation(many, { state });
    return takesInactive(many) ? [idle(many), inactive] : [idle(many)];
  }
  if (state !== undefined) return [byCreation(many, { state })];
  return [byCreation(many, takesInactive(many) ? {} : { state: "active" })];
}

function byCreation({ filter }: Many, of: NonNullable<Stage["of"]>): Stage {
  const { createdAfter: from, createdBefore: before } = filter;
  return { phase: "created", of, from, before };
}

/** No idle timeout is shorter than a minute, so that no later lease was idle when the run started. */
function idle({ filter, cutoff }: Many): Stage {
  const before = cutoff - MINUTE_MS;
  return { phase: "leases", from: filter.activeAfter, before };
}
