/**
 * The last phases of a purge: visits and actions that go before their session, because they have a shorter
 * retention of their own. Sessions and leases keep count of the rows that they have left.
 */
import type { Doc, Id } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";
import { type Allowance, spend, spendOn } from "../rows/deletes.js";
import { findLease } from "../rows/sessions.js";
import {
  type AgePhase,
  cutoffIn,
  dueLastVisits,
  dueRows,
  lastVisitCursor,
  type Page,
  type PageDone,
  rowCursor,
} from "./due.js";

/**
 * Takes what a phase finds due by age, within what the page's allowance has left.
 * @returns whether nothing is left in the phase
 */
export async function purgeByAge(
  ctx: MutationCtx,
  phase: AgePhase,
  page: Page,
  allowance: Allowance,
  done: PageDone,
): Promise<boolean> {
  const cutoff = cutoffIn(phase, page.cutoffs);
  if (cutoff === undefined) return true;
  return phase === "lastVisits"
    ? await purgeLastVisits(ctx, cutoff, page, allowance, done)
    : await purgeRows(ctx, phase, cutoff, page, allowance, done);
}

/** Last visits are fields of their sessions: they cost a write each, and no row goes. */
async function purgeLastVisits(
  ctx: MutationCtx,
  cutoff: number,
  page: Page,
  allowance: Allowance,
  done: PageDone,
): Promise<boolean> {
  const most = mostRows(page, done);
  let taken = 0;
  for await (const session of dueLastVisits(ctx, { cutoff }, done.cursor)) {
    if (taken >= most || isSpent(allowance)) return false;
    await ctx.db.patch("sessions", session._id, {
      lastVisit: undefined,
      isStripped: true,
    });
    spendOn(allowance, session, COST_OF_A_LAST_VISIT);
    // A session of 0.1, and many an imported one, has none: it is only marked, and not met again.
    if (session.lastVisit !== undefined) done.visits += 1;
    done.cursor = lastVisitCursor(session);
    taken += 1;
  }
  return true;
}

async function purgeRows(
  ctx: MutationCtx,
  table: "visits" | "actions",
  cutoff: number,
  page: Page,
  allowance: Allowance,
  done: PageDone,
): Promise<boolean> {
  const most = mostRows(page, done);
  const counts = new Map<Id<"sessions">, Counted>();
  let taken = 0;
  let isOver = true;
  // Streamed, because a single action may be near 1 MiB.
  for await (const row of dueRows(ctx, table, cutoff, done.cursor)) {
    if (taken >= most || isSpent(allowance)) {
      isOver = false;
      break;
    }
    const counted =
      counts.get(row.session) ?? (await open(ctx, row.session, allowance));
    await ctx.db.delete(table, row._id);
    spend(allowance, row);
    counted.rows.add(row._id);
    counts.set(row.session, counted);
    done.cursor = rowCursor(row);
    taken += 1;
  }
  done[table] += taken;
  for (const { session, rows } of counts.values()) {
    // A session that was forgotten a moment ago has rows yet, and no count of them.
    if (session === null) continue;
    if (table === "visits") await countVisitsDown(ctx, session, rows);
    else await countActionsDown(ctx, session, rows.size);
  }
  return isOver;
}

/**
 * Takes actions off their counts. The oldest go first, and those of finished visits, which the session counts,
 * are older than those of the visit under way. So the lease, which heartbeats write, is seldom touched.
 */
export async function countActionsDown(
  ctx: MutationCtx,
  { _id, anonymousId, actionCount }: Doc<"sessions">,
  rows: number,
): Promise<void> {
  const ofSession = Math.min(rows, actionCount);
  if (ofSession > 0) {
    const left = { actionCount: actionCount - ofSession };
    await ctx.db.patch("sessions", _id, left);
  }
  const ofLease = rows - ofSession;
  const lease = ofLease > 0 ? await findLease(ctx, anonymousId) : null;
  if (lease === null) return;
  // The visit still says how many actions it had, and so does its day.
  await ctx.db.patch("leases", lease._id, {
    actionCount: Math.max(0, lease.actionCount - ofLease),
    purgedActions: (lease.purgedActions ?? 0) + ofLease,
  });
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/** A session, and those of its rows that the page has deleted. */
interface Counted {
  session: Doc<"sessions"> | null;
  rows: Set<string>;
}

/** The read intervals of a session's write, and of that of its lease: one to read it, one to write it. */
const COST_OF_A_LAST_VISIT = 2;
const COST_OF_A_COUNT = 2;

async function open(
  ctx: MutationCtx,
  id: Id<"sessions">,
  allowance: Allowance,
): Promise<Counted> {
  const session = await ctx.db.get("sessions", id);
  if (session !== null) {
    const written = session.state === "active" ? 2 : 1;
    spendOn(allowance, session, written * COST_OF_A_COUNT);
  }
  return { session, rows: new Set() };
}

/** A page of one session, which is tried after others have failed, takes one row: it may have to be set aside. */
function mostRows({ pageSize }: Page, done: PageDone): number {
  if (pageSize > 1) return Infinity;
  const { leases, sessions, visits, actions } = done;
  return leases + sessions + visits + actions > 0 ? 0 : 1;
}

function isSpent({ deletes, bytes }: Allowance): boolean {
  return deletes < 1 || bytes < 0;
}

async function countVisitsDown(
  ctx: MutationCtx,
  { _id, visitRows = 0, visitIds }: Doc<"sessions">,
  rows: Set<string>,
): Promise<void> {
  await ctx.db.patch("sessions", _id, {
    visitRows: Math.max(0, visitRows - rows.size),
    ...(visitIds === undefined
      ? {}
      : { visitIds: visitIds.filter((id) => !rows.has(id)) }),
  });
}
