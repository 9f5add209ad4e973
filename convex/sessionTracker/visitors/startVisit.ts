/** How a visit starts. */
import type { Doc, Id } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";
import {
  type ActionMinute,
  minuteUnderWay,
  refuse,
} from "../shared/sessions.js";
import type { Settings } from "../shared/settings.js";
import {
  credited,
  type Entry,
  entryOf,
  type VisitReport,
  whyOver,
} from "../shared/visits.js";
import { countStates } from "../rows/counters.js";
import { closed, countVisits } from "../rows/days.js";
import type { Patch } from "../rows/patch.js";
import { findBySessionId } from "../rows/sessions.js";
import { changeOf, noteChanges } from "../rows/tallies.js";
import { tellHook, toHookSession } from "../settings/hooks.js";
import { settingsOf, settingsRow } from "../settings/inForce.js";
import { creditLast, keepVisit, visitOf } from "./closeVisit.js";
import { admit } from "./newcomers.js";

/**
 * Starts a visit: the visitor's first, the next after the session expired or ended, or the next after a lease
 * whose visit is over and that no run has expired yet, so that visits do not depend on when runs happen. The caller
 * tells the app's hook (`tellStarted`) once it has written all of its own.
 * @param report the page's report of the visit that starts, or still of the visit before
 * @returns the answer to a new visitor who is refused: `tooManySessions`, or `invalidAnonymousId` where the
 *   anonymousId is the sessionId of another visitor, as operators name sessions by either id
 */
export async function startVisit(
  ctx: MutationCtx,
  anonymousId: string,
  session: Doc<"sessions"> | null,
  overLease: Doc<"leases"> | null,
  now: number,
  report?: VisitReport,
) {
  const row = await settingsRow(ctx);
  const settings = settingsOf(row);
  const terms = termsOf(settings, now, report);
  if (session === null) {
    if ((await findBySessionId(ctx, anonymousId)) !== null) {
      return refuse("invalidAnonymousId");
    }
    const refusal = await admit(ctx, settings, now);
    if (refusal !== null) return refusal;
    const { entry } = terms;
    const created = await ctx.db.insert("sessions", {
      anonymousId,
      createdAt: now,
      state: "active",
      visits: 1,
      actionCount: 0,
      ...(entry === undefined ? {} : { firstEntry: entry }),
    });
    await countStates(ctx, { active: 1 });
    await noteChanges(ctx, [{ session: created, from: null, to: "active" }]);
    const lease = { anonymousId, session: created, ...terms };
    const made = await ctx.db.insert("leases", lease);
    const told = { _id: created, anonymousId, createdAt: now };
    return {
      ...visit(created, made, "created", now),
      started: { row, session: startedSession(told, now, 1) },
    };
  }
  const { _id } = session;
  const visits = session.visits + 1;
  const started = { row, session: startedSession(session, now, visits) };
  if (overLease !== null) {
    await ctx.db.patch("sessions", _id, {
      visits,
      ...(await followUp(ctx, session, overLease, now, report)),
    });
    const minute = minuteOf(overLease, now);
    const lease = { anonymousId, session: _id, ...terms, ...minute };
    await ctx.db.replace("leases", overLease._id, lease);
    return { ...visit(_id, overLease._id, "revived", now, minute), started };
  }
  await ctx.db.patch("sessions", _id, {
    state: "active",
    visits,
    inactiveSince: undefined,
    isStripped: undefined,
    actionMinute: undefined,
    endReason: undefined,
    blockedUntil: undefined,
    ...(await creditLast(ctx, session, report, now)),
  });
  await countStates(ctx, { [session.state]: -1, active: 1 });
  await noteChanges(ctx, [changeOf(session, "active")]);
  const minute = minuteOf(session, now);
  const lease = { anonymousId, session: _id, ...terms, ...minute };
  const made = await ctx.db.insert("leases", lease);
  return { ...visit(_id, made, "revived", now, minute), started };
}

type StartedVisit = Extract<
  Awaited<ReturnType<typeof startVisit>>,
  { ok: true }
>;

/**
 * Tells the app's hook `onStarted` of a visit, as the last thing that a mutation does: the hook may call the
 * component for the same visitor, to note an action or to end the visit.
 */
export async function tellStarted(
  ctx: MutationCtx,
  { started }: Pick<StartedVisit, "started">,
): Promise<void> {
  await tellHook(ctx, "onStarted", started.session, started.row);
}

/** Notes where the session's first visit came from, which was not known when it started. */
export async function keepFirstEntry(
  ctx: MutationCtx,
  id: Id<"sessions">,
  entry: Entry,
): Promise<void> {
  const session = await ctx.db.get("sessions", id);
  if (session?.visits !== 1 || session.firstEntry !== undefined) return;
  await ctx.db.patch("sessions", id, { firstEntry: entry });
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/**
 * The lease of a visit that starts, with the settings that it is to go by: a heartbeat reads nothing else.
 */
function termsOf(
  { touchAfterMs, idleTimeoutMs, maxVisitMs }: Settings,
  now: number,
  report: VisitReport | undefined,
) {
  const entry = entryOf(report);
  return {
    startedAt: now,
    lastActive: now,
    actionCount: 0,
    touchAfterMs,
    idleTimeoutMs,
    ...(maxVisitMs === "never" ? {} : { maxVisitMs }),
    ...(entry === undefined ? {} : { entry }),
    ...(entry?.path === undefined ? {} : { path: entry.path }),
  };
}

/** Closes the visit of a lease that the next visit takes over. */
async function followUp(
  ctx: MutationCtx,
  session: Doc<"sessions">,
  lease: Doc<"leases">,
  now: number,
  report: VisitReport | undefined,
): Promise<Patch<Doc<"sessions">>> {
  const why = whyOver(lease, now) ?? "maximum";
  const seen = visitOf(session, lease, lease.lastActive, why);
  // A report that names no visit is of the one under way, which this one is no longer.
  const late = report?.startedAt === undefined ? undefined : report;
  const over = credited(seen, late, now, lease.maxVisitMs);
  await countVisits(ctx, [closed(over, session.visits === 1)]);
  return await keepVisit(ctx, session, lease, over);
}

function startedSession(
  session: Parameters<typeof toHookSession>[0],
  now: number,
  visit: number,
) {
  return { ...toHookSession(session, now), visit };
}

function visit<How extends "created" | "revived">(
  session: Id<"sessions">,
  lease: Id<"leases">,
  how: How,
  startedAt: number,
  minute: { actionMinute?: ActionMinute } = {},
) {
  const started = { session, lease, how, startedAt, actionCount: 0 };
  return { ok: true as const, ...started, ...minute };
}

/** The minute of actions under way: who ends a visit, or begins the next, has no more actions in it than others. */
function minuteOf(
  { actionMinute }: { actionMinute?: ActionMinute },
  now: number,
): { actionMinute?: ActionMinute } {
  const minute = minuteUnderWay(actionMinute, now);
  return minute === undefined ? {} : { actionMinute: minute };
}
