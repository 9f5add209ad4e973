/** The counters: how many sessions there are in each state, known without reading the sessions. */
import { components } from "../_generated/api.js";
import type { MutationCtx, QueryCtx } from "../_generated/server.js";
import type { RunKind } from "../shared/runs/kinds.js";
import { SESSION_STATES, type SessionState } from "../shared/sessions.js";

/** Who counts many sessions in one transaction: the pages of a kind of run, or the calls of an import. */
export type CountsMany = RunKind | "import";

/** The number of shards of each counter that the changes of single visitors are drawn among: the first ones. */
const VISITOR_SHARDS = 16;

/**
 * The shards of those who count many sessions at once. Such a transaction may take a second; in a visitors' shard it
 * would conflict with any visit that starts meanwhile. A run does one page at a time, but of imports several calls
 * may be under way.
 */
const SHARDS_OF_MANY: Record<CountsMany, number[]> = {
  expire: [16],
  purge: [17],
  end: [18],
  forget: [19],
  import: [20, 21, 22, 23],
};

/**
 * Adds to the counters: a mutation of a visitor calls it for each change of state, a run once a page.
 * @param changes how many sessions more there are in a state; negative for fewer
 * @param of who counts many; left out by mutations that are about one visitor, or one user
 */
export async function countStates(
  ctx: MutationCtx,
  changes: Partial<Record<SessionState, number>>,
  of?: CountsMany,
): Promise<void> {
  await addToCounters(ctx, (state) => state, changes, of);
}

/** Adds to one counter for each state, all in one shard: a change of state conflicts no oftener than a creation. */
export async function addToCounters(
  ctx: MutationCtx,
  nameOf: (state: SessionState) => string,
  changes: Partial<Record<SessionState, number>>,
  of?: CountsMany,
): Promise<void> {
  const shard = drawShard(of);
  for (const state of SESSION_STATES) {
    const count = changes[state] ?? 0;
    if (count === 0) continue;
    const args = { name: nameOf(state), count, shard };
    await ctx.runMutation(components.shardedCounter.public.add, args);
  }
}

export async function countSessions(
  ctx: QueryCtx,
): Promise<Record<SessionState | "total", number>> {
  const { count } = components.shardedCounter.public;
  const active = await ctx.runQuery(count, { name: "active" });
  const expired = await ctx.runQuery(count, { name: "expired" });
  const ended = await ctx.runQuery(count, { name: "ended" });
  return { total: active + expired + ended, active, expired, ended };
}

// ── Helpers ─────────────────────────────────────────────────────────────────

function drawShard(of: CountsMany | undefined): number {
  const drawn = (count: number) => Math.floor(Math.random() * count);
  if (of === undefined) return drawn(VISITOR_SHARDS);
  const shards = SHARDS_OF_MANY[of];
  return shards[drawn(shards.length)] ?? 0;
}
