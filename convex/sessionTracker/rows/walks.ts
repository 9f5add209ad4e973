/**
 * Walking an index by key: the one way that runs, previews, lists, exports, archives and counts go through
 * rows, page by page, losing and doubling none. A key goes down to the id, as that of an index does, because
 * rows share times, even that of their creation: so it does not matter how many share one.
 */
import type { IndexRange } from "convex/server";
import type { Doc, Id } from "../_generated/dataModel.js";
import type { QueryCtx } from "../_generated/server.js";
import type { Order, Place } from "../shared/places.js";
import type { RunKind } from "../shared/runKinds.js";
import type { SessionState } from "../shared/sessions.js";

/** The part of an index that a walk covers. */
export interface Stretch {
  order: Order;
  /** The last row seen; `null` at the start. */
  after: Place | null;
  /** The lowest time, included. */
  from?: number | undefined;
  /** The end of the times, not included. */
  before?: number | undefined;
}

/** Rows that are read only as far as they are asked for. */
export interface Walk<Row> extends AsyncIterable<Row> {
  take(count: number): Promise<Row[]>;
}

// ── The indexes ─────────────────────────────────────────────────────────────

/** Leases by last activity. */
export function walkLeases(
  ctx: QueryCtx,
  stretch: Stretch,
): Walk<Doc<"leases">> {
  return walk("lastActive", stretch, (range, order) =>
    ctx.db.query("leases").withIndex("lastActive", range).order(order),
  );
}

/** Inactive sessions by last activity. */
export function walkInactive(
  ctx: QueryCtx,
  stretch: Stretch,
): Walk<Doc<"sessions">> {
  return walk("inactiveSince", stretch, (range, order) =>
    ctx.db.query("sessions").withIndex("inactiveSince", range).order(order),
  );
}

/** Sessions by creation, all or those of one state or one user. */
export function walkCreated(
  ctx: QueryCtx,
  of: { state?: SessionState | undefined; userId?: string | undefined },
  stretch: Stretch,
): Walk<Doc<"sessions">> {
  const { state, userId } = of;
  return walk("createdAt", stretch, (range, order) => {
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
  });
}

/** All sessions, in the order in which their rows were made. */
export function walkSessions(
  ctx: QueryCtx,
  stretch: Stretch,
): Walk<Doc<"sessions">> {
  return walk("_creationTime", stretch, (range, order) =>
    ctx.db.query("sessions").withIndex("by_creation_time", range).order(order),
  );
}

/** Debts of hooks in the order in which they were made. */
export function walkDebts(
  ctx: QueryCtx,
  stretch: Stretch,
): Walk<Doc<"hookDebts">> {
  return walk("_creationTime", stretch, (range, order) =>
    ctx.db.query("hookDebts").withIndex("by_creation_time", range).order(order),
  );
}

/** Actions of one session. */
export function walkActions(
  ctx: QueryCtx,
  session: Id<"sessions">,
  stretch: Stretch,
): Walk<Doc<"actions">> {
  return walk("at", stretch, (range, order) =>
    ctx.db
      .query("actions")
      .withIndex("session_at", (q) => range(q.eq("session", session)))
      .order(order),
  );
}

/** Runs by their start, all or those of one kind. */
export function walkRuns(
  ctx: QueryCtx,
  kind: RunKind | undefined,
  stretch: Stretch,
): Walk<Doc<"runs">> {
  return walk("startedAt", stretch, (range, order) => {
    const runs = ctx.db.query("runs");
    const ordered =
      kind === undefined
        ? runs.withIndex("startedAt", range)
        : runs.withIndex("kind_startedAt", (q) => range(q.eq("kind", kind)));
    return ordered.order(order);
  });
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/** Narrows a range builder of convex, whose own type leaves out `_id`, which ends each key. */
type Range = (q: object) => IndexRange;

interface KeyRange extends IndexRange {
  eq(field: string, value: number | string): KeyRange;
  gt(field: string, value: number | string): KeyRange;
  gte(field: string, value: number | string): KeyRange;
  lt(field: string, value: number | string): KeyRange;
}

/**
 * @param field the index's field of the time
 * @param open opens the index, with any fields before the time set
 */
function walk<Row>(
  field: string,
  stretch: Stretch,
  open: (range: Range, order: Order) => Walk<Row>,
): Walk<Row> {
  const { order } = stretch;
  return {
    async *[Symbol.asyncIterator]() {
      for (const range of ranges(field, stretch)) yield* open(range, order);
    },
    async take(count) {
      const rows: Row[] = [];
      for (const range of ranges(field, stretch)) {
        if (rows.length >= count) break;
        rows.push(...(await open(range, order).take(count - rows.length)));
      }
      return rows;
    },
  };
}

/** One index range for each part of the key that rows may share with the last one seen. */
function* ranges(
  field: string,
  { order, after, from = -Infinity, before }: Stretch,
): Generator<Range> {
  const until = (q: KeyRange, end: number | undefined) =>
    end === undefined ? q : q.lt(field, end);
  // Without a lower end a range would have the rows in which the field is missing.
  const between = (end: number | undefined) =>
    within((q) => until(q.gte(field, from), end));
  if (after === null) {
    yield between(before);
    return;
  }
  const { at } = after;
  const isBefore = before === undefined || at < before;
  if (at >= from && isBefore) yield* rangesBeside(field, after, order);
  if (order === "desc") {
    const end = isBefore ? at : before;
    if (from < end) yield between(end);
  } else if (at < from) {
    yield between(before);
  } else if (isBefore) {
    yield within((q) => until(q.gt(field, at), before));
  }
}

/** Ranges of rows that share the place's time: first those that share its creation too, then the rest. */
function* rangesBeside(
  field: string,
  { at, creationTime, id }: Place,
  order: Order,
): Generator<Range> {
  const beyond = (q: KeyRange, last: string, value: number | string) =>
    order === "asc" ? q.gt(last, value) : q.lt(last, value);
  // In the order of their creation that is the time itself.
  if (field === "_creationTime") {
    yield within((q) => beyond(q.eq(field, at), "_id", id));
    return;
  }
  yield within((q) =>
    beyond(q.eq(field, at).eq("_creationTime", creationTime), "_id", id),
  );
  yield within((q) => beyond(q.eq(field, at), "_creationTime", creationTime));
}

function within(range: (q: KeyRange) => IndexRange): Range {
  return (q) => range(q as KeyRange);
}
