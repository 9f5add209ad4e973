/** The finished visits of a session, merged with those that an import brings. */
import type { Doc } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { fail } from "../../shared/errors.js";
import type { Visit } from "../../shared/visits.js";
import { closed, type ClosedVisit } from "../../rows/days.js";
import type { Patch } from "../../rows/patch.js";

/** A finished visit that an import brings. */
export interface Incoming {
  visit: Visit;
  /**
   * Set where the visit was under way until this import closes it: its day counts it then. The days of other
   * visits come with the lines of days.
   */
  closesHere?: { isFirst: boolean };
  /** The visit was under way here, so that it is no other one, though one may have begun in the same millisecond. */
  isOwn?: true;
}

export interface MergedVisits {
  /** The changes of the session. */
  patch: Patch<
    Pick<Doc<"sessions">, "lastVisit" | "visitRows" | "visitIds" | "engagedMs">
  >;
  /** Number of finished visits that the session did not have; those that close here it had under way. */
  added: number;
  /** What the days are to count. */
  closed: ClosedVisit[];
}

/**
 * What a new session has of finished visits: the latest one in its own row, `rows` for the others.
 * @param least the least engaged time of all of them, in ms
 */
export function keepAll(incoming: Incoming[], least = 0) {
  const visits = incoming.toSorted(byStart).map(({ visit }) => visit);
  const lastVisit = visits.pop();
  const engagedMs = Math.max(least, engagementOf(incoming));
  return {
    rows: visits,
    closed: closedHere(incoming),
    ...(lastVisit === undefined ? {} : { lastVisit }),
    ...(visits.length === 0 ? {} : { visitRows: visits.length }),
    ...(engagedMs === 0 ? {} : { engagedMs }),
  };
}

/** The most visits of the session that are read to find out which ones are new. */
const MAX_COMPARED_VISITS = 2_000;

/**
 * The union: a visit is known by its start, and of two with one start the one that went on for longer counts.
 * The latest one becomes the session's last visit, the others have rows of their own.
 * @param options.inLease number of visits under way, 0 or 1
 * @param options.engagedMs the least engaged time of the session's finished visits, in ms
 * @throws batchTooLarge
 */
export async function mergeVisits(
  ctx: MutationCtx,
  session: Doc<"sessions">,
  incoming: Incoming[],
  { inLease, engagedMs: least }: { inLease: number; engagedMs: number },
): Promise<MergedVisits> {
  const { visitRows = 0, engagedMs = 0, lastVisit } = session;
  // Visits that the session counts without having them, purged by age say, may be those that are new here.
  const had = visitRows + (lastVisit === undefined ? 0 : 1) + inLease;
  const missing = Math.max(0, session.visits - had);
  const known = await knownVisits(ctx, session, incoming);
  const fresh: Incoming[] = [];
  let last = lastVisit;
  let gainedMs = 0;
  for (const one of incoming.toSorted(byStart)) {
    const same = one.isOwn
      ? undefined
      : known.byStart.get(one.visit.startedAt)?.shift();
    if (same === undefined) {
      fresh.push(one);
    } else if (isLonger(one.visit, same.visit)) {
      gainedMs += one.visit.engagedMs - same.visit.engagedMs;
      if (same.row === null) last = one.visit;
      else {
        const row = { session: session._id, ...one.visit };
        await ctx.db.replace("visits", same.row, row);
      }
    }
  }
  const newest = fresh.at(-1)?.visit;
  const rows = fresh.map(({ visit }) => visit);
  if (newest !== undefined && !(last && last.startedAt > newest.startedAt)) {
    rows.pop();
    if (last !== undefined) rows.push(last);
    last = newest;
  }
  for (const visit of rows) {
    await ctx.db.insert("visits", { session: session._id, ...visit });
  }
  const total = Math.max(
    engagedMs,
    least,
    known.areAll
      ? known.engagedMs + gainedMs + engagementOf(fresh)
      : engagedMs + gainedMs + engagementOf(fresh.slice(missing)),
  );
  return {
    patch: {
      ...(last === lastVisit ? {} : { lastVisit: last, isStripped: undefined }),
      ...(rows.length === 0
        ? {}
        : { visitRows: visitRows + rows.length, visitIds: undefined }),
      ...(total === engagedMs ? {} : { engagedMs: total }),
    },
    added: fresh.filter(({ closesHere }) => !closesHere).length,
    closed: closedHere(fresh),
  };
}

// ── Helpers ─────────────────────────────────────────────────────────────────

interface Known {
  visit: Visit;
  /** `null` for the session's last visit, which has no row. */
  row: Doc<"visits">["_id"] | null;
}

/**
 * The session's visits by start, of one start in the order of their ends: all of them, or where there are very
 * many those from the first incoming one to the last.
 */
async function knownVisits(
  ctx: MutationCtx,
  { _id, visitRows = 0, lastVisit }: Doc<"sessions">,
  incoming: Incoming[],
): Promise<{
  byStart: Map<number, Known[]>;
  engagedMs: number;
  areAll: boolean;
}> {
  const known: Known[] = [];
  const areAll = visitRows <= MAX_COMPARED_VISITS;
  if (visitRows > 0 && incoming.length > 0) {
    const starts = incoming.map(({ visit }) => visit.startedAt);
    const from = areAll ? -Infinity : Math.min(...starts);
    const to = areAll ? Infinity : Math.max(...starts);
    const rows = await ctx.db
      .query("visits")
      .withIndex("session_startedAt", (q) =>
        q.eq("session", _id).gte("startedAt", from).lte("startedAt", to),
      )
      .take(MAX_COMPARED_VISITS + 1);
    if (rows.length > MAX_COMPARED_VISITS) {
      fail(
        "batchTooLarge",
        `The session has more than ${MAX_COMPARED_VISITS} visits from ${from} to ${to}: send its visits in time order, fewer in a call.`,
      );
    }
    known.push(...rows.map((row) => ({ visit: row, row: row._id })));
  }
  if (lastVisit !== undefined) known.push({ visit: lastVisit, row: null });
  const byTime = new Map<number, Known[]>();
  for (const one of known.toSorted(byStart)) {
    const { startedAt } = one.visit;
    byTime.set(startedAt, [...(byTime.get(startedAt) ?? []), one]);
  }
  return { byStart: byTime, engagedMs: engagementOf(known), areAll };
}

function closedHere(visits: Incoming[]): ClosedVisit[] {
  return visits.flatMap(({ visit, closesHere }) =>
    closesHere === undefined ? [] : [closed(visit, closesHere.isFirst)],
  );
}

function isLonger(a: Visit, b: Visit): boolean {
  return (
    a.endedAt > b.endedAt ||
    (a.endedAt === b.endedAt && a.engagedMs > b.engagedMs)
  );
}

function byStart(a: { visit: Visit }, b: { visit: Visit }): number {
  return (
    a.visit.startedAt - b.visit.startedAt || a.visit.endedAt - b.visit.endedAt
  );
}

function engagementOf(visits: { visit: Visit }[]): number {
  return visits.reduce((sum, { visit }) => sum + visit.engagedMs, 0);
}
