/** Finding sessions for an operator: by state, activity, user and creation, in either order. */
import { v, type Infer } from "convex/values";
import type { Doc } from "./_generated/dataModel.js";
import { query, type QueryCtx } from "./_generated/server.js";
import { readCursor, toCursor, type Place } from "./cursors.js";
import { checkInteger } from "./errors.js";
import { toSession, vActivity } from "./sessions.js";
import { isIdle, vSession, vSessionState } from "./shared.js";
import { findLease } from "./visits.js";

const vFound = v.object({
  ...vSession.fields,
  lease: v.union(vActivity, v.null()),
});
type Found = Infer<typeof vFound>;

const vSort = v.union(v.literal("created"), v.literal("active"));
const vOrder = v.union(v.literal("asc"), v.literal("desc"));

/** Times in ms since the epoch; `from` is included, `before` is not. */
const vFilter = v.object({
  /** As readers see it: a session past its idle timeout is expired. */
  state: v.optional(vSessionState),
  userId: v.optional(v.string()),
  createdFrom: v.optional(v.number()),
  createdBefore: v.optional(v.number()),
  /** Last active. */
  activeFrom: v.optional(v.number()),
  activeBefore: v.optional(v.number()),
});
type Filter = Infer<typeof vFilter>;

/** Rows looked at in one call, of each index it walks. */
const SCANNED_AT_ONCE = 1_000;

/**
 * One page. It may hold fewer than `limit`, even none, and yet name a cursor: where the filter finds
 * little, a call stops after so many rows. Reads leases, so that heartbeats re-run it.
 * @throws invalidArgument
 */
export const page = query({
  args: {
    filter: vFilter,
    sort: vSort,
    order: vOrder,
    limit: v.number(),
    cursor: v.optional(v.union(v.string(), v.null())),
  },
  returns: v.object({
    sessions: v.array(vFound),
    cursor: v.union(v.string(), v.null()),
  }),
  handler: async (ctx, { filter, sort, order, limit, cursor = null }) => {
    checkInteger("limit", limit, 1, SCANNED_AT_ONCE);
    const walk: Walk = {
      filter,
      sort,
      order,
      place: cursor === null ? null : readCursor(cursor),
    };
    const streams = await openStreams(ctx, walk);
    const keys = streams
      .flat()
      .sort((a, b) => compare(a, b, order))
      .slice(0, SCANNED_AT_ONCE);
    const sessions: Found[] = [];
    let last: Key | undefined;
    for (const key of keys) {
      if (sessions.length === limit) break;
      last = key;
      const found = await join(ctx, key.row);
      if (found !== null && matches(found, filter)) sessions.push(found);
    }
    const isDone =
      last === keys.at(-1) &&
      streams.every((stream) => stream.length < SCANNED_AT_ONCE);
    return {
      sessions,
      cursor: isDone || last === undefined ? null : toCursor(last.at, last.row),
    };
  },
});

// ── Helpers ─────────────────────────────────────────────────────────────────

interface Walk {
  filter: Filter;
  sort: Infer<typeof vSort>;
  order: Infer<typeof vOrder>;
  place: Place | null;
}

type Row = Doc<"sessions"> | Doc<"leases">;

/** A row and where it stands in the list. */
interface Key {
  at: number;
  row: Row;
}

/** The next rows of each index that together hold what the filter may match. */
async function openStreams(ctx: QueryCtx, walk: Walk): Promise<Key[][]> {
  const { userId, state } = walk.filter;
  if (userId !== undefined) return [await ofUser(ctx, walk, userId)];
  if (walk.sort === "created") return [await byCreation(ctx, walk)];
  const streams: Key[][] = [];
  // An ended session has no lease, and one with a lease is not ended.
  if (state !== "ended") streams.push(await byLease(ctx, walk));
  if (state !== "active") streams.push(await byInactivity(ctx, walk));
  return streams;
}

/** A user has few sessions, so they are sorted here, and no index is kept for each order. */
async function ofUser(
  ctx: QueryCtx,
  { sort, order, place }: Walk,
  userId: string,
): Promise<Key[]> {
  const rows = await ctx.db
    .query("sessions")
    .withIndex("userId", (q) => q.eq("userId", userId))
    .order("desc")
    .take(SCANNED_AT_ONCE - 1);
  const keys: Key[] = [];
  for (const row of rows) {
    const lease =
      sort === "active" ? await findLease(ctx, row.anonymousId) : null;
    const lastActive = lease?.lastActive ?? row.inactiveSince ?? row.createdAt;
    keys.push({ at: sort === "active" ? lastActive : row.createdAt, row });
  }
  return keys.filter((key) => isBeyond(key, place, order));
}

async function byCreation(ctx: QueryCtx, walk: Walk): Promise<Key[]> {
  const { state, createdFrom, createdBefore } = walk.filter;
  const { from, to } = range(walk, createdFrom, createdBefore);
  const sessions = ctx.db.query("sessions");
  // Expired ones are also among those whose row still says active.
  const rows =
    state === undefined || state === "expired"
      ? sessions.withIndex("createdAt", (q) =>
          q.gte("createdAt", from).lte("createdAt", to),
        )
      : sessions.withIndex("state_createdAt", (q) =>
          q.eq("state", state).gte("createdAt", from).lte("createdAt", to),
        );
  return await take(walk, rows.order(walk.order), (row) => row.createdAt);
}

async function byInactivity(ctx: QueryCtx, walk: Walk): Promise<Key[]> {
  const { from, to } = activeRange(walk);
  const rows = ctx.db
    .query("sessions")
    .withIndex("inactiveSince", (q) =>
      q.gte("inactiveSince", from).lte("inactiveSince", to),
    );
  return await take(
    walk,
    rows.order(walk.order),
    (row) => row.inactiveSince ?? 0,
  );
}

async function byLease(ctx: QueryCtx, walk: Walk): Promise<Key[]> {
  const { from, to } = activeRange(walk);
  const rows = ctx.db
    .query("leases")
    .withIndex("lastActive", (q) =>
      q.gte("lastActive", from).lte("lastActive", to),
    );
  return await take(walk, rows.order(walk.order), (row) => row.lastActive);
}

function activeRange(walk: Walk) {
  return range(walk, walk.filter.activeFrom, walk.filter.activeBefore);
}

/** Both ends included, and narrowed to what lies at the cursor or beyond it. */
function range({ order, place }: Walk, from = 0, before = Infinity) {
  if (place === null) return { from, to: before };
  return order === "desc"
    ? { from, to: Math.min(before, place.at) }
    : { from: Math.max(from, place.at), to: before };
}

async function take<Found extends Row>(
  { place, order }: Walk,
  rows: AsyncIterable<Found>,
  atOf: (row: Found) => number,
): Promise<Key[]> {
  const keys: Key[] = [];
  for await (const row of rows) {
    const key = { at: atOf(row), row };
    if (isBeyond(key, place, order)) keys.push(key);
    if (keys.length === SCANNED_AT_ONCE) break;
  }
  return keys;
}

async function join(ctx: QueryCtx, row: Row): Promise<Found | null> {
  const session = await sessionOf(ctx, row);
  if (session === null) return null;
  const lease =
    session.state === "active"
      ? await findLease(ctx, session.anonymousId)
      : null;
  return {
    ...toSession(session),
    lease: lease && {
      lastActive: lease.lastActive,
      actionCount: lease.actionCount,
      idle: isIdle(lease, Date.now()),
    },
  };
}

async function sessionOf(
  ctx: QueryCtx,
  row: Row,
): Promise<Doc<"sessions"> | null> {
  return "session" in row ? await ctx.db.get("sessions", row.session) : row;
}

function matches(found: Found, filter: Filter): boolean {
  const state = found.lease?.idle ? "expired" : found.state;
  const lastActive =
    found.lease?.lastActive ?? found.inactiveSince ?? found.createdAt;
  return (
    (filter.state === undefined || filter.state === state) &&
    isWithin(found.createdAt, filter.createdFrom, filter.createdBefore) &&
    isWithin(lastActive, filter.activeFrom, filter.activeBefore)
  );
}

function isWithin(at: number, from = -Infinity, before = Infinity): boolean {
  return at >= from && at < before;
}

function isBeyond(key: Key, place: Place | null, order: "asc" | "desc") {
  if (place === null) return true;
  const { at, creationTime: _creationTime, id: _id } = place;
  return compare(key, { at, row: { _creationTime, _id } }, order) > 0;
}

function compare(
  a: Key,
  b: { at: number; row: Pick<Row, "_creationTime"> & { _id: string } },
  order: "asc" | "desc",
): number {
  const difference =
    a.at - b.at ||
    a.row._creationTime - b.row._creationTime ||
    (a.row._id < b.row._id ? -1 : a.row._id > b.row._id ? 1 : 0);
  return order === "asc" ? difference : -difference;
}
