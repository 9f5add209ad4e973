/** The work of one page of a run, within the limits of one transaction. */
import type { Doc } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";
import { blockOf } from "../shared/sessions.js";
import type { HookSession } from "../shared/hooks.js";
import { countStates } from "../rows/counters.js";
import { type ClosedVisit, countVisits } from "../rows/days.js";
import { deleteVisitRows } from "../rows/visits.js";
import { changeOf, noteChanges, type StateChange } from "../rows/tallies.js";
import {
  type Allowance,
  deleteRowsOf,
  openAllowance,
  spend,
} from "../rows/deletes.js";
import { callHook, toHookSession } from "../settings/hooks.js";
import { closeVisit } from "../visitors/closeVisit.js";
import { countActionsDown, purgeByAge } from "./byAge.js";
import {
  beginningOf,
  dueLeases,
  isByAge,
  leaseCursor,
  MAX_PASSED,
  type Page,
  type PageDone,
  phaseAfter,
  sessionCursor,
  walkDueSessions,
} from "./due.js";

/**
 * Goes through the phases of a run, within its allowance: expires leases; a purge then deletes sessions, and then
 * visits and actions by age.
 */
export async function doPage(ctx: MutationCtx, page: Page): Promise<PageDone> {
  const allowance = await openAllowance(ctx, page.pageSize);
  const done: PageDone = {
    leases: 0,
    sessions: 0,
    visits: 0,
    actions: 0,
    cursor: page.cursor,
    isDone: false,
  };
  for (;;) {
    const phase = done.cursor?.phase ?? "leases";
    const isOver = isByAge(phase)
      ? await purgeByAge(ctx, phase, page, allowance, done)
      : phase === "leases"
        ? await expireLeases(ctx, page, allowance, done)
        : await purgeSessions(ctx, page, allowance, done);
    if (!isOver) return done;
    const next = phaseAfter(phase, page);
    if (next === null) return { ...done, isDone: true };
    done.cursor = beginningOf(next);
  }
}

/**
 * Expires the leases before the cutoff. A purge does so too, so that it does not depend on the expire schedule.
 * The cutoff alone decides, not the idle timeout that a lease carries: a shorter idle timeout is in force for
 * everybody from the next run on.
 * @returns whether no such lease is left
 */
async function expireLeases(
  ctx: MutationCtx,
  { kind, cutoff, cursor, sessionsLeft = Infinity }: Page,
  allowance: Allowance,
  done: PageDone,
): Promise<boolean> {
  const affordable = Math.floor(allowance.deletes / COST_OF_A_LEASE);
  const most = kind === "expire" ? sessionsLeft : Infinity;
  const count = Math.min(allowance.rows, affordable, most);
  const leases = await dueLeases(ctx, { cutoff }, cursor, count + 1);
  const expired: HookSession[] = [];
  const changed: StateChange[] = [];
  const visits: ClosedVisit[] = [];
  for (const lease of leases.slice(0, count)) {
    done.cursor = leaseCursor(lease);
    const session = await ctx.db.get("sessions", lease.session);
    if (session === null) {
      throw new Error(`Lease ${lease._id} has lost its session.`);
    }
    const inactiveSince = lease.lastActive;
    const end = { state: "expired" as const, inactiveSince };
    visits.push(await closeVisit(ctx, session, lease, end));
    changed.push(changeOf(session, "expired"));
    expired.push(toHookSession(session, inactiveSince));
  }
  const looked = Math.min(leases.length, count);
  allowance.rows -= looked;
  allowance.deletes -= looked * COST_OF_A_LEASE;
  done.leases = expired.length;
  const counts = { active: -expired.length, expired: expired.length };
  await countStates(ctx, counts, kind);
  await countVisits(ctx, visits, kind);
  await noteChanges(ctx, changed, kind);
  await callHook(ctx, "onExpired", expired);
  return leases.length <= count;
}

/**
 * Deletes sessions with their actions; a session that does not fit one page is deleted over several. Blocked
 * sessions are passed over, so many a page at most.
 * @returns whether no session is left to delete
 */
async function purgeSessions(
  ctx: MutationCtx,
  { cutoff, sessionsLeft = Infinity }: Page,
  allowance: Allowance,
  done: PageDone,
): Promise<boolean> {
  const count = Math.min(allowance.rows, allowance.deletes, sessionsLeft);
  const now = Date.now();
  let noneLeft = true;
  let passed = 0;
  const purged: HookSession[] = [];
  const changed: StateChange[] = [];
  const counts = { expired: 0, ended: 0, active: 0 };
  for await (const session of walkDueSessions(ctx, { cutoff }, done.cursor)) {
    noneLeft = false;
    if (blockOf(session, now) !== null) {
      passed += 1;
      if (passed > MAX_PASSED) break;
      done.cursor = sessionCursor(session);
      noneLeft = true;
      continue;
    }
    if (purged.length === count) break;
    if (allowance.deletes < 1 || allowance.bytes < 0) break;
    const rows = await deleteRows(ctx, session, allowance);
    done.visits += rows.visits;
    done.actions += rows.actions;
    if (!rows.isDone) break;
    noneLeft = true;
    await ctx.db.delete("sessions", session._id);
    spend(allowance, session);
    if (session.lastVisit !== undefined) done.visits += 1;
    counts[session.state] -= 1;
    changed.push(changeOf(session, null));
    done.cursor = sessionCursor(session);
    purged.push(toHookSession(session, session.inactiveSince ?? 0));
  }
  done.sessions = purged.length;
  await countStates(ctx, counts, "purge");
  await noteChanges(ctx, changed, "purge");
  await callHook(ctx, "onPurged", purged);
  return noneLeft;
}

/**
 * Deletes the visits and actions of a session; where it has none, nothing is read. The session, and the lease of
 * one that is active, keep count of the rows that did not fit the page.
 */
export async function deleteRows(
  ctx: MutationCtx,
  session: Doc<"sessions">,
  allowance: Allowance,
  lease: Doc<"leases"> | null = null,
): Promise<{ visits: number; actions: number; isDone: boolean }> {
  const { _id, visitRows = 0 } = session;
  const actionCount = session.actionCount + (lease?.actionCount ?? 0);
  const visits =
    visitRows === 0 ? NONE : await deleteVisitRows(ctx, session, allowance);
  const actions =
    actionCount === 0 || !visits.isDone
      ? NONE
      : await deleteRowsOf(ctx, "actions", _id, allowance);
  const isDone = visits.isDone && actions.isDone;
  if (!isDone) {
    await ctx.db.patch("sessions", _id, {
      visitRows: visitRows - visits.deleted,
      // The rows that are left are not told apart from those that are gone.
      visitIds: undefined,
    });
    await countActionsDown(ctx, session, actions.deleted);
  }
  return { visits: visits.deleted, actions: actions.deleted, isDone };
}

// ── Helpers ─────────────────────────────────────────────────────────────────

const NONE = { deleted: 0, isDone: true };

/** An expired lease costs as many read intervals as three deletes: two for its session, one for itself. */
const COST_OF_A_LEASE = 3;
