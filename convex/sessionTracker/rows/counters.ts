/** The counters: how many sessions there are in each state, known without reading the sessions. */
import { ShardedCounter } from "@convex-dev/sharded-counter";
import { components } from "../_generated/api.js";
import type { MutationCtx, QueryCtx } from "../_generated/server.js";
import type { RunKind } from "../shared/runs/kinds.js";
import { SESSION_STATES, type SessionState } from "../shared/sessions.js";

/**
 * The shard that the pages of a kind of run add to, beyond the 16 shards that visitors' changes are drawn
 * among. A page may take a second; in a visitors' shard it would conflict with any visit that starts meanwhile.
 */
const SHARD_OF_RUN: Record<RunKind, number> = {
  expire: 16,
  purge: 17,
  end: 18,
  forget: 19,
};

/**
 * Adds to the counters: a mutation of a visitor calls it for each change of state, a run once a page.
 * @param changes how many sessions more there are in a state; negative for fewer
 * @param of the kind of run whose page calls; left out by visitors' and operators' mutations
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

/**
 * Adds to the given shard by the counter's own function, as the class `ShardedCounter` draws a shard at
 * random.
 */
async function addToShard(
  ctx: MutationCtx,
  name: SessionState,
  count: number,
  shard: number,
): Promise<void> {
  const { add } = components.shardedCounter.public;
  await ctx.runMutation(add, { name, count, shard });
}

/** A new counter for each use: an instance sticks to one shard, and a module outlives a transaction. */
function counter(): ShardedCounter<SessionState> {
  return new ShardedCounter<SessionState>(components.shardedCounter);
}
