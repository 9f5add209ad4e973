/** How an imported row moves a session on: pure reckoning, which writes nothing. */
import type { WithoutSystemFields } from "convex/server";
import type { Doc } from "../../_generated/dataModel.js";
import { blockOf, type SessionState } from "../../shared/sessions.js";
import type { Settings } from "../../shared/settings.js";
import type { OpenVisit } from "../../shared/transfer/openVisits.js";
import { startOf, type Visit, whyOver } from "../../shared/visits.js";
import type { Patch } from "../../rows/patch.js";
import { visitOf } from "../../visitors/closeVisit.js";
import type { Incoming } from "./mergeVisits.js";

/** The part of a row that says when the visitor was there. */
export interface RowTimes {
  lastActive: number;
  ended?: { reason?: string } | undefined;
  userId?: string | undefined;
  visits?: number | undefined;
  visitUnderWay?: OpenVisit | undefined;
  finishedVisits?: Visit[] | undefined;
}

type Beat = Omit<WithoutSystemFields<Doc<"leases">>, "anonymousId" | "session">;

/** What becomes of the lease, where there is one before or after. */
export type LeaseChange =
  | { how: "keep" }
  | { how: "touch"; patch: Patch<Beat> }
  | { how: "start"; beat: Beat }
  | { how: "close" };

export interface Moved {
  state: SessionState;
  isLater: boolean;
  /** The changes of the session's row. */
  patch: Patch<WithoutSystemFields<Doc<"sessions">>>;
  lease: LeaseChange;
  /** The finished visits that the session is to have, those that close by the import included. */
  finished: Incoming[];
}

/** What a row makes of a visitor who was not known. */
export function begin(row: RowTimes, settings: Settings, now: number) {
  const inactive = inactiveState(row, row.visitUnderWay, settings, now);
  const lease: LeaseChange =
    inactive === null
      ? { how: "start", beat: toBeat(row, row.visitUnderWay, settings) }
      : { how: "keep" };
  const { state, ...end } = inactive ?? { state: "active" as const };
  const { finishedVisits = [] } = row;
  const finished: Incoming[] = finishedVisits.map((visit) => ({ visit }));
  return { state, end, lease, finished };
}

/**
 * Moves the session's last activity to a later one, which starts the next visit where it is recent. The visit
 * under way goes on, or closes where it was over by then; where the row has it as finished, it is the row's.
 */
export function moveForward(
  session: Doc<"sessions">,
  lease: Doc<"leases"> | null,
  row: RowTimes,
  settings: Settings,
  now: number,
): Moved {
  const { lastActive } = row;
  const { state, visits, lastVisit } = session;
  // What has closed here is not opened again.
  const isClosed = row.visitUnderWay?.startedAt === lastVisit?.startedAt;
  const open = isClosed ? undefined : row.visitUnderWay;
  const isSame =
    lease !== null && open !== undefined && overlaps(lease, open, lastActive);
  const known = lease?.lastActive ?? session.inactiveSince ?? 0;
  const isLater = lastActive > known;
  const ofRow = rowVisits(row, visits, {
    withOpen: isClosed || (!isSame && (!isLater || row.ended !== undefined)),
  });
  if (!isLater) {
    const finished = ofRow.filter(
      ({ visit }) => lease === null || visit.startedAt !== startOf(lease),
    );
    const keep = { how: "keep" as const };
    return { state, isLater, patch: {}, lease: keep, finished };
  }
  const inactive = inactiveState(row, open, settings, now);
  if (lease !== null && goesOn(lease, row, inactive?.state ?? null)) {
    const patch = { lastActive, ...gainedBy(lease, isSame ? open : undefined) };
    const touch = { how: "touch" as const, patch };
    return { state, isLater, patch: {}, lease: touch, finished: ofRow };
  }
  const finished = [...ofRow, ...closing(session, lease, row)];
  const patch = {
    inactiveSince: undefined,
    isStripped: undefined,
    endReason: undefined,
    ...(blockOf(session, now) === null ? { blockedUntil: undefined } : {}),
    actionCount: session.actionCount + (lease?.actionCount ?? 0),
  };
  if (inactive !== null) {
    return {
      state: inactive.state,
      isLater,
      patch: { ...patch, ...inactive },
      lease: { how: lease === null ? "keep" : "close" },
      finished,
    };
  }
  return {
    state: "active",
    isLater,
    patch: { ...patch, state: "active", visits: visits + 1 },
    lease: { how: "start", beat: toBeat(row, open, settings) },
    finished,
  };
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/**
 * The fields of a session whose visitor is not active; `null` for an active visitor. A visit under way stays so,
 * however long ago: a run closes it, as where it came from, and counts it. A visitor who has finished visits and
 * none under way is not there, however short the time since.
 */
function inactiveState(
  { lastActive, ended, visitUnderWay, finishedVisits = [] }: RowTimes,
  open: OpenVisit | undefined,
  { idleTimeoutMs }: Settings,
  now: number,
) {
  if (ended !== undefined) {
    const endReason =
      ended.reason === undefined ? {} : { endReason: ended.reason };
    return {
      state: "ended" as const,
      inactiveSince: lastActive,
      ...endReason,
    };
  }
  if (open !== undefined) return null;
  const isGone = finishedVisits.length > 0 && visitUnderWay === undefined;
  return isGone || now - lastActive > idleTimeoutMs
    ? { state: "expired" as const, inactiveSince: lastActive }
    : null;
}

/**
 * The row's finished visits, and where asked for the one under way as finished too.
 * @param known number of visits that the session has without the row's
 */
function rowVisits(
  row: RowTimes,
  known: number,
  { withOpen }: { withOpen: boolean },
): Incoming[] {
  const { finishedVisits = [], visitUnderWay, lastActive } = row;
  const finished: Incoming[] = finishedVisits.map((visit) => ({ visit }));
  if (!withOpen || visitUnderWay === undefined) return finished;
  const { engagedAt, path, purgedActions = 0, ...others } = visitUnderWay;
  const { formerUserId: userId = row.userId, ...rest } = others;
  const visit = {
    ...rest,
    actions: rest.actions + purgedActions,
    endedAt: lastActive,
    ...(path === undefined ? {} : { exitPath: path }),
    why: "idle" as const,
    ...(typeof userId === "string" ? { userId } : {}),
  };
  const { visits = 1 } = row;
  const isFirst = Math.max(visits, known, finished.length + 1) === 1;
  return [...finished, { visit, closesHere: { isFirst } }];
}

/** Whether the visit of the lease still went on at the row's last activity. */
function goesOn(
  lease: Doc<"leases">,
  { lastActive, visitUnderWay, finishedVisits = [] }: RowTimes,
  inactive: SessionState | null,
): boolean {
  if (inactive === "ended" || isIn(finishedVisits, lease)) return false;
  if (visitUnderWay !== undefined) {
    return overlaps(lease, visitUnderWay, lastActive);
  }
  return (
    whyOver(lease, lastActive) === null && !hasLater(finishedVisits, lease)
  );
}

/** The visit of a lease that goes no further, unless the row has it as finished. */
function closing(
  session: Doc<"sessions">,
  lease: Doc<"leases"> | null,
  { lastActive, ended, finishedVisits = [] }: RowTimes,
): Incoming[] {
  if (lease === null || isIn(finishedVisits, lease)) return [];
  const why = whyOver(lease, lastActive);
  const isEnded =
    ended !== undefined && why === null && !hasLater(finishedVisits, lease);
  const visit = isEnded
    ? visitOf(session, lease, lastActive, "ended")
    : visitOf(session, lease, lease.lastActive, why ?? "idle");
  const closesHere = { isFirst: session.visits === 1 };
  return [{ visit, closesHere, isOwn: true }];
}

function isIn(visits: Visit[], lease: Doc<"leases">): boolean {
  return visits.some(({ startedAt }) => startedAt === startOf(lease));
}

function hasLater(visits: Visit[], { lastActive }: Doc<"leases">): boolean {
  return visits.some(({ startedAt }) => startedAt > lastActive);
}

/** Whether a visit that the row has as under way is the one of the lease. */
function overlaps(
  lease: Doc<"leases">,
  open: OpenVisit,
  lastActive: number,
): boolean {
  return open.startedAt <= lease.lastActive && startOf(lease) <= lastActive;
}

/** What the lease gains by the same visit, as the row has it. */
function gainedBy(
  lease: Doc<"leases">,
  open: OpenVisit | undefined,
): Patch<Beat> {
  if (open === undefined) return {};
  const { startedAt, engagedMs, engagedAt = startedAt } = open;
  const entry = lease.entry ?? open.entry;
  return {
    startedAt: Math.min(startOf(lease), startedAt),
    ...(engagedMs > (lease.engagedMs ?? 0) ? { engagedMs, engagedAt } : {}),
    ...(entry === undefined ? {} : { entry }),
    ...(open.path === undefined ? {} : { path: open.path }),
  };
}

/** The lease of a visit that is under way, with the settings in force here. */
function toBeat(
  { lastActive }: RowTimes,
  open: OpenVisit | undefined,
  { touchAfterMs, idleTimeoutMs, maxVisitMs }: Settings,
): Beat {
  const { actions, ...visit } = open ?? { startedAt: lastActive, actions: 0 };
  return {
    lastActive,
    actionCount: 0,
    touchAfterMs,
    idleTimeoutMs,
    ...(maxVisitMs === "never" ? {} : { maxVisitMs }),
    ...visit,
  };
}
