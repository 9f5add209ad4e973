/** How a visit closes. */
import type { Doc } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";
import type { ActionMinute, BlockedUntil } from "../shared/sessions.js";
import {
  credited,
  startOf,
  type Visit,
  type VisitEnd,
  type VisitReport,
} from "../shared/visits.js";
import { closed, type ClosedVisit, countVisits, gained } from "../rows/days.js";
import type { Patch } from "../rows/patch.js";
import { addVisitRow } from "../rows/visits.js";
import { readSettings } from "../settings/inForce.js";

/**
 * Closes the visit of a lease and deletes the lease. Counting the states, and the visit by its day, is left to
 * the caller, who may close many visits and count them at once.
 * @param end `report` is the visitor's page's report of the visit at its end
 */
export async function closeVisit(
  ctx: MutationCtx,
  session: Doc<"sessions">,
  lease: Doc<"leases">,
  end: {
    state: "expired" | "ended";
    inactiveSince: number;
    endReason?: string;
    blockedUntil?: BlockedUntil;
    actionMinute?: ActionMinute;
    report?: VisitReport | undefined;
  },
): Promise<ClosedVisit> {
  const { report, ...left } = end;
  const why = end.state === "ended" ? "ended" : "idle";
  const visit = credited(
    visitOf(session, lease, end.inactiveSince, why),
    report,
    Date.now(),
    lease.maxVisitMs,
  );
  const kept = await keepVisit(ctx, session, lease, visit);
  await ctx.db.patch("sessions", session._id, {
    ...left,
    inactiveSince: visit.endedAt,
    ...kept,
  });
  await ctx.db.delete("leases", lease._id);
  return closed(visit, session.visits === 1);
}

/** The visit of a lease, as it is when it closes. */
export function visitOf(
  session: Doc<"sessions">,
  lease: Doc<"leases">,
  endedAt: number,
  why: VisitEnd,
): Visit {
  const { engagedMs = 0, entry, path, actionCount } = lease;
  const { purgedActions = 0, formerUserId: userId = session.userId } = lease;
  // In an imported lease, or after a clock was set back, the start may lie after the end.
  const startedAt = Math.min(startOf(lease), endedAt);
  return {
    startedAt,
    endedAt,
    // After a clock was set back the visit may seem shorter than somebody was there.
    engagedMs: Math.min(engagedMs, endedAt - startedAt),
    actions: actionCount + purgedActions,
    ...(entry === undefined ? {} : { entry }),
    ...(path === undefined ? {} : { exitPath: path }),
    why,
    ...(typeof userId === "string" ? { userId } : {}),
  };
}

/**
 * Keeps a closed visit as the session's last visit, and gives the last visit before it a row of its own: most
 * visitors come once, and their only visit costs no row.
 * @returns the patch of the session
 */
export async function keepVisit(
  ctx: MutationCtx,
  session: Doc<"sessions">,
  lease: Doc<"leases">,
  visit: Visit,
): Promise<Patch<Doc<"sessions">>> {
  const { lastVisit, engagedMs = 0 } = session;
  return {
    lastVisit: visit,
    ...(lastVisit === undefined
      ? {}
      : await addVisitRow(ctx, session, lastVisit)),
    engagedMs: engagedMs + visit.engagedMs,
    actionCount: session.actionCount + lease.actionCount,
  };
}

/**
 * Adds the engaged time that a page reports late to the visit, which a run has closed meanwhile, and to its day.
 * @returns the patch of the session
 */
export async function creditLast(
  ctx: MutationCtx,
  { lastVisit, engagedMs = 0 }: Doc<"sessions">,
  report: VisitReport | undefined,
  now: number,
): Promise<Pick<Doc<"sessions">, "lastVisit" | "engagedMs">> {
  if (lastVisit === undefined || report?.startedAt === undefined) return {};
  if (credited(lastVisit, report, now) === lastVisit) return {};
  const { maxVisitMs } = await readSettings(ctx);
  const most = maxVisitMs === "never" ? undefined : maxVisitMs;
  const visit = credited(lastVisit, report, now, most);
  const lateMs = visit.engagedMs - lastVisit.engagedMs;
  if (lateMs === 0) return {};
  await countVisits(ctx, [gained(lastVisit, lateMs)]);
  return { lastVisit: visit, engagedMs: engagedMs + lateMs };
}
