/** The part of a preview that finds visits and actions due by age, of sessions that stay. */
import { getConvexSize, v, type Infer } from "convex/values";
import type { Doc, Id } from "../_generated/dataModel.js";
import type { QueryCtx } from "../_generated/server.js";
import type { OwnCutoffs } from "../shared/runs/run.js";
import type { Cursor } from "../shared/runs/run.js";
import { findLease } from "../rows/sessions.js";
import {
  type AgePhase,
  beginningOf,
  cutoffIn,
  dueLastVisits,
  dueRows,
  lastVisitCursor,
  phaseAfter,
  rowCursor,
} from "./due.js";

/** What goes by age while its session stays. */
export const vByRetention = v.object({
  visits: v.number(),
  actions: v.number(),
  /** Bytes of these documents, without indexes; last visits are fields, and count none. */
  bytes: v.number(),
});
type ByAge = Infer<typeof vByRetention>;

/** The most rows of one call: with a session and a lease for each, three of 4,096 read intervals. */
const MAX_ROWS = 1_200;
const MAX_BYTES = 8 * 1_024 * 1_024;

/**
 * A page of what goes by age.
 * @param due the cutoff of sessions: what belongs to a session that goes itself is not counted here
 * @returns the cursor of the next page; `null` at the end
 */
export async function previewByAge(
  ctx: QueryCtx,
  due: { cutoff: number; cutoffs?: OwnCutoffs | undefined },
  cursor: Cursor & { phase: AgePhase },
): Promise<{ found: ByAge; next: Cursor | null }> {
  const { phase } = cursor;
  const found: ByAge = { visits: 0, actions: 0, bytes: 0 };
  const before = cutoffIn(phase, due.cutoffs);
  const last =
    before === undefined
      ? null
      : phase === "lastVisits"
        ? await countLastVisits(ctx, due.cutoff, before, cursor, found)
        : await countRows(ctx, phase, due.cutoff, before, cursor, found);
  if (last !== null) return { found, next: last };
  return { found, next: beginningAfter(phase, due.cutoffs) };
}

/** Where a preview goes on after a phase of a purge; `null` where nothing goes by age after it. */
export function beginningAfter(
  phase: Cursor["phase"],
  cutoffs: OwnCutoffs | undefined,
): Cursor | null {
  const next = phaseAfter(phase, { kind: "purge", cutoffs });
  return next === null ? null : beginningOf(next);
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/** @returns the cursor behind the last session read; `null` where there are no more */
async function countLastVisits(
  ctx: QueryCtx,
  from: number,
  cutoff: number,
  cursor: Cursor,
  found: ByAge,
): Promise<Cursor | null> {
  // What was last active before the cutoff of sessions goes with its session.
  const walk = dueLastVisits(ctx, { from, cutoff }, cursor);
  const sessions = await walk.take(MAX_ROWS);
  found.visits += sessions.filter(
    ({ lastVisit }) => lastVisit !== undefined,
  ).length;
  const last = sessions.at(-1);
  return sessions.length < MAX_ROWS || last === undefined
    ? null
    : lastVisitCursor(last);
}

/** @returns the cursor behind the last row read; `null` where there are no more */
async function countRows(
  ctx: QueryCtx,
  table: "visits" | "actions",
  cutoff: number,
  before: number,
  cursor: Cursor,
  found: ByAge,
): Promise<Cursor | null> {
  const going = new Map<Id<"sessions">, boolean>();
  let read = 0;
  let bytes = 0;
  let last: Cursor | null = null;
  for await (const row of dueRows(ctx, table, before, cursor)) {
    if (read >= MAX_ROWS || bytes > MAX_BYTES) return last;
    const { session } = row;
    const goes = going.get(session) ?? (await goesItself(ctx, session, cutoff));
    going.set(session, goes);
    const size = getConvexSize(row);
    read += 1;
    bytes += size;
    last = rowCursor(row);
    if (goes) continue;
    found[table] += 1;
    found.bytes += size;
  }
  return null;
}

/** Whether a purge takes the whole session: it was last active before the cutoff, whether or not it has a lease yet. */
async function goesItself(
  ctx: QueryCtx,
  id: Id<"sessions">,
  cutoff: number,
): Promise<boolean> {
  const session = await ctx.db.get("sessions", id);
  const lastActive = session === null ? null : await activity(ctx, session);
  return lastActive !== null && lastActive < cutoff;
}

async function activity(
  ctx: QueryCtx,
  { state, anonymousId, inactiveSince }: Doc<"sessions">,
): Promise<number | null> {
  if (state !== "active") return inactiveSince ?? null;
  return (await findLease(ctx, anonymousId))?.lastActive ?? null;
}
