/**
 * The sessions that a run over many looks at, one by one, each judged as it is at that moment: by the run's pages,
 * by previews, and by whoever counts what a run has left.
 */
import type { Doc } from "../../_generated/dataModel.js";
import type { QueryCtx } from "../../_generated/server.js";
import type { Cursor } from "../../shared/runs/run.js";
import { placeOf } from "../../shared/places.js";
import { type BlockedUntil, blockOf } from "../../shared/sessions.js";
import { CLOCK_SLACK_MS, isFuture } from "../../shared/times.js";
import { isIdle, startOf } from "../../shared/visits.js";
import { findLease } from "../../rows/sessions.js";
import {
  type Stretch,
  walkCreated,
  walkInactive,
  walkLeases,
} from "../../rows/walks.js";
import { type Stage, stagesOf, takesInactive } from "./stages.js";
import type { Looked, Many } from "./terms.js";

/**
 * The most sessions that one call passes over because they are not due: each may take a read interval for its
 * lease or its session.
 */
export const MAX_PASSED = 700;

/** The sessions behind a cursor; `null` in its place for those from the beginning on. */
export function look(
  ctx: QueryCtx,
  many: Many,
  after: Cursor | null,
): AsyncGenerator<Looked> {
  return lookIn(ctx, many, stagesOf(many), after);
}

/** The same, each session once: one that a run takes as it comes to it is not met again, but here none is taken. */
export function lookOnce(
  ctx: QueryCtx,
  many: Many,
  after: Cursor | null,
): AsyncGenerator<Looked> {
  const stages = stagesOf(many).filter(
    ({ phase }) => phase !== "createdAgain" || after?.phase === phase,
  );
  return lookIn(ctx, many, stages, after);
}
/** The first due session behind a cursor; `null` where `MAX_PASSED` rows hold none. */
export async function nextDue(
  ctx: QueryCtx,
  many: Many,
  after: Cursor | null,
): Promise<Looked | null> {
  let passed = 0;
  for await (const looked of look(ctx, many, after)) {
    if (looked.isDue) return looked;
    passed += 1;
    if (passed > MAX_PASSED) return null;
  }
  return null;
}

/** When the visitor was last active, in ms since the epoch. */
export function lastActiveOf({
  session: { inactiveSince, createdAt },
  lease,
}: Pick<Looked, "session" | "lease">): number {
  return lease?.lastActive ?? inactiveSince ?? createdAt;
}

/** The state as readers see it. */
export function stateOf(
  { session, lease }: Pick<Looked, "session" | "lease">,
  now: number,
) {
  return lease !== null && isIdle(lease, now) ? "expired" : session.state;
}

// ── Helpers ─────────────────────────────────────────────────────────────────

type Row = Doc<"sessions"> | Doc<"leases">;

async function* lookIn(
  ctx: QueryCtx,
  many: Many,
  stages: Stage[],
  after: Cursor | null,
): AsyncGenerator<Looked> {
  const now = Date.now();
  const due = withBlockInForce(many, now);
  const first = stages.findIndex(({ phase }) => phase === after?.phase);
  for (const stage of stages.slice(Math.max(0, first))) {
    const from = after?.phase === stage.phase ? after : null;
    for await (const { row, cursor } of rowsOf(ctx, many, stage, from)) {
      const session = await sessionOf(ctx, row);
      // A lease that has lost its session is nobody's: expire runs set it aside, and say so.
      if (session === null) continue;
      if (!mayBeDue(due, session, now)) {
        yield { session, lease: null, cursor, isDue: false };
        continue;
      }
      const lease = "session" in row ? row : await leaseOf(ctx, session);
      const isDue = matches(due, session, lease, now);
      yield { session, lease, cursor, isDue };
    }
  }
}

/** A block that is over before the run has come to all sessions blocks no more of them; their visits end. */
function withBlockInForce(many: Many, now: number): Many {
  return many.blockedUntil !== undefined && blockOf(many, now) === null
    ? { ...many, blockedUntil: undefined }
    : many;
}

async function* rowsOf(
  ctx: QueryCtx,
  { cutoff }: Many,
  { phase, of = {}, ...between }: Stage,
  after: Cursor | null,
): AsyncGenerator<{ row: Row; cursor: Cursor }> {
  const stretch = { order: "asc" as const, after, ...between };
  if (phase === "leases") {
    for await (const row of walkLeases(ctx, stretch)) {
      yield { row, cursor: { phase, ...placeOf(row.lastActive, row) } };
    }
    return;
  }
  const isByActivity = phase === "sessions";
  const rows = isByActivity
    ? walkInactive(ctx, stretch)
    : createdUntil(ctx, cutoff, of, stretch);
  for await (const row of rows) {
    const at = isByActivity ? (row.inactiveSince ?? 0) : row.createdAt;
    yield { row, cursor: { phase, ...placeOf(at, row) } };
  }
}

/**
 * Sessions created up to the cutoff, and those with a creation that a clock stored which was ahead: not where the
 * sessions of new visitors go.
 */
async function* createdUntil(
  ctx: QueryCtx,
  cutoff: number,
  of: NonNullable<Stage["of"]>,
  { from = -Infinity, before = Infinity, ...stretch }: Stretch,
): AsyncGenerator<Doc<"sessions">> {
  const until = Math.min(before, cutoff + 1);
  if (from < until) {
    yield* walkCreated(ctx, of, { ...stretch, from, before: until });
  }
  const ahead = Math.max(from, Date.now() + CLOCK_SLACK_MS);
  if (ahead < before) {
    yield* walkCreated(ctx, of, { ...stretch, from: ahead, before });
  }
}

async function sessionOf(
  ctx: QueryCtx,
  row: Row,
): Promise<Doc<"sessions"> | null> {
  return "session" in row ? await ctx.db.get("sessions", row.session) : row;
}

async function leaseOf(
  ctx: QueryCtx,
  { state, anonymousId }: Doc<"sessions">,
): Promise<Doc<"leases"> | null> {
  return state === "active" ? await findLease(ctx, anonymousId) : null;
}

/** What a session says by itself, before its lease is read. */
function mayBeDue(
  many: Many,
  { _id, createdAt, state, userId, ...session }: Doc<"sessions">,
  now: number,
): boolean {
  const { filter, cutoff } = many;
  // What a clock stored that was ahead says nothing of when the session was created.
  const isLater = createdAt > cutoff && !isFuture(createdAt, now);
  if (isLater || _id === filter.exceptSessionId) return false;
  if (filter.userId !== undefined && filter.userId !== userId) return false;
  if (!isWithin(createdAt, filter.createdAfter, filter.createdBefore)) {
    return false;
  }
  const isKind = state === "active" || takesInactive(many);
  return isKind && !outlasts(blockOf(session, now), many);
}

function matches(
  many: Many,
  session: Doc<"sessions">,
  lease: Doc<"leases"> | null,
  now: number,
): boolean {
  const { filter, cutoff } = many;
  const { state, activeAfter, activeBefore } = filter;
  const looked = { session, lease };
  if (state !== undefined && state !== stateOf(looked, now)) return false;
  if (!isWithin(lastActiveOf(looked), activeAfter, activeBefore)) return false;
  if (takesInactive(many)) return true;
  if (lease === null) return false;
  // Whoever has come back since the run started, on a visit of their own, is not ended a second time.
  const start = startOf(lease);
  return start <= cutoff || isFuture(start, now);
}

/** Whether a block lasts at least as long as the one that the run sets. */
function outlasts(block: BlockedUntil | null, { blockedUntil }: Many): boolean {
  if (block === null || blockedUntil === undefined) return false;
  if (block === "forever") return true;
  return blockedUntil !== "forever" && block >= blockedUntil;
}

function isWithin(at: number, from = -Infinity, before = Infinity): boolean {
  return at >= from && at < before;
}
