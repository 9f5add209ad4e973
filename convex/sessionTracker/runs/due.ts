/**
 * The rows due to a run, in the order in which the run comes to them: first leases, then sessions of a
 * purge.
 */
import type { Doc, Id } from "../_generated/dataModel.js";
import type { QueryCtx } from "../_generated/server.js";
import { placeOf } from "../shared/places.js";
import type { RunKind } from "../shared/runKinds.js";
import type { Cursor } from "../shared/runs.js";
import { type Walk, walkInactive, walkLeases } from "../rows/walks.js";
import { readSettings } from "../settings/inForce.js";
import { cutoffBySettings } from "./cutoffs.js";

/** Rows last active strictly before the cutoff and not before `from`, in ms since the epoch. */
export interface Due {
  cutoff: number;
  from?: number | undefined;
}

/** The cursor of a purge that has expired all stale leases and deleted no session yet. */
export const FIRST_SESSION: Cursor = {
  phase: "sessions",
  at: 0,
  creationTime: 0,
  id: "",
};

/** Up to `count` due leases, those idle the longest first. */
export function dueLeases(
  ctx: QueryCtx,
  { cutoff, from }: Due,
  after: Cursor | null,
  count: number,
): Promise<Doc<"leases">[]> {
  const stretch = { order: "asc" as const, after, from, before: cutoff };
  return walkLeases(ctx, stretch).take(count);
}

/** Up to `count` due sessions, those inactive the longest first. */
export function dueSessions(
  ctx: QueryCtx,
  due: Due,
  cursor: Cursor | null,
  count: number,
): Promise<Doc<"sessions">[]> {
  return walkDueSessions(ctx, due, cursor).take(count);
}

/** The due sessions, read one by one: a page does not know how many fit. */
export function walkDueSessions(
  ctx: QueryCtx,
  { cutoff, from }: Due,
  cursor: Cursor | null,
): Walk<Doc<"sessions">> {
  const after = cursor?.id === FIRST_SESSION.id ? null : cursor;
  const stretch = { order: "asc" as const, after, from, before: cutoff };
  return walkInactive(ctx, stretch);
}

/** The session that a run would take next, and the cursor behind it; `null` where nothing is due any more. */
export async function nextRow(
  ctx: QueryCtx,
  run: { kind: RunKind; cutoff: number; cursor: Cursor | null },
): Promise<{ session: Id<"sessions">; cursor: Cursor } | null> {
  const { kind, cursor } = run;
  if (cursor?.phase !== "sessions") {
    const [lease] = await dueLeases(ctx, run, cursor, 1);
    if (lease !== undefined) {
      return { session: lease.session, cursor: leaseCursor(lease) };
    }
    if (kind === "expire") return null;
  }
  const after = cursor?.phase === "sessions" ? cursor : null;
  const [session] = await dueSessions(ctx, run, after, 1);
  if (session === undefined) return null;
  return { session: session._id, cursor: sessionCursor(session) };
}

/**
 * Whether a run of the kind would find anything by the settings in force. Reads only the first row of each index,
 * because a tick with nothing due must cost next to nothing.
 */
export async function anythingDue(
  ctx: QueryCtx,
  kind: RunKind,
  now: number,
): Promise<boolean> {
  const cutoff = cutoffBySettings(kind, await readSettings(ctx), now);
  if (cutoff === null) return false;
  return (await nextRow(ctx, { kind, cutoff, cursor: null })) !== null;
}

export function leaseCursor(lease: Doc<"leases">): Cursor {
  return { phase: "leases", ...placeOf(lease.lastActive, lease) };
}

export function sessionCursor(session: Doc<"sessions">): Cursor {
  return { phase: "sessions", ...placeOf(session.inactiveSince ?? 0, session) };
}
