/**
 * Counting every session exactly while visitors come and go. A page is a mutation that counts some rows
 * and moves the tally's cursor over them; whoever changes the state of a session that the cursor has
 * passed adds the change to the tally, in the same transaction. Both read the tally's row, so that they
 * come one after the other: a row is counted as it was when the cursor passed it, and each change of it
 * since is added once. At the end the tally is the number of rows at that very moment, and is compared
 * with the counters, and they corrected, in that one transaction. A difference is therefore never
 * traffic.
 */
import { ShardedCounter } from "@convex-dev/sharded-counter";
import { v, type Infer } from "convex/values";
import { components } from "../_generated/api.js";
import type { Doc, Id } from "../_generated/dataModel.js";
import { mutation, type MutationCtx } from "../_generated/server.js";
import { fail } from "../shared/errors.js";
import {
  MINUTE_MS,
  SESSION_STATES,
  vStateCounts,
  type SessionState,
} from "../shared/shared.js";
import { countSessions, countStates } from "./counters.js";
import { comparePlaces, placeOf, take, walkSessions } from "./walks.js";

type Counts = Infer<typeof vStateCounts>;

/** Begins a tally; one that is under way is given up. */
export const begin = mutation({
  args: {},
  returns: v.id("tallies"),
  handler: async (ctx) => {
    const before = await findTally(ctx);
    if (before !== null) {
      for (const state of SESSION_STATES) {
        await changes(before._id).reset(ctx, state);
      }
      await ctx.db.delete("tallies", before._id);
    }
    const counted = { active: 0, expired: 0, ended: 0 };
    return await ctx.db.insert("tallies", {
      pages: 0,
      cursor: null,
      counted,
      at: Date.now(),
    });
  },
});

const vDone = v.object({
  counted: vStateCounts,
  /** What the counters lacked of it; below 0, what they had too much. */
  missing: vStateCounts,
  fixed: v.boolean(),
});

/**
 * Counts the next page; the same page again does nothing more.
 * @param fix corrects the counters at the end
 * @throws tallyLost, where another was begun, or nobody went on with this one for a minute
 */
export const page = mutation({
  args: { tallyId: v.id("tallies"), page: v.number(), fix: v.boolean() },
  returns: v.union(vDone, v.null()),
  handler: async (ctx, { tallyId, page: number, fix }) => {
    const tally = await ctx.db.get("tallies", tallyId);
    const isLost =
      tally === null ||
      (tally.done === undefined && isStale(tally, GOES_ON_MS));
    if (isLost) {
      fail(
        "tallyLost",
        "This count of all sessions was given up: another was begun, or nobody went on with it for a minute. Count anew.",
      );
    }
    if (tally.done !== undefined) return tally.done;
    if (tally.pages > number) return null;
    const walked = walkSessions(ctx, { order: "asc", after: tally.cursor });
    const rows = await take(walked, PAGE);
    const counted = { ...tally.counted };
    for (const { state } of rows) counted[state] += 1;
    const last = rows.length === PAGE ? rows.at(-1) : undefined;
    if (last === undefined) return await finish(ctx, tally, counted, fix);
    await ctx.db.patch("tallies", tallyId, {
      pages: number + 1,
      cursor: placeOf(last._creationTime, last),
      counted,
      at: Date.now(),
    });
    return null;
  },
});

// ── For the rest of the component ───────────────────────────────────────────

/** A session that is made, changes its state, or is deleted. */
export interface StateChange {
  session: Id<"sessions">;
  /** Of its row; absent for one that was just made. */
  creationTime?: number;
  from: SessionState | null;
  to: SessionState | null;
}

/** @param to `null` for one that is deleted */
export function changeOf(
  { _id, _creationTime, state }: Doc<"sessions">,
  to: SessionState | null,
): StateChange {
  return { session: _id, creationTime: _creationTime, from: state, to };
}

/** To be told of every change that `countStates` is, in the same transaction. */
export async function noteChanges(
  ctx: MutationCtx,
  changed: StateChange[],
): Promise<void> {
  if (changed.length === 0) return;
  const tally = await findTally(ctx);
  if (tally === null || tally.done !== undefined) return;
  if (tally.cursor === null || isStale(tally, NOTED_MS)) return;
  const sums: Counts = { active: 0, expired: 0, ended: 0 };
  for (const change of changed) {
    if (!(await isCounted(ctx, tally, change))) continue;
    if (change.from !== null) sums[change.from] -= 1;
    if (change.to !== null) sums[change.to] += 1;
  }
  for (const state of SESSION_STATES) {
    if (sums[state] === 0) continue;
    await changes(tally._id).add(ctx, state, sums[state]);
  }
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/** Few, so that a page is short: a change of one of its rows meanwhile repeats it. */
const PAGE = 500;
/** A tally is given up before changes are no longer noted, whatever two clocks make of a minute. */
const GOES_ON_MS = MINUTE_MS;
const NOTED_MS = 3 * MINUTE_MS;

/** At most one row: in the order of their creation there is no second. */
function findTally(ctx: MutationCtx): Promise<Doc<"tallies"> | null> {
  return ctx.db.query("tallies").withIndex("by_creation_time").unique();
}

function isStale({ at }: Doc<"tallies">, afterMs: number): boolean {
  return at + afterMs < Date.now();
}

async function isCounted(
  ctx: MutationCtx,
  { cursor }: Doc<"tallies">,
  { session, creationTime }: StateChange,
): Promise<boolean> {
  const at =
    creationTime ?? (await ctx.db.get("sessions", session))?._creationTime;
  if (cursor === null || at === undefined) return false;
  const place = { at, creationTime: at, id: session };
  return comparePlaces(place, cursor, "asc") <= 0;
}

async function finish(
  ctx: MutationCtx,
  tally: Doc<"tallies">,
  counted: Counts,
  fix: boolean,
): Promise<Infer<typeof vDone>> {
  const counters = await countSessions(ctx);
  const missing: Counts = { active: 0, expired: 0, ended: 0 };
  for (const state of SESSION_STATES) {
    counted[state] += await changes(tally._id).count(ctx, state);
    missing[state] = counted[state] - counters[state];
  }
  const isWrong = SESSION_STATES.some((state) => missing[state] !== 0);
  if (fix) await countStates(ctx, missing);
  const done = { counted, missing, fixed: fix && isWrong };
  await ctx.db.patch("tallies", tally._id, { done });
  return done;
}

/** Sharded, as the counters are, so that two visitors do not meet here. */
function changes(tally: Id<"tallies">) {
  const counter = new ShardedCounter<string>(components.shardedCounter);
  const nameOf = (state: SessionState) => `${tally} ${state}`;
  return {
    add: (ctx: MutationCtx, state: SessionState, count: number) =>
      counter.add(ctx, nameOf(state), count),
    count: (ctx: MutationCtx, state: SessionState) =>
      counter.count(ctx, nameOf(state)),
    reset: (ctx: MutationCtx, state: SessionState) =>
      counter.reset(ctx, nameOf(state)),
  };
}
