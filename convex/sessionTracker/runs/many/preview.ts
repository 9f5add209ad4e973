/** The exact dry run of a run over many sessions: what it would take, found by the walk and the rule of its pages. */
import { v, type Infer } from "convex/values";
import { query, type QueryCtx } from "../../_generated/server.js";
import { vAskedFilter, vFilter } from "../../shared/runs/filter.js";
import { vFilteredKind } from "../../shared/runs/kinds.js";
import { type Cursor, vCursor } from "../../shared/runs/run.js";
import { vBlock, vBlockedUntil, vStateCounts } from "../../shared/sessions.js";
import { readRevisedSettings } from "../../settings/inForce.js";
import { freeze } from "./asked.js";
import { lastActiveOf, lookOnce, stateOf } from "./look.js";
import type { Looked, Many } from "./terms.js";

/** The most sessions that one call looks at: each takes a read interval at most, and `status` asks for two runs. */
const LOOKED_AT_ONCE = 1_500;

const vPage = v.object({
  /** The filter as a run that starts now has it. To be passed on, with the cutoff, to the next page and the start. */
  filter: vFilter,
  /** Sessions created after it are not counted, in ms since the epoch. */
  cutoff: v.number(),
  /** When the block would end, in ms since the epoch; absent without `block`. */
  blockedUntil: v.optional(vBlockedUntil),
  /** The time by the deployment's clock, in ms since the epoch. */
  now: v.number(),
  /** The revision of the settings in force when the page was counted. */
  revision: v.number(),
  /** Number of sessions in this page that the run would take. */
  sessions: v.number(),
  /** The same by state, as readers see it. */
  byState: vStateCounts,
  /** Number of their visits under way, which the run would close. */
  underWay: v.number(),
  /** Number of their visits, one under way included; a `forget` erases them. */
  visits: v.number(),
  /** Number of their actions; a `forget` erases them. */
  actions: v.number(),
  /** The first and the last time at which one of them was last active; `null` for a page of none. */
  oldest: v.union(v.number(), v.null()),
  newest: v.union(v.number(), v.null()),
  cursor: v.union(vCursor, v.null()),
});

/**
 * One page of the sessions that an `end` or a `forget` would take. It may have none, and yet a cursor: a call looks
 * at 1,500 sessions at most. Call again with the answered filter, cutoff and cursor, until the cursor is `null`. The
 * query reads leases, so that heartbeats re-run it.
 * @throws invalidArgument, as `control.start` refuses a filter
 */
export const page = query({
  args: {
    kind: vFilteredKind,
    filter: vAskedFilter,
    block: v.optional(vBlock),
    /** As the first page answered it. @default now */
    cutoff: v.optional(v.number()),
    cursor: v.optional(v.union(vCursor, v.null())),
  },
  returns: vPage,
  handler: async (ctx, { cursor = null, ...asked }) => {
    const now = Date.now();
    const { revision } = await readRevisedSettings(ctx);
    const many = freeze(asked, now);
    const { found, next } = await countDue(ctx, many, cursor);
    const { filter, cutoff, blockedUntil } = many;
    return {
      filter,
      cutoff,
      ...(blockedUntil === undefined ? {} : { blockedUntil }),
      now,
      revision,
      ...sumOf(found, now),
      cursor: next,
    };
  },
});

/**
 * The due sessions among those that one call looks at.
 * @param after the cursor behind which it begins; `null` for the beginning
 */
export async function countDue(
  ctx: QueryCtx,
  many: Many,
  after: Cursor | null,
): Promise<{ found: Looked[]; next: Cursor | null }> {
  const found: Looked[] = [];
  let looked = 0;
  let last = after;
  for await (const one of lookOnce(ctx, many, after)) {
    if (looked === LOOKED_AT_ONCE) return { found, next: last };
    looked += 1;
    last = one.cursor;
    if (one.isDue) found.push(one);
  }
  return { found, next: null };
}

// ── Helpers ─────────────────────────────────────────────────────────────────

type Sum = Pick<
  Infer<typeof vPage>,
  | "sessions"
  | "byState"
  | "underWay"
  | "visits"
  | "actions"
  | "oldest"
  | "newest"
>;

function sumOf(found: Looked[], now: number): Sum {
  const sum: Sum = {
    sessions: found.length,
    byState: { active: 0, expired: 0, ended: 0 },
    underWay: 0,
    visits: 0,
    actions: 0,
    oldest: null,
    newest: null,
  };
  for (const looked of found) {
    const { session, lease } = looked;
    const { visitRows = 0, lastVisit } = session;
    const lastActive = lastActiveOf(looked);
    const underWay = lease === null ? 0 : 1;
    sum.byState[stateOf(looked, now)] += 1;
    sum.underWay += underWay;
    sum.visits += visitRows + (lastVisit === undefined ? 0 : 1) + underWay;
    sum.actions += session.actionCount + (lease?.actionCount ?? 0);
    sum.oldest = Math.min(sum.oldest ?? lastActive, lastActive);
    sum.newest = Math.max(sum.newest ?? lastActive, lastActive);
  }
  return sum;
}
