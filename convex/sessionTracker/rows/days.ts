/**
 * The figures of visits by UTC day. A visit is counted in the transaction in which it closes, so that the figures
 * are exact, and stay when the visitors are purged or forgotten.
 */
import type { Doc } from "../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../_generated/server.js";
import type { Day, DayCounts } from "../shared/days.js";
import { isBounce, type Visit } from "../shared/visits.js";
import type { CountsMany } from "./counters.js";

/** The figures of a visit that has closed, or the figures that a closed visit has gained since. */
export interface ClosedVisit extends DayCounts {
  startedAt: number;
}

/** @param isFirst whether the visit was the visitor's first */
export function closed(visit: Visit, isFirst: boolean): ClosedVisit {
  const { startedAt, engagedMs, actions } = visit;
  return {
    startedAt,
    newVisitors: isFirst ? 1 : 0,
    visits: 1,
    bounces: isBounce(visit) ? 1 : 0,
    engagedMs,
    actions,
  };
}

/** The figures that a closed visit gains by more engaged time, in ms. */
export function gained(visit: Visit, engagedMs: number): ClosedVisit {
  const after = { ...visit, engagedMs: visit.engagedMs + engagedMs };
  return {
    startedAt: visit.startedAt,
    newVisitors: 0,
    visits: 0,
    bounces: Number(isBounce(after)) - Number(isBounce(visit)),
    engagedMs,
    actions: 0,
  };
}

/**
 * Adds to the days on which the visits began: one row for each day.
 * @param of who closed many; left out by mutations that are about one visitor, or one user
 */
export async function countVisits(
  ctx: MutationCtx,
  visits: ClosedVisit[],
  of?: CountsMany,
): Promise<void> {
  const byDay = new Map<string, DayCounts>();
  for (const { startedAt, ...counts } of visits) {
    const day = dayOf(startedAt);
    byDay.set(day, sum(byDay.get(day) ?? NOTHING, counts));
  }
  const shard =
    of === undefined
      ? FIRST_VISITOR_SHARD + Math.floor(Math.random() * VISITOR_SHARDS)
      : SHARD_OF_MANY[of];
  for (const [day, counts] of byDay) {
    await addToShard(ctx, { day, shard }, counts);
  }
}

/**
 * Raises the figures of a day to at least those that are imported, in a shard of their own. The same import again,
 * or into the deployment that it came from, changes nothing.
 * @returns whether they were raised
 */
export async function raiseDay(
  ctx: MutationCtx,
  day: string,
  least: DayCounts,
): Promise<boolean> {
  const has = (await shardsOf(ctx, day)).reduce<DayCounts>(sum, NOTHING);
  const missing = {
    newVisitors: Math.max(0, least.newVisitors - has.newVisitors),
    visits: Math.max(0, least.visits - has.visits),
    bounces: Math.max(0, least.bounces - has.bounces),
    engagedMs: Math.max(0, least.engagedMs - has.engagedMs),
    actions: Math.max(0, least.actions - has.actions),
  };
  if (Object.values(missing).every((count) => count === 0)) return false;
  await addToShard(ctx, { day, shard: IMPORT_SHARD }, missing);
  return true;
}

/** The UTC day of a time in ms since the epoch, as `YYYY-MM-DD`. */
export function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

/** The shards of a day. */
export function shardsOf(ctx: QueryCtx, day: string): Promise<Doc<"days">[]> {
  return ctx.db
    .query("days")
    .withIndex("day_shard", (q) => q.eq("day", day))
    .take(SHARDS);
}

/** The figures of each day of which there are rows, in the order of the rows: those of a day follow each other. */
export function byDay(rows: Doc<"days">[]): Day[] {
  const found = new Map<string, DayCounts>();
  for (const row of rows) {
    found.set(row.day, sum(found.get(row.day) ?? NOTHING, row));
  }
  return [...found].map(([day, counts]) => ({ day, ...counts }));
}

export function sum(a: DayCounts, b: DayCounts): DayCounts {
  return {
    newVisitors: a.newVisitors + b.newVisitors,
    visits: a.visits + b.visits,
    bounces: a.bounces + b.bounces,
    engagedMs: a.engagedMs + b.engagedMs,
    actions: a.actions + b.actions,
  };
}

// ── Shards ──────────────────────────────────────────────────────────────────

/**
 * Who closes many visits at once has a shard, as in the counters: a page of a run may take a second, and would
 * conflict with any visit that closes meanwhile. Imported figures have that of imports.
 */
const IMPORT_SHARD = -1;
const FIRST_VISITOR_SHARD = 2;
const VISITOR_SHARDS = 6;
const SHARD_OF_MANY: Record<CountsMany, number> = {
  expire: 0,
  purge: 1,
  end: 8,
  forget: 9,
  import: IMPORT_SHARD,
};
/** Number of shards that a day may have. */
export const SHARDS = VISITOR_SHARDS + Object.keys(SHARD_OF_MANY).length;

export const NOTHING: DayCounts = {
  newVisitors: 0,
  visits: 0,
  bounces: 0,
  engagedMs: 0,
  actions: 0,
};

// ── Helpers ─────────────────────────────────────────────────────────────────

async function addToShard(
  ctx: MutationCtx,
  { day, shard }: { day: string; shard: number },
  counts: DayCounts,
): Promise<void> {
  const row = await ctx.db
    .query("days")
    .withIndex("day_shard", (q) => q.eq("day", day).eq("shard", shard))
    .unique();
  if (row === null) await ctx.db.insert("days", { day, shard, ...counts });
  else await ctx.db.patch("days", row._id, sum(row, counts));
}
