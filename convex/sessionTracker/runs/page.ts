/** What one page of a run does, within the limits of one transaction. */
import { getConvexSize } from "convex/values";
import type { Doc, Id } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";
import { callHook, toHookSession } from "../settings/hooks.js";
import {
  MAX_DELETES_PER_PAGE,
  type Cursor,
  type HookSession,
  type RunKind,
} from "../shared/shared.js";
import { countStates } from "../rows/counters.js";
import { changeOf, noteChanges, type StateChange } from "../rows/tallies.js";
import { closeVisit } from "../visitors/visits.js";
import {
  FIRST_SESSION,
  leaseKey,
  leasesAfter,
  sessionKey,
  sessionsAfter,
} from "../rows/walks.js";

export interface Page {
  kind: RunKind;
  cutoff: number;
  cursor: Cursor | null;
  pageSize: number;
  /** Sessions to expire (expire) or delete (purge) at most; a purge's stale leases are no matter. */
  limit?: number;
}

export interface PageDone {
  expired: number;
  purged: number;
  actions: number;
  /** Where the next page goes on. */
  cursor: Cursor | null;
  isDone: boolean;
}

/** Expires idle leases; a purge then goes on to delete sessions with what is left of its budget. */
export async function doPage(ctx: MutationCtx, page: Page): Promise<PageDone> {
  const budget = await openBudget(ctx, page.pageSize);
  const done: PageDone = {
    expired: 0,
    purged: 0,
    actions: 0,
    cursor: page.cursor,
    isDone: false,
  };
  if (page.cursor?.phase !== "sessions") {
    const noLeaseLeft = await expireLeases(ctx, page, budget, done);
    if (!noLeaseLeft) return done;
    if (page.kind === "expire") return { ...done, isDone: true };
    done.cursor = FIRST_SESSION;
  }
  const noSessionLeft = await purgeSessions(ctx, page, budget, done);
  return { ...done, isDone: noSessionLeft };
}

/**
 * A purge, too, expires every lease before its cutoff, so that it does not depend on the expire
 * schedule. The cutoff alone decides, not the timeout that a lease carries: a shorter idle timeout is
 * in force for everybody from the next run on.
 */
async function expireLeases(
  ctx: MutationCtx,
  { kind, cutoff, cursor, limit: asked = Infinity }: Page,
  budget: Budget,
  done: PageDone,
): Promise<boolean> {
  const affordable = Math.floor(budget.deletes / COST_OF_A_LEASE);
  const most = kind === "expire" ? asked : Infinity;
  const limit = Math.min(budget.rows, affordable, most);
  const leases = await leasesAfter(ctx, cursor, cutoff, limit + 1);
  const expired: HookSession[] = [];
  const changed: StateChange[] = [];
  for (const lease of leases.slice(0, limit)) {
    done.cursor = leaseKey(lease);
    const session = await ctx.db.get("sessions", lease.session);
    if (session === null) {
      throw new Error(`Lease ${lease._id} has lost its session.`);
    }
    const inactiveSince = lease.lastActive;
    await closeVisit(ctx, session, lease, { state: "expired", inactiveSince });
    changed.push(changeOf(session, "expired"));
    expired.push(toHookSession(session, inactiveSince));
  }
  const looked = Math.min(leases.length, limit);
  budget.rows -= looked;
  budget.deletes -= looked * COST_OF_A_LEASE;
  done.expired = expired.length;
  const counts = { active: -expired.length, expired: expired.length };
  await countStates(ctx, counts, kind);
  await noteChanges(ctx, changed);
  await callHook(ctx, "onExpired", expired);
  return leases.length <= limit;
}

/** Deletes sessions with their actions; one that does not fit is finished over several pages. */
async function purgeSessions(
  ctx: MutationCtx,
  { cutoff, limit: asked = Infinity }: Page,
  budget: Budget,
  done: PageDone,
): Promise<boolean> {
  const limit = Math.min(budget.rows, budget.deletes, asked);
  const sessions = await sessionsAfter(ctx, done.cursor, cutoff, limit + 1);
  const purged: HookSession[] = [];
  const changed: StateChange[] = [];
  const counts = { expired: 0, ended: 0, active: 0 };
  for (const session of sessions.slice(0, limit)) {
    if (budget.deletes < 1 || budget.bytes < 0) break;
    const actions =
      session.actionCount === 0
        ? { deleted: 0, isDone: true }
        : await deleteActions(ctx, session._id, budget);
    done.actions += actions.deleted;
    if (!actions.isDone) {
      const actionCount = session.actionCount - actions.deleted;
      await ctx.db.patch("sessions", session._id, { actionCount });
      break;
    }
    await ctx.db.delete("sessions", session._id);
    spend(budget, session);
    counts[session.state] -= 1;
    changed.push(changeOf(session, null));
    done.cursor = sessionKey(session);
    purged.push(toHookSession(session, session.inactiveSince ?? 0));
  }
  done.purged = purged.length;
  await countStates(ctx, counts, "purge");
  await noteChanges(ctx, changed);
  await callHook(ctx, "onPurged", purged);
  return purged.length === sessions.length;
}

/** Deletes as many of a session's actions as the budget allows, less one delete for the session. */
export async function deleteActions(
  ctx: MutationCtx,
  session: Id<"sessions">,
  budget: Pick<Budget, "deletes" | "bytes">,
): Promise<{ deleted: number; isDone: boolean }> {
  let deleted = 0;
  const actions = ctx.db
    .query("actions")
    .withIndex("session_at", (q) => q.eq("session", session));
  // Streamed, because a single action may be near 1 MiB.
  for await (const action of actions) {
    if (budget.deletes <= 1 || budget.bytes < 0) {
      return { deleted, isDone: false };
    }
    await ctx.db.delete("actions", action._id);
    spend(budget, action);
    deleted += 1;
  }
  return { deleted, isDone: true };
}

// ── Budget ──────────────────────────────────────────────────────────────────

/** What is left of a page: rows to look at, deletes to do, bytes to read. */
export interface Budget {
  rows: number;
  deletes: number;
  bytes: number;
}

/** An expired lease takes as many read intervals as three deletes: its session twice, and itself. */
const COST_OF_A_LEASE = 3;

/** Deletes for each session a page aims for, so that a page that shrinks also bites off less of a huge session. */
const DELETES_PER_SESSION = 4;

/** Kept free of the bytes: one document may be 1 MiB, and is read twice to be deleted. */
const RESERVE_BYTES = 4 * 1_024 * 1_024;

export async function openBudget(
  ctx: MutationCtx,
  pageSize: number,
): Promise<Budget> {
  const { bytesRead, bytesWritten } = await ctx.meta.getTransactionMetrics();
  return {
    rows: pageSize,
    deletes: Math.min(MAX_DELETES_PER_PAGE, pageSize * DELETES_PER_SESSION),
    bytes:
      Math.min(bytesRead.remaining, bytesWritten.remaining) - RESERVE_BYTES,
  };
}

function spend(
  budget: Pick<Budget, "deletes" | "bytes">,
  deleted: Doc<"sessions"> | Doc<"actions">,
): void {
  budget.deletes -= 1;
  // Once by the walk, once by the delete.
  budget.bytes -= 2 * getConvexSize(deleted);
}
