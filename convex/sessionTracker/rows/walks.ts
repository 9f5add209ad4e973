/**
 * Walking an index by key: the one way that runs, previews, lists and counts go through rows, page by
 * page, losing and doubling none. A key goes down to the id, because rows share times, even that of
 * their creation.
 */
import type { IndexRange } from "convex/server";
import type { Doc, Id } from "../_generated/dataModel.js";
import type { QueryCtx } from "../_generated/server.js";
import type { Cursor, RunKind, SessionState } from "../shared/shared.js";

/** A row's key in an index that is ordered by a time. */
export interface Place {
  /** The time, in ms since the epoch. */
  at: number;
  creationTime: number;
  id: string;
}

export type Order = "asc" | "desc";

/** Narrows a range builder of convex, whose own type leaves out `_id`, which ends each key. */
type Range = (q: object) => IndexRange;

export interface Walk<Row> {
  /** Opens the index, in the walk's order; fields before the time are its own matter. */
  open: (range: Range, order: Order) => AsyncIterable<Row>;
  /** The field of the time. */
  field: string;
  order: Order;
  /** The last row seen; `null` at the start. */
  after: Place | null;
  /** Included. */
  from?: number | undefined;
  /** Not included. */
  before?: number | undefined;
}

/** The rows behind `after`, one index range for each part of the key that they may share with it. */
export async function* walk<Row>({
  open,
  field,
  order,
  after,
  // A range without it would have the rows in which the field is missing.
  from = -Infinity,
  before = Infinity,
}: Walk<Row>): AsyncGenerator<Row> {
  if (after === null) {
    yield* open(
      within((q) => q.gte(field, from).lt(field, before)),
      order,
    );
    return;
  }
  const { at } = after;
  if (at >= from && at < before) {
    for (const beside of rangesBeside(field, after, order)) {
      yield* open(beside, order);
    }
  }
  if (order === "desc") {
    const end = Math.min(before, at);
    if (from < end) {
      yield* open(
        within((q) => q.gte(field, from).lt(field, end)),
        order,
      );
    }
  } else if (at < before) {
    const start = (q: KeyRange) =>
      at < from ? q.gte(field, from) : q.gt(field, at);
    yield* open(
      within((q) => start(q).lt(field, before)),
      order,
    );
  }
}

/** Up to `count` rows of a walk. */
export async function take<Row>(
  rows: AsyncIterable<Row>,
  count: number,
): Promise<Row[]> {
  const taken: Row[] = [];
  if (count < 1) return taken;
  for await (const row of rows) {
    taken.push(row);
    if (taken.length === count) break;
  }
  return taken;
}

export function placeOf(
  at: number,
  { _creationTime, _id }: { _creationTime: number; _id: string },
): Place {
  return { at, creationTime: _creationTime, id: _id };
}

/** Which of two rows comes first; negative for the first. */
export function comparePlaces(a: Place, b: Place, order: Order): number {
  const difference =
    a.at - b.at ||
    a.creationTime - b.creationTime ||
    (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
  return order === "asc" ? difference : -difference;
}

// ── The indexes ─────────────────────────────────────────────────────────────

/** What narrows a walk. */
export type Stretch = Pick<
  Walk<unknown>,
  "order" | "after" | "from" | "before"
>;

/** By when they were last active. */
export function walkLeases(
  ctx: QueryCtx,
  stretch: Stretch,
): AsyncIterable<Doc<"leases">> {
  return walk({
    ...stretch,
    field: "lastActive",
    open: (range, order) =>
      ctx.db.query("leases").withIndex("lastActive", range).order(order),
  });
}

/** Those not active, by when they were last active. */
export function walkInactive(
  ctx: QueryCtx,
  stretch: Stretch,
): AsyncIterable<Doc<"sessions">> {
  return walk({
    ...stretch,
    field: "inactiveSince",
    open: (range, order) =>
      ctx.db.query("sessions").withIndex("inactiveSince", range).order(order),
  });
}

/** By when they were created, also by those of one state or one user. */
export function walkCreated(
  ctx: QueryCtx,
  of: { state?: SessionState | undefined; userId?: string | undefined },
  stretch: Stretch,
): AsyncIterable<Doc<"sessions">> {
  const { state, userId } = of;
  return walk({
    ...stretch,
    field: "createdAt",
    open: (range, order) => {
      const sessions = ctx.db.query("sessions");
      const ordered =
        userId !== undefined
          ? sessions.withIndex("userId_createdAt", (q) =>
              range(q.eq("userId", userId)),
            )
          : state !== undefined
            ? sessions.withIndex("state_createdAt", (q) =>
                range(q.eq("state", state)),
              )
            : sessions.withIndex("createdAt", range);
      return ordered.order(order);
    },
  });
}

/** All sessions, in the order in which their rows were made. */
export function walkSessions(
  ctx: QueryCtx,
  stretch: Stretch,
): AsyncIterable<Doc<"sessions">> {
  return walk({
    ...stretch,
    field: "_creationTime",
    open: (range, order) =>
      ctx.db
        .query("sessions")
        .withIndex("by_creation_time", range)
        .order(order),
  });
}

/** In the order in which they were made. */
export function walkDebts(
  ctx: QueryCtx,
  stretch: Stretch,
): AsyncIterable<Doc<"hookDebts">> {
  return walk({
    ...stretch,
    field: "_creationTime",
    open: (range, order) =>
      ctx.db
        .query("hookDebts")
        .withIndex("by_creation_time", range)
        .order(order),
  });
}

/** Of one session. */
export function walkActions(
  ctx: QueryCtx,
  session: Id<"sessions">,
  stretch: Stretch,
): AsyncIterable<Doc<"actions">> {
  return walk({
    ...stretch,
    field: "at",
    open: (range, order) =>
      ctx.db
        .query("actions")
        .withIndex("session_at", (q) => range(q.eq("session", session)))
        .order(order),
  });
}

/** By when they started, also by those of one kind. */
export function walkRuns(
  ctx: QueryCtx,
  kind: RunKind | undefined,
  stretch: Stretch,
): AsyncIterable<Doc<"runs">> {
  return walk({
    ...stretch,
    field: "startedAt",
    open: (range, order) => {
      const runs = ctx.db.query("runs");
      const ordered =
        kind === undefined
          ? runs.withIndex("startedAt", range)
          : runs.withIndex("kind_startedAt", (q) => range(q.eq("kind", kind)));
      return ordered.order(order);
    },
  });
}

// ── Runs ────────────────────────────────────────────────────────────────────

/** Where a purge goes on once it has expired all stale leases. */
export const FIRST_SESSION: Cursor = {
  phase: "sessions",
  at: 0,
  creationTime: 0,
  id: "",
};

/** Up to `count` leases last active before the cutoff, oldest first. */
export function leasesAfter(
  ctx: QueryCtx,
  after: Cursor | null,
  cutoff: number,
  count: number,
): Promise<Doc<"leases">[]> {
  const stretch = { order: "asc" as const, after, before: cutoff };
  return take(walkLeases(ctx, stretch), count);
}

/** Up to `count` sessions inactive since before the cutoff, oldest first. */
export function sessionsAfter(
  ctx: QueryCtx,
  cursor: Cursor | null,
  cutoff: number,
  count: number,
): Promise<Doc<"sessions">[]> {
  const after = cursor?.id === FIRST_SESSION.id ? null : cursor;
  const stretch = { order: "asc" as const, after, before: cutoff };
  return take(walkInactive(ctx, stretch), count);
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
  return { phase: "leases", ...placeOf(lease.lastActive, lease) };
}

export function sessionKey(session: Doc<"sessions">): Cursor {
  return { phase: "sessions", ...placeOf(session.inactiveSince ?? 0, session) };
}

// ── Helpers ─────────────────────────────────────────────────────────────────

interface KeyRange extends IndexRange {
  eq(field: string, value: number | string): KeyRange;
  gt(field: string, value: number | string): KeyRange;
  gte(field: string, value: number | string): KeyRange;
  lt(field: string, value: number | string): KeyRange;
}

function within(range: (q: KeyRange) => IndexRange): Range {
  return (q) => range(q as KeyRange);
}

/** Of rows that share the place's time: first those that share its creation too, then the rest. */
function rangesBeside(
  field: string,
  { at, creationTime, id }: Place,
  order: Order,
): Range[] {
  const beyond = (q: KeyRange, last: string, value: number | string) =>
    order === "asc" ? q.gt(last, value) : q.lt(last, value);
  // In the order of their creation that is the time itself.
  if (field === "_creationTime") {
    return [within((q) => beyond(q.eq(field, at), "_id", id))];
  }
  return [
    within((q) =>
      beyond(q.eq(field, at).eq("_creationTime", creationTime), "_id", id),
    ),
    within((q) => beyond(q.eq(field, at), "_creationTime", creationTime)),
  ];
}
