/**
 * Counting every session exactly while visitors come and go. A page of a tally is a mutation that counts some
 * sessions and moves the tally's cursor over them. A mutation that changes the state of a session which the
 * cursor has passed adds the change to the tally, in the same transaction. Both read the tally's row, so
 * that one comes after the other: a session is counted as it was when the cursor passed it, and each later
 * change of the session is added once. So the tally ends as the number of sessions at that very moment; in
 * that transaction it is compared with the counters, which may be corrected. A difference between the two is
 * therefore a fault of the counters, never traffic.
 */
import type { Infer } from "convex/values";
import { components } from "../_generated/api.js";
import type { Doc, Id } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";
import { comparePlaces } from "../shared/places.js";
import type { SessionState, vStateCounts } from "../shared/sessions.js";
import { MINUTE_MS } from "../shared/times.js";
import { addToCounters, type CountsMany } from "./counters.js";

export type Counts = Infer<typeof vStateCounts>;

/** The change of a session that is created, changes its state, or is deleted. */
export interface StateChange {
  session: Id<"sessions">;
  /** The row's creation time; absent for a row that was just made, whose time is then read. */
  creationTime?: number;
  /** The state before the change; `null` for a session that was just created. */
  from: SessionState | null;
  /** The state after the change; `null` for a session that was deleted. */
  to: SessionState | null;
}

/** @param to the new state; `null` for a deleted session */
export function changeOf(
  { _id, _creationTime, state }: Doc<"sessions">,
  to: SessionState | null,
): StateChange {
  return { session: _id, creationTime: _creationTime, from: state, to };
}

/**
 * Adds changes to the tally under way, if any. To be called in each transaction that calls `countStates`.
 * @param of as there
 */
export async function noteChanges(
  ctx: MutationCtx,
  changed: StateChange[],
  of?: CountsMany,
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
  await addToCounters(ctx, (state) => nameOf(tally._id, state), sums, of);
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/**
 * A tally takes no more pages once this long has passed since its last page. Changes are noted for longer, so
 * that no tally goes on without them although two clocks may differ.
 */
export const GOES_ON_MS = MINUTE_MS;
const NOTED_MS = 3 * MINUTE_MS;

/** The last tally, under way or done; `null` where none was ever begun. */
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

/** The counters of a tally's changes, sharded like the others so that two visitors do not conflict. */
export function changesOf(tally: Id<"tallies">) {
  const { count, reset } = components.shardedCounter.public;
  return {
    count: (ctx: MutationCtx, state: SessionState) =>
      ctx.runQuery(count, { name: nameOf(tally, state) }),
    reset: (ctx: MutationCtx, state: SessionState) =>
      ctx.runMutation(reset, { name: nameOf(tally, state) }),
  };
}

function nameOf(tally: Id<"tallies">, state: SessionState): string {
  return `${tally} ${state}`;
}
