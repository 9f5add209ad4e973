/**
 * How many calls of visitors were refused, hour by hour for a day. Each count is spread over shards, and in each
 * shard only its first calls of the hour are counted one by one; then one in two adds 2, from twice as many on one in
 * four adds 4, and so on, drawn at random. So a million refused calls in an hour write about 2,000 times, and
 * the count is off by about 5 %; that of a hundred is exact.
 */
import { v, type Infer } from "convex/values";
import type { Doc } from "../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../_generated/server.js";
import { DAY_MS, HOUR_MS } from "../shared/times.js";

export const vRefusalCounts = v.object({
  /** New visitors beyond `maxNewSessionsPerMinute`. */
  newSessions: v.number(),
  /** New visitors beyond `maxNewSessionsPerMinutePerAddress`. */
  ofAddress: v.number(),
  /** Actions beyond `maxActionsPerMinute`. */
  actionsPerMinute: v.number(),
  /** Actions beyond `maxActionsPerSession`. */
  actionsPerSession: v.number(),
});
export type RefusalCounts = Infer<typeof vRefusalCounts>;

/** The calls that were refused in the last 24 hours, by the full hour. */
export const vRefusals = v.object({
  ...vRefusalCounts.fields,
  /** When a call was last counted, in ms since the epoch; `null` where none was. */
  lastAt: v.union(v.number(), v.null()),
});
export type Refusals = Infer<typeof vRefusals>;

/** Counts a call that is refused: it reads one row, and writes it or nothing. */
export async function countRefusal(
  ctx: MutationCtx,
  what: keyof RefusalCounts,
  now: number,
): Promise<void> {
  const shard = Math.floor(Math.random() * SHARDS);
  const row = await ctx.db
    .query("refusals")
    .withIndex("shard", (q) => q.eq("shard", shard))
    .unique();
  const hour = hourOf(now);
  const hours = hoursOf(row, now);
  const counts = hours.find((one) => one.hour === hour) ?? { hour, ...NONE };
  const step = stepAt(counts[what]);
  if (Math.random() * step >= 1) return;
  const next = {
    shard,
    lastAt: now,
    hours: [
      ...hours.filter((one) => one.hour !== hour),
      { ...counts, [what]: counts[what] + step },
    ],
  };
  if (row === null) await ctx.db.insert("refusals", next);
  else await ctx.db.replace("refusals", row._id, next);
}

export async function readRefusals(
  ctx: QueryCtx,
  now: number,
): Promise<Refusals> {
  const rows = await ctx.db.query("refusals").withIndex("shard").take(SHARDS);
  const sum: Refusals = { ...NONE, lastAt: null };
  for (const row of rows) {
    const hours = hoursOf(row, now);
    for (const counts of hours) {
      for (const what of KINDS) sum[what] += counts[what];
    }
    if (hours.length > 0) sum.lastAt = Math.max(sum.lastAt ?? 0, row.lastAt);
  }
  return sum;
}

// ── Helpers ─────────────────────────────────────────────────────────────────

const SHARDS = 16;
/** So many calls of an hour a shard counts one by one. */
const EXACT = 16;

const NONE: RefusalCounts = {
  newSessions: 0,
  ofAddress: 0,
  actionsPerMinute: 0,
  actionsPerSession: 0,
};
const KINDS = Object.keys(NONE) as (keyof RefusalCounts)[];

/** What a counted call adds: a power of two, so that the count stays a whole number. */
function stepAt(count: number): number {
  return count < EXACT ? 1 : 2 ** Math.floor(Math.log2(count / EXACT) + 1);
}

function hourOf(at: number): number {
  return at - (at % HOUR_MS);
}

/** The hours of the last day. Those that a clock wrote which was ahead are left out. */
function hoursOf(row: Doc<"refusals"> | null, now: number) {
  return (row?.hours ?? []).filter(
    ({ hour }) => hour > now - DAY_MS && hour <= now,
  );
}
