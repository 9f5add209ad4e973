/** What is due to a run, in the order in which it comes to it: a purge first has stale leases, then sessions. */
import type { Doc, Id } from "../_generated/dataModel.js";
import type { QueryCtx } from "../_generated/server.js";
import { placeOf } from "../shared/places.js";
import type { RunKind } from "../shared/runKinds.js";
import type { Cursor } from "../shared/runs.js";
import { walkInactive, walkLeases } from "../rows/walks.js";
import { readSettings } from "../settings/inForce.js";
import { cutoffBySettings } from "./cutoffs.js";

/** The rows last active before the cutoff, and from `from` on. */
export interface Due {
  cutoff: number;
  from?: number | undefined;
}

/** Where a purge goes on once it has expired all stale leases. */
export const FIRST_SESSION: Cursor = {
  phase: "sessions",
  at: 0,
  creationTime: 0,
  id: "",
};

/** Up to `count` leases, idle the longest first. */
export function dueLeases(
  ctx: QueryCtx,
  { cutoff, from }: Due,
  after: Cursor | null,
  count: number,
): Promise<Doc<"leases">[]> {
  const stretch = { order: "asc" as const, after, from, before: cutoff };
  return walkLeases(ctx, stretch).take(count);
}

/** Up to `count` sessions, inactive the longest first. */
export function dueSessions(
  ctx: QueryCtx,
  { cutoff, from }: Due,
  cursor: Cursor | null,
  count: number,
): Promise<Doc<"sessions">[]> {
  const after = cursor?.id === FIRST_SESSION.id ? null : cursor;
  const stretch = { order: "asc" as const, after, from, before: cutoff };
  return walkInactive(ctx, stretch).take(count);
}

/** The row that a run would handle next. */
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

/** Looks at the head of the index only: a tick with nothing due must cost next to nothing. */
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
