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
import type { Infer } from "convex/values";
import { components } from "../_generated/api.js";
import type { Doc, Id } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";
import { comparePlaces } from "../shared/places.js";
import {
  SESSION_STATES,
  type SessionState,
  type vStateCounts,
} from "../shared/sessions.js";
import { MINUTE_MS } from "../shared/times.js";

export type Counts = Infer<typeof vStateCounts>;

/** A session that is made, changes its state, or is deleted. */
export interface StateChange {
  session: Id<"sessions">;
  /** The row's creation time; absent for a row that was just made. */
  creationTime?: number;
  from: SessionState | null;
  to: SessionState | null;
}

/** @param to the new state; `null` for a deleted session */
export function changeOf(
  { _id, _creationTime, state }: Doc<"sessions">,
  to: SessionState | null,
): StateChange {
  return { session: _id, creationTime: _creationTime, from: state, to };
}

/** Adds to the tally every change that `countStates` counts, in the same transaction. */
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
    await changesOf(tally._id).add(ctx, state, sums[state]);
  }
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/** A tally is given up before changes are no longer noted, whatever two clocks make of a minute. */
export const GOES_ON_MS = MINUTE_MS;
const NOTED_MS = 3 * MINUTE_MS;

/** The tally under way, of which there is at most one. */
export function findTally(ctx: MutationCtx): Promise<Doc<"tallies"> | null> {
  return ctx.db.query("tallies").withIndex("by_creation_time").unique();
}

export function isStale({ at }: Doc<"tallies">, afterMs: number): boolean {
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

/** The tally's changes, sharded like the counters so that two visitors do not conflict. */
export function changesOf(tally: Id<"tallies">) {
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
