/** Figures of visits: by day, which outlive the visitors, and by entry source, of the visits still there. */
import { v, type Infer } from "convex/values";
import type { Doc } from "../_generated/dataModel.js";
import { query, type QueryCtx } from "../_generated/server.js";
import { vDay } from "../shared/days.js";
import { checkInteger, fail } from "../shared/errors.js";
import { MAX_DAYS, MAX_SOURCE_ROWS } from "../shared/limits.js";
import { placeOf, type Place } from "../shared/places.js";
import { DAY_MS } from "../shared/times.js";
import { isBounce, isIdle, sourceOf, type Visit } from "../shared/visits.js";
import { byDay, SHARDS } from "../rows/days.js";
import { merged } from "../rows/merge.js";
import { walkEndedVisits, walkInactive, walkLeases } from "../rows/walks.js";
import { visitOf } from "../visitors/closeVisit.js";

/**
 * What finished visits came to on each UTC day from `from` to `to`, both included: the days that have
 * figures, oldest first. A visit counts on the day on which it began, once it has closed. Reads at most nine
 * documents a day; heartbeats do not re-run it.
 * @throws invalidArgument for what is no day, `to` before `from`, or more than 1,100 days
 */
export const days = query({
  args: { from: v.string(), to: v.string() },
  returns: v.array(vDay),
  handler: async (ctx, { from, to }) => {
    const count = (dayStart("to", to) - dayStart("from", from)) / DAY_MS + 1;
    if (count < 1) {
      refuse("to", `to must not be before from, got ${from} to ${to}.`);
    }
    if (count > MAX_DAYS) {
      refuse(
        "from",
        `from ${from} to ${to} is ${count} days; ask for at most ${MAX_DAYS} at a time.`,
      );
    }
    const rows = await ctx.db
      .query("days")
      .withIndex("day_shard", (q) => q.gte("day", from).lte("day", to))
      .take(count * SHARDS);
    return byDay(rows);
  },
});

const vSource = v.object({
  /** `utm_source` of the entry, or the host of the other site, or "direct". */
  source: v.string(),
  /** Finished visits. */
  visits: v.number(),
  /** Of these, those of less than 10 s of engaged time and without an action. */
  bounces: v.number(),
  /** Engaged time of the finished visits. */
  engagedMs: v.number(),
  /** Visits under way, which the other figures leave out. */
  underWay: v.number(),
});
type Source = Infer<typeof vSource>;

/**
 * Where the visits came from that began on the UTC day `from` or later and are still there, the source of
 * most visits first. Purged and forgotten ones are gone from these figures, and sessions of before visits
 * were kept have none. Goes back from the newest and reads at most `limit` documents (4,000), and one ahead
 * of each index. Reads leases, so that heartbeats re-run it: ask for it now and then, rather than subscribe.
 * @throws invalidArgument
 */
export const sources = query({
  args: { from: v.string(), limit: v.optional(v.number()) },
  returns: v.object({
    sources: v.array(vSource),
    /**
     * Where there are more than `limit`: only visits that were last active after this time are counted, in
     * ms since the epoch. `null`: all are.
     */
    onlyAfter: v.union(v.number(), v.null()),
  }),
  handler: async (ctx, { from, limit = MAX_SOURCE_ROWS }) => {
    checkInteger("limit", limit, 1, MAX_SOURCE_ROWS);
    const since = dayStart("from", from);
    const now = Date.now();
    const visits: SeenVisit[] = [];
    let onlyAfter: number | null = null;
    let read = 0;
    for await (const found of visitRows(ctx, since)) {
      if (read + found.cost > limit) {
        onlyAfter = found.place.at;
        break;
      }
      read += found.cost;
      visits.push(...(await found.visits(now)));
    }
    const end = onlyAfter ?? -Infinity;
    return {
      sources: bySource(
        visits.filter(
          ({ startedAt, endedAt }) => startedAt >= since && endedAt > end,
        ),
      ),
      onlyAfter,
    };
  },
});

// ── Days ────────────────────────────────────────────────────────────────────

/** When the day begins, in ms since the epoch. */
function dayStart(argument: string, day: string): number {
  const at = /^\d{4}-\d{2}-\d{2}$/.test(day) ? Date.parse(day) : NaN;
  // What a calendar does not have, such as the 30th of February, may be read as another day.
  const isDay = !Number.isNaN(at) && new Date(at).toISOString().startsWith(day);
  if (isDay) return at;
  return refuse(
    argument,
    `${argument} must be a day such as 2026-08-01, got ${JSON.stringify(day)}.`,
  );
}

function refuse(argument: string, message: string): never {
  fail("invalidArgument", message, { argument });
}

// ── Sources ─────────────────────────────────────────────────────────────────

interface SeenVisit extends Visit {
  isUnderWay: boolean;
}

/** A row that has visits, at the last activity of the newest of them. */
interface VisitRow {
  place: Place;
  /** Documents read for it. */
  cost: number;
  visits: (now: number) => SeenVisit[] | Promise<SeenVisit[]>;
}

/**
 * The rows that have visits which were active since then, newest first: leases, and their sessions with the
 * visit before; sessions without a lease, with their last; and the visits with rows of their own.
 */
function visitRows(ctx: QueryCtx, since: number): AsyncIterable<VisitRow> {
  const stretch = { order: "desc" as const, after: null, from: since };
  return merged<VisitRow>(
    [
      mapped(walkLeases(ctx, stretch), (lease) => ({
        place: placeOf(lease.lastActive, lease),
        cost: 2,
        visits: (now) => visitsOfLease(ctx, lease, now),
      })),
      mapped(walkInactive(ctx, stretch), (session) => ({
        place: placeOf(session.inactiveSince ?? 0, session),
        cost: 1,
        visits: () => lastVisitOf(session),
      })),
      mapped(walkEndedVisits(ctx, stretch), (visit) => ({
        place: placeOf(visit.endedAt, visit),
        cost: 1,
        visits: () => [{ ...visit, isUnderWay: false }],
      })),
    ],
    "desc",
  );
}

async function* mapped<Row>(
  rows: AsyncIterable<Row>,
  toVisits: (row: Row) => VisitRow,
): AsyncGenerator<VisitRow> {
  for await (const row of rows) yield toVisits(row);
}

async function visitsOfLease(
  ctx: QueryCtx,
  lease: Doc<"leases">,
  now: number,
): Promise<SeenVisit[]> {
  const session = await ctx.db.get("sessions", lease.session);
  if (session === null) return [];
  const visit = visitOf(session, lease, lease.lastActive, "idle");
  return [
    // A visit past its idle timeout is over to every reader, whether or not a run has come by.
    { ...visit, isUnderWay: !isIdle(lease, now) },
    ...lastVisitOf(session),
  ];
}

function lastVisitOf({ lastVisit }: Doc<"sessions">): SeenVisit[] {
  return lastVisit === undefined ? [] : [{ ...lastVisit, isUnderWay: false }];
}

function bySource(visits: SeenVisit[]): Source[] {
  const found = new Map<string, Source>();
  for (const visit of visits) {
    const source = sourceOf(visit.entry);
    const counts = found.get(source) ?? {
      ...{ source, visits: 0, bounces: 0, engagedMs: 0, underWay: 0 },
    };
    found.set(source, counts);
    if (visit.isUnderWay) {
      counts.underWay += 1;
    } else {
      counts.visits += 1;
      counts.bounces += isBounce(visit) ? 1 : 0;
      counts.engagedMs += visit.engagedMs;
    }
  }
  return [...found.values()].sort(
    (a, b) =>
      b.visits + b.underWay - (a.visits + a.underWay) ||
      (a.source < b.source ? -1 : 1),
  );
}
