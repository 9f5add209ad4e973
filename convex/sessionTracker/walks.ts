/**
 * Walking the indexes that runs work on, by key from a cursor to a cutoff. Walks start at `gte(0)`:
 * `lt` alone also matches rows in which the field is missing.
 */
import type { Doc, Id } from "./_generated/dataModel.js";
import type { QueryCtx } from "./_generated/server.js";
import type { Cursor, RunKind } from "./shared.js";

/** Where a purge goes on once it has expired all stale leases. */
export const FIRST_SESSION: Cursor = {
  phase: "sessions",
  at: 0,
  creationTime: 0,
  id: "",
};

/** Up to `count` leases last active before the cutoff, oldest first. */
export async function leasesAfter(
  ctx: QueryCtx,
  after: Cursor | null,
  cutoff: number,
  count: number,
): Promise<Doc<"leases">[]> {
  if (after === null) {
    return await ctx.db
      .query("leases")
      .withIndex("lastActive", (q) =>
        q.gte("lastActive", 0).lt("lastActive", cutoff),
      )
      .take(count);
  }
  const beside = await ctx.db
    .query("leases")
    .withIndex("lastActive", (q) =>
      q.eq("lastActive", after.at).gte("_creationTime", after.creationTime),
    )
    .take(count + 1);
  const rows = beside.filter((row) => isAfter(row, after)).slice(0, count);
  if (rows.length === count) return rows;
  const beyond = await ctx.db
    .query("leases")
    .withIndex("lastActive", (q) =>
      q.gt("lastActive", after.at).lt("lastActive", cutoff),
    )
    .take(count - rows.length);
  return [...rows, ...beyond];
}

/** Up to `count` sessions inactive since before the cutoff, oldest first. */
export async function sessionsAfter(
  ctx: QueryCtx,
  after: Cursor | null,
  cutoff: number,
  count: number,
): Promise<Doc<"sessions">[]> {
  if (after === null || after.id === FIRST_SESSION.id) {
    return await ctx.db
      .query("sessions")
      .withIndex("inactiveSince", (q) =>
        q.gte("inactiveSince", 0).lt("inactiveSince", cutoff),
      )
      .take(count);
  }
  const beside = await ctx.db
    .query("sessions")
    .withIndex("inactiveSince", (q) =>
      q.eq("inactiveSince", after.at).gte("_creationTime", after.creationTime),
    )
    .take(count + 1);
  const rows = beside.filter((row) => isAfter(row, after)).slice(0, count);
  if (rows.length === count) return rows;
  const beyond = await ctx.db
    .query("sessions")
    .withIndex("inactiveSince", (q) =>
      q.gt("inactiveSince", after.at).lt("inactiveSince", cutoff),
    )
    .take(count - rows.length);
  return [...rows, ...beyond];
}

/** The row a run would handle next. */
export async function nextRow(
  ctx: QueryCtx,
  run: { kind: RunKind; cutoff: number; cursor: Cursor | null },
): Promise<{ session: Id<"sessions">; cursor: Cursor } | null> {
  const { kind, cutoff, cursor } = run;
  if (cursor?.phase !== "sessions") {
    const [lease] = await leasesAfter(ctx, cursor, cutoff, 1);
    if (lease !== undefined) {
      return { session: lease.session, cursor: leaseKey(lease) };
    }
    if (kind === "expire") return null;
  }
  const from = cursor?.phase === "sessions" ? cursor : null;
  const [session] = await sessionsAfter(ctx, from, cutoff, 1);
  if (session === undefined) return null;
  return { session: session._id, cursor: sessionKey(session) };
}

export function leaseKey(lease: Doc<"leases">): Cursor {
  return {
    phase: "leases",
    at: lease.lastActive,
    creationTime: lease._creationTime,
    id: lease._id,
  };
}

export function sessionKey(session: Doc<"sessions">): Cursor {
  return {
    phase: "sessions",
    at: session.inactiveSince ?? 0,
    creationTime: session._creationTime,
    id: session._id,
  };
}

/** Rows of one moment that were also created in one moment are ordered by id. */
function isAfter(
  row: { _creationTime: number; _id: string },
  cursor: Cursor,
): boolean {
  return row._creationTime === cursor.creationTime
    ? row._id > cursor.id
    : row._creationTime > cursor.creationTime;
}
