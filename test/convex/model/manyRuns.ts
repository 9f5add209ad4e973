/** Which visitors a run over many may take: what the component promises, said without its indexes and walks. */
import type { Filter } from "../../../convex/sessionTracker/shared/runs/filter.js";
import type { Random } from "../../../embedded/test/support/random.js";
import { DAY_MS, HOUR_MS } from "../support/fresh.js";
import { isBlocked, isIdle, type Visitor } from "./sessionModel.js";

export interface ManyRun {
  kind: "end" | "forget";
  /** When the run started, in ms since the epoch. */
  cutoff: number;
  filter: Filter;
  reason?: string;
  blockedUntil?: number | undefined;
}

/** A filter, and for an end at times a block. */
export function drawMany(random: Random, now: number) {
  const kind = random.pick(["end", "end", "forget"] as const);
  const filter = random.pick<Filter>([
    { userId: "ada" },
    { userId: "grace", state: "active" },
    { state: "active" },
    { state: "expired" },
    { activeBefore: now - HOUR_MS },
    { activeAfter: now - HOUR_MS },
    { createdBefore: now - DAY_MS },
    { createdAfter: now - HOUR_MS },
  ]);
  const forMs = random.pick([HOUR_MS, 2 * DAY_MS]);
  const block = random.pick([{ block: { forMs } }, {}]);
  const reason = random.pick([{ reason: "flood" }, {}]);
  const run: ManyRun = { kind, cutoff: now, filter, ...reason };
  if (kind === "forget" || block.block === undefined) {
    return { run, asked: { kind, filter, ...reason } };
  }
  const blockedUntil = now + forMs;
  return {
    run: { ...run, blockedUntil },
    asked: { kind, filter, ...reason, ...block },
  };
}

export function isDueToMany(
  run: ManyRun,
  visitor: Visitor,
  now: number,
): boolean {
  const { filter, cutoff } = run;
  const { createdAt, lastActive, state, userId, startedAt } = visitor;
  if (createdAt > cutoff) return false;
  if (filter.userId !== undefined && filter.userId !== userId) return false;
  if (filter.state !== undefined && filter.state !== seen(visitor, now)) {
    return false;
  }
  if (!isWithin(createdAt, filter.createdAfter, filter.createdBefore)) {
    return false;
  }
  if (!isWithin(lastActive, filter.activeAfter, filter.activeBefore)) {
    return false;
  }
  if (run.kind === "forget") return true;
  const until = blockOf(run, now);
  if (until === undefined) return state === "active" && startedAt <= cutoff;
  // A block that lasts longer stays.
  const { blockedUntil = 0 } = visitor;
  const lasts = blockedUntil === "forever" || blockedUntil >= until;
  return !(isBlocked(visitor, now) && lasts);
}

/** The block that a run sets now; one that is over blocks nobody any more. */
export function blockOf(
  { blockedUntil }: ManyRun,
  now: number,
): number | undefined {
  return blockedUntil !== undefined && blockedUntil > now
    ? blockedUntil
    : undefined;
}

// ── Helpers ─────────────────────────────────────────────────────────────────

function seen(visitor: Visitor, now: number): Visitor["state"] {
  const isOver = visitor.state === "active" && isIdle(visitor, now);
  return isOver ? "expired" : visitor.state;
}

function isWithin(at: number, from = -Infinity, before = Infinity): boolean {
  return at >= from && at < before;
}
