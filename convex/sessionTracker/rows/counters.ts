/** How many sessions there are in each state, without counting them. */
import { ShardedCounter } from "@convex-dev/sharded-counter";
import { components } from "../_generated/api.js";
import type { MutationCtx, QueryCtx } from "../_generated/server.js";
import type { RunKind } from "../shared/runKinds.js";
import { SESSION_STATES, type SessionState } from "../shared/sessions.js";

/**
 * Shards of their own for the pages of runs, beyond the 16 that visitors' changes are drawn among. A
 * page takes a second or more; in one of those it would conflict with any visit that starts meanwhile.
 */
const SHARD_OF_RUN: Record<RunKind, number> = { expire: 16, purge: 17 };

/**
 * Adds to the counters: once for each change of state, once for each page of a run.
 * @param of the run whose page it is
 */
export async function countStates(
  ctx: MutationCtx,
  changes: Partial<Record<SessionState, number>>,
  of?: RunKind,
): Promise<void> {
  for (const state of SESSION_STATES) {
    const count = changes[state] ?? 0;
    if (count === 0) continue;
    if (of === undefined) await counter().add(ctx, state, count);
    else await addToShard(ctx, state, count, SHARD_OF_RUN[of]);
  }
}

export async function countSessions(
  ctx: QueryCtx,
): Promise<Record<SessionState | "total", number>> {
  const active = await counter().count(ctx, "active");
  const expired = await counter().count(ctx, "expired");
  const ended = await counter().count(ctx, "ended");
  return { total: active + expired + ended, active, expired, ended };
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/** The class draws a shard itself; its function can be told. */
async function addToShard(
  ctx: MutationCtx,
  name: SessionState,
  count: number,
  shard: number,
): Promise<void> {
  const { add } = components.shardedCounter.public;
  await ctx.runMutation(add, { name, count, shard });
}

/** Made anew for each use: an instance sticks to one shard, and a module outlives a transaction. */
function counter(): ShardedCounter<SessionState> {
  return new ShardedCounter<SessionState>(components.shardedCounter);
}
