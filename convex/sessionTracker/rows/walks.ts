/**
 * Walks over indexes: the one way in which runs, previews, lists, exports, archives and counts go through
 * rows, page by page, without losing or repeating a row. A walk goes on after a place, a key that goes down to
 * the row's id as an index does, so that any number of rows may share a time, even that of their creation.
 */
import type { IndexRange } from "convex/server";
import type { Doc, Id } from "../_generated/dataModel.js";
import type { QueryCtx } from "../_generated/server.js";
import type { AuditWhat } from "../shared/audit.js";
import {
  comparePlaces,
  type Order,
  type Place,
  placeOf,
} from "../shared/places.js";
import type { RunKind } from "../shared/runs/kinds.js";
import type { SessionState } from "../shared/sessions.js";
import type { DeliveryStatus } from "../shared/webhooks/webhook.js";
import { merged } from "./merge.js";

/** The part of an index that a walk covers. */
export interface Stretch {
  order: Order;
  /** The place of the last row seen; `null` at the start. */
  after: Place | null;
  /** The earliest time, included, in ms since the epoch. @default no bound */
  from?: number | undefined;
  /** The end of the times, not included, in ms since the epoch. @default no bound */
  before?: number | undefined;
}

/** The rows of a walk, read only as far as the caller asks for them. */
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

/** Sessions that are not active, by last activity. */
export function walkInactive(
  ctx: QueryCtx,
  stretch: Stretch,
): Walk<Doc<"sessions">> {
  const { order } = stretch;
  const unstripped = walkUnstripped(ctx, stretch);
  const stripped = walkInactiveThat(ctx, true, stretch);
  const walks = [unstripped, stripped];
  return {
    async *[Symbol.asyncIterator]() {
      if ((await stripped.take(1)).length === 0) {
        yield* unstripped;
        return;
      }
      for await (const { row } of merged(walks.map(placed), order)) yield row;
    },
    async take(count) {
      const rows: Doc<"sessions">[] = [];
      for (const one of walks) rows.push(...(await one.take(count)));
      return rows
        .sort((a, b) =>
          comparePlaces(inactivePlace(a), inactivePlace(b), order),
        )
        .slice(0, count);
    },
  };
}

/** Those of them whose last visit no purge has taken, by last activity. */
export function walkUnstripped(
  ctx: QueryCtx,
  stretch: Stretch,
): Walk<Doc<"sessions">> {
  return walkInactiveThat(ctx, undefined, stretch);
}

/** Sessions by `createdAt`: all of them, or those of one user, or else those of one state. */
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

/** Debts of hooks, in the order in which their rows were made. */
export function walkDebts(
  ctx: QueryCtx,
  stretch: Stretch,
): Walk<Doc<"hookDebts">> {
  return walk("_creationTime", stretch, (range, order) =>
    ctx.db.query("hookDebts").withIndex("by_creation_time", range).order(order),
  );
}

/** Actions of one session, by time. */
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

/** Visits of one session that have rows of their own, by start. */
export function walkVisits(
  ctx: QueryCtx,
  session: Id<"sessions">,
  stretch: Stretch,
): Walk<Doc<"visits">> {
  return walk("startedAt", stretch, (range, order) =>
    ctx.db
      .query("visits")
      .withIndex("session_startedAt", (q) => range(q.eq("session", session)))
      .order(order),
  );
}

/** Visits of all sessions that have rows of their own, by end. */
export function walkEndedVisits(
  ctx: QueryCtx,
  stretch: Stretch,
): Walk<Doc<"visits">> {
  return walk("endedAt", stretch, (range, order) =>
    ctx.db.query("visits").withIndex("endedAt", range).order(order),
  );
}

/** Actions of all sessions, by time. */
export function walkAllActions(
  ctx: QueryCtx,
  stretch: Stretch,
): Walk<Doc<"actions">> {
  return walk("at", stretch, (range, order) =>
    ctx.db.query("actions").withIndex("at", range).order(order),
  );
}

/** Runs by start: all of them, or those of one kind. */
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

/** Entries of the audit log by time: all of them, or those of one kind. */
export function walkAudit(
  ctx: QueryCtx,
  what: AuditWhat | undefined,
  stretch: Stretch,
): Walk<Doc<"audit">> {
  return walk("at", stretch, (range, order) => {
    const entries = ctx.db.query("audit");
    const ordered =
      what === undefined
        ? entries.withIndex("at", range)
        : entries.withIndex("what_at", (q) => range(q.eq("what", what)));
    return ordered.order(order);
  });
}

/** Deliveries by the time of their event: of one webhook, or of all; with one status, or with any. */
export function walkDeliveries(
  ctx: QueryCtx,
  of: {
    webhook?: Id<"webhooks"> | undefined;
    status?: DeliveryStatus | undefined;
  },
  stretch: Stretch,
): Walk<Doc<"deliveries">> {
  const { webhook, status } = of;
  return walk("at", stretch, (range, order) => {
    const rows = ctx.db.query("deliveries");
    const ordered =
      webhook === undefined
        ? status === undefined
          ? rows.withIndex("at", range)
          : rows.withIndex("status_at", (q) => range(q.eq("status", status)))
        : status === undefined
          ? rows.withIndex("webhook_at", (q) => range(q.eq("webhook", webhook)))
          : rows.withIndex("webhook_status_at", (q) =>
              range(q.eq("webhook", webhook).eq("status", status)),
            );
    return ordered.order(order);
  });
}

// ── Helpers ─────────────────────────────────────────────────────────────────

function walkInactiveThat(
  ctx: QueryCtx,
  isStripped: true | undefined,
  stretch: Stretch,
): Walk<Doc<"sessions">> {
  return walk("inactiveSince", stretch, (range, order) =>
    ctx.db
      .query("sessions")
      .withIndex("isStripped_inactiveSince", (q) =>
        range(q.eq("isStripped", isStripped)),
      )
      .order(order),
  );
}

async function* placed(
  rows: AsyncIterable<Doc<"sessions">>,
): AsyncGenerator<{ place: Place; row: Doc<"sessions"> }> {
  for await (const row of rows) yield { place: inactivePlace(row), row };
}

function inactivePlace(row: Doc<"sessions">): Place {
  return placeOf(row.inactiveSince ?? 0, row);
}

/**
 * Narrows a range of an index. Convex's own type of the builder leaves out `_id`, the last field of each
 * index.
 */
type Range = (q: object) => IndexRange;

interface KeyRange extends IndexRange {
  eq(field: string, value: number | string): KeyRange;
  gt(field: string, value: number | string): KeyRange;
  gte(field: string, value: number | string): KeyRange;
  lt(field: string, value: number | string): KeyRange;
}

/**
 * @param field the index's field that holds the time
 * @param open queries the index in a range, with the fields before the time set
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

/**
 * The index ranges that together hold the rest of a stretch, in its order: one for each part of the key that
 * rows may share with the last row seen.
 */
function* ranges(
  field: string,
  { order, after, from = -Infinity, before }: Stretch,
): Generator<Range> {
  const until = (q: KeyRange, end: number | undefined) =>
    end === undefined ? q : q.lt(field, end);
  // A range without a lower end would include rows in which the field is missing.
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

/**
 * The ranges of rows that share the place's time: first those that share its creation time too, then the
 * rest.
 */
function* rangesBeside(
  field: string,
  { at, creationTime, id }: Place,
  order: Order,
): Generator<Range> {
  const beyond = (q: KeyRange, last: string, value: number | string) =>
    order === "asc" ? q.gt(last, value) : q.lt(last, value);
  // In the order of creation the creation time is the place's time itself.
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
