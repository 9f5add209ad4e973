/** Searching sessions for an operator: by state, activity, user and creation, in either order. */
import { v, type Infer } from "convex/values";
import type { Doc } from "../_generated/dataModel.js";
import { query, type QueryCtx } from "../_generated/server.js";
import { checkInteger } from "../shared/errors.js";
import { MAX_LISTED } from "../shared/limits.js";
import { comparePlaces, placeOf, type Place } from "../shared/places.js";
import { vSession, vSessionState } from "../shared/sessions.js";
import { sourceOf } from "../shared/visits.js";
import { readCursor, toCursor } from "../rows/cursors.js";
import { merged } from "../rows/merge.js";
import {
  walkCreated,
  walkInactive,
  walkLeases,
  type Stretch,
} from "../rows/walks.js";
import {
  findLease,
  toActivity,
  toSession,
  vActivity,
} from "../rows/sessions.js";

const vFound = v.object({
  ...vSession.fields,
  lease: v.union(vActivity, v.null()),
});
type Found = Infer<typeof vFound>;

const vSort = v.union(v.literal("created"), v.literal("active"));
const vOrder = v.union(v.literal("asc"), v.literal("desc"));

/** The sessions to find. Times are in ms since the epoch; a `…From` is included, a `…Before` is not. */
const vFilter = v.object({
  /**
   * The state as readers see it: a session past its idle timeout is expired, whether or not a run came by.
   */
  state: v.optional(vSessionState),
  userId: v.optional(v.string()),
  createdFrom: v.optional(v.number()),
  createdBefore: v.optional(v.number()),
  /** The earliest time of last activity. */
  activeFrom: v.optional(v.number()),
  activeBefore: v.optional(v.number()),
  // No index serves the two filters below, which every purge would have to pay for; the rows of whichever
  // index serves the others are looked at.
  /** Where the first visit came from: its `utm_source`, or the other site's host, or "direct". */
  source: v.optional(v.string()),
  /** The least engaged time of all visits, the one under way included, in ms. */
  minEngagedMs: v.optional(v.number()),
});
type Filter = Infer<typeof vFilter>;

/** The most rows that one call looks at. */
const SCANNED_AT_ONCE = MAX_LISTED;

/**
 * One page of the sessions found. A page may hold fewer sessions than `limit`, even none, and yet have a cursor:
 * where few rows match the filter, a call stops after looking at 1,000 rows. Call again with the cursor until it
 * is `null`. The query reads leases, so that heartbeats re-run it.
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
    /** The rows that were looked at, found or not. */
    scanned: v.number(),
  }),
  handler: async (ctx, { filter, sort, order, limit, cursor = null }) => {
    checkInteger("limit", limit, 1, MAX_LISTED);
    const search: Search = {
      filter,
      sort,
      order,
      after: cursor === null ? null : readCursor(cursor),
    };
    const sessions: Found[] = [];
    let last: Place | undefined;
    let scanned = 0;
    for await (const { place, row } of keysOf(ctx, search)) {
      const isFull = sessions.length === limit || scanned === SCANNED_AT_ONCE;
      if (isFull && last !== undefined) {
        return { sessions, cursor: toCursor(last), scanned };
      }
      last = place;
      scanned += 1;
      const found = await join(ctx, row);
      if (found !== null && matches(found, filter)) sessions.push(found);
    }
    return { sessions, cursor: null, scanned };
  },
});

// ── Helpers ─────────────────────────────────────────────────────────────────

interface Search extends Pick<Stretch, "order" | "after"> {
  filter: Filter;
  sort: Infer<typeof vSort>;
}

type Row = Doc<"sessions"> | Doc<"leases">;

/** A row and its place in the list; a session with a lease has the place of its lease. */
interface Key {
  place: Place;
  row: Row;
}

/**
 * The rows of the indexes that together hold all sessions which the filter may match, read as they are
 * asked for.
 */
async function* keysOf(ctx: QueryCtx, search: Search): AsyncGenerator<Key> {
  const { sort, order, filter } = search;
  const { userId, state } = filter;
  if (sort === "created") {
    yield* byCreation(ctx, search);
    return;
  }
  const ofUser = userId === undefined ? null : await ofFew(ctx, search, userId);
  if (ofUser !== null) {
    yield* ofUser;
    return;
  }
  const streams: AsyncIterable<Key>[] = [];
  // An ended session has no lease, and a session with a lease is not ended.
  if (state !== "ended") {
    streams.push(keyed(walkLeases(ctx, activeStretch(search)), leaseKey));
  }
  if (state !== "active") {
    streams.push(keyed(walkInactive(ctx, activeStretch(search)), inactiveKey));
  }
  yield* merged(streams, order);
}

/**
 * A user's sessions by activity, for which there is no index: most users have few sessions, which are sorted here.
 * `null` for a user with many sessions; these are found among the sessions of all users, by the same places.
 */
async function ofFew(
  ctx: QueryCtx,
  { order, after }: Search,
  userId: string,
): Promise<Key[] | null> {
  const whole = { order, after: null };
  const rows = await walkCreated(ctx, { userId }, whole).take(
    SCANNED_AT_ONCE + 1,
  );
  if (rows.length > SCANNED_AT_ONCE) return null;
  const keys: Key[] = [];
  for (const row of rows) {
    const lease =
      row.state === "active" ? await findLease(ctx, row.anonymousId) : null;
    keys.push(lease === null ? inactiveKey(row) : leaseKey(lease));
  }
  return keys
    .filter(({ place }) => !after || comparePlaces(place, after, order) > 0)
    .sort((a, b) => comparePlaces(a.place, b.place, order));
}

function byCreation(ctx: QueryCtx, search: Search): AsyncIterable<Key> {
  const { filter, order, after } = search;
  const { createdFrom: from, createdBefore: before, userId, state } = filter;
  // Expired sessions are also among those whose row still says active.
  const of = { userId, state: state === "expired" ? undefined : state };
  const stretch = { order, after, from, before };
  return keyed(walkCreated(ctx, of, stretch), (row) => ({
    place: placeOf(row.createdAt, row),
    row,
  }));
}

function activeStretch({ filter, order, after }: Search): Stretch {
  return { order, after, from: filter.activeFrom, before: filter.activeBefore };
}

async function* keyed<Found extends Row>(
  rows: AsyncIterable<Found>,
  keyOf: (row: Found) => Key,
): AsyncGenerator<Key> {
  for await (const row of rows) yield keyOf(row);
}

function inactiveKey(row: Doc<"sessions">): Key {
  return { place: placeOf(row.inactiveSince ?? row.createdAt, row), row };
}

function leaseKey(row: Doc<"leases">): Key {
  return { place: placeOf(row.lastActive, row), row };
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
    lease: lease && toActivity(lease, Date.now()),
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
  const engagedMs = found.engagedMs + (found.lease?.engagedMs ?? 0);
  return (
    (filter.state === undefined || filter.state === state) &&
    (filter.userId === undefined || filter.userId === found.userId) &&
    (filter.source === undefined ||
      filter.source === sourceOf(found.firstEntry)) &&
    engagedMs >= (filter.minEngagedMs ?? 0) &&
    isWithin(found.createdAt, filter.createdFrom, filter.createdBefore) &&
    isWithin(lastActive, filter.activeFrom, filter.activeBefore)
  );
}

function isWithin(at: number, from = -Infinity, before = Infinity): boolean {
  return at >= from && at < before;
}
