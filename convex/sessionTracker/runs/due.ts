/**
 * The rows due to a run, in the order in which the run comes to them: first leases, then sessions of a
 * purge, then visits and actions of the sessions that stay.
 */
import type { Doc, Id } from "../_generated/dataModel.js";
import type { QueryCtx } from "../_generated/server.js";
import { blockOf } from "../shared/sessions.js";
import { placeOf } from "../shared/places.js";
import {
  type Cursor,
  ownCutoffs,
  type OwnCutoffs,
  type RunPhase,
} from "../shared/runs/run.js";
import type { ScheduleName } from "../shared/schedules.js";
import {
  type Walk,
  walkAllActions,
  walkEndedVisits,
  walkInactive,
  walkLeases,
  walkUnstripped,
} from "../rows/walks.js";
import { readSettings } from "../settings/inForce.js";
import { cutoffBySettings } from "./cutoffs.js";

/** Rows last active strictly before the cutoff and not before `from`, in ms since the epoch. */
export interface Due {
  cutoff: number;
  from?: number | undefined;
}

const PHASES = {
  expire: ["leases"],
  purge: ["leases", "sessions", "lastVisits", "visits", "actions"],
} as const satisfies Record<ScheduleName, RunPhase[]>;

/** The cursor of a run that comes to a phase and has handled none of its rows yet. */
export function beginningOf(phase: RunPhase): Cursor {
  return { phase, at: 0, creationTime: 0, id: "" };
}

/** The phase after a phase of the run, or `null` after its last. */
export function phaseAfter(
  phase: RunPhase,
  { kind, cutoffs }: Pick<DueRun, "kind" | "cutoffs">,
): RunPhase | null {
  const phases: readonly RunPhase[] = PHASES[kind];
  const rest = phases.slice(phases.indexOf(phase) + 1);
  return (
    rest.find(
      (next) => !isByAge(next) || cutoffIn(next, cutoffs) !== undefined,
    ) ?? null
  );
}

/** The phases after the sessions', which take parts of sessions by age. */
export type AgePhase = Extract<RunPhase, "lastVisits" | "visits" | "actions">;

export function isByAge(phase: RunPhase | undefined): phase is AgePhase {
  return phase === "lastVisits" || phase === "visits" || phase === "actions";
}

export function cutoffIn(
  phase: AgePhase,
  cutoffs: OwnCutoffs | undefined,
): number | undefined {
  return phase === "actions" ? cutoffs?.actions : cutoffs?.visits;
}

/** Up to `count` due leases, those idle the longest first. */
export function dueLeases(
  ctx: QueryCtx,
  { cutoff, from }: Due,
  cursor: Cursor | null,
  count: number,
): Promise<Doc<"leases">[]> {
  const after = placeIn("leases", cursor);
  const stretch = { order: "asc" as const, after, from, before: cutoff };
  return walkLeases(ctx, stretch).take(count);
}

/**
 * The most blocked sessions that one call passes over: a purge keeps them, so that a block outlasts the
 * retention, and they stay at the head of the index.
 */
export const MAX_PASSED = 1_000;

interface DueSessions {
  sessions: Doc<"sessions">[];
  /** The cursor behind the last session looked at, passed over or not. */
  cursor: Cursor | null;
  /** Whether there are no others; if not, there may be. */
  isAll: boolean;
}

/**
 * Up to `count` due sessions, those inactive the longest first. There may be fewer, even none, and yet others,
 * where so many are blocked that the call stops.
 */
export async function dueSessions(
  ctx: QueryCtx,
  due: Due,
  cursor: Cursor | null,
  count: number,
  now = Date.now(),
): Promise<DueSessions> {
  const found: DueSessions = { sessions: [], cursor, isAll: false };
  if (count < 1) return found;
  let passed = 0;
  for await (const session of walkDueSessions(ctx, due, cursor)) {
    found.cursor = sessionCursor(session);
    if (blockOf(session, now) === null) found.sessions.push(session);
    else passed += 1;
    if (found.sessions.length === count || passed > MAX_PASSED) return found;
  }
  return { ...found, isAll: true };
}

/** The due sessions and the blocked ones among them, read one by one: a page does not know how many fit. */
export function walkDueSessions(
  ctx: QueryCtx,
  { cutoff, from }: Due,
  cursor: Cursor | null,
): Walk<Doc<"sessions">> {
  const after = placeIn("sessions", cursor);
  const stretch = { order: "asc" as const, after, from, before: cutoff };
  return walkInactive(ctx, stretch);
}

/**
 * The sessions whose last visit is due by age, those inactive the longest first: a last visit ends when its
 * session becomes inactive. That of a visitor who is there again is due once it has a row of its own, when
 * the visit under way closes.
 */
export function dueLastVisits(
  ctx: QueryCtx,
  { cutoff, from }: Due,
  cursor: Cursor | null,
): Walk<Doc<"sessions">> {
  const after = placeIn("lastVisits", cursor);
  const stretch = { order: "asc" as const, after, from, before: cutoff };
  return walkUnstripped(ctx, stretch);
}

/** The visits and actions due by age that have rows of their own, the oldest first. */
export function dueRows(
  ctx: QueryCtx,
  table: "visits" | "actions",
  before: number,
  cursor: Cursor | null,
): Walk<Doc<"visits"> | Doc<"actions">> {
  const after = placeIn(table, cursor);
  const stretch = { order: "asc" as const, after, before };
  return table === "visits"
    ? walkEndedVisits(ctx, stretch)
    : walkAllActions(ctx, stretch);
}

/** What of a run decides which rows are due to it. */
export interface DueRun {
  kind: ScheduleName;
  cutoff: number;
  cutoffs?: OwnCutoffs | undefined;
  cursor: Cursor | null;
}

export interface Page {
  kind: ScheduleName;
  cutoff: number;
  /** Cutoffs of visits and actions that go before their session. */
  cutoffs?: OwnCutoffs;
  cursor: Cursor | null;
  pageSize: number;
  /**
   * Number of sessions to expire (expire) or delete (purge) at most; a purge may expire any number of
   * leases.
   */
  sessionsLeft?: number;
}

export interface PageDone {
  /** Number of leases expired or ended. */
  leases: number;
  /** Number of sessions deleted, or ended. */
  sessions: number;
  /** Number of visits deleted, also of those that are fields of their session. */
  visits: number;
  /** Number of actions deleted. */
  actions: number;
  /** The cursor of the next page. */
  cursor: Cursor | null;
  /** Whether nothing is due any more. */
  isDone: boolean;
}

/** The session that a run would take next, or take a part of; `null` where nothing is due any more. */
export async function nextRow(
  ctx: QueryCtx,
  run: DueRun,
): Promise<{ session: Id<"sessions">; cursor: Cursor } | null> {
  let { cursor } = run;
  for (;;) {
    const phase = cursor?.phase ?? "leases";
    const row = await nextIn(ctx, phase, { ...run, cursor });
    if (row !== null) return row;
    const next = phaseAfter(phase, run);
    if (next === null) return null;
    cursor = beginningOf(next);
  }
}

/**
 * Whether a run of the kind would find anything by the settings in force. Reads only the first row of each index
 * that is not blocked, because a tick with nothing due must cost next to nothing. Behind more blocked sessions
 * than one call passes over there may be others, which only a run can find out.
 */
export async function anythingDue(
  ctx: QueryCtx,
  kind: ScheduleName,
  now: number,
): Promise<boolean> {
  const settings = await readSettings(ctx);
  const cutoff = cutoffBySettings(kind, settings, now);
  if (cutoff === null) return false;
  const cutoffs = ownCutoffs(settings, now);
  const run = { kind, cutoff, cutoffs, cursor: null };
  if ((await nextRow(ctx, run)) !== null) return true;
  if (kind === "expire") return false;
  return !(await dueSessions(ctx, { cutoff }, null, 1)).isAll;
}

export function leaseCursor(lease: Doc<"leases">): Cursor {
  return { phase: "leases", ...placeOf(lease.lastActive, lease) };
}

export function sessionCursor(session: Doc<"sessions">): Cursor {
  return { phase: "sessions", ...placeOf(session.inactiveSince ?? 0, session) };
}

/** The cursor behind a session whose last visit was taken. */
export function lastVisitCursor(session: Doc<"sessions">): Cursor {
  return { ...sessionCursor(session), phase: "lastVisits" };
}

/** The cursor behind a visit or an action that was taken by age. */
export function rowCursor(row: Doc<"visits"> | Doc<"actions">): Cursor {
  return "endedAt" in row
    ? { phase: "visits", ...placeOf(row.endedAt, row) }
    : { phase: "actions", ...placeOf(row.at, row) };
}

// ── Helpers ─────────────────────────────────────────────────────────────────

async function nextIn(ctx: QueryCtx, phase: RunPhase, run: DueRun) {
  const { cursor } = run;
  if (phase === "leases") {
    const [lease] = await dueLeases(ctx, run, cursor, 1);
    return lease === undefined
      ? null
      : { session: lease.session, cursor: leaseCursor(lease) };
  }
  if (phase === "sessions") {
    const { sessions } = await dueSessions(ctx, run, cursor, 1);
    const [session] = sessions;
    return session === undefined
      ? null
      : { session: session._id, cursor: sessionCursor(session) };
  }
  if (!isByAge(phase)) return null;
  const cutoff = cutoffIn(phase, run.cutoffs);
  if (cutoff === undefined) return null;
  if (phase === "lastVisits") {
    const [session] = await dueLastVisits(ctx, { cutoff }, cursor).take(1);
    return session === undefined
      ? null
      : { session: session._id, cursor: lastVisitCursor(session) };
  }
  const [row] = await dueRows(ctx, phase, cutoff, cursor).take(1);
  return row === undefined
    ? null
    : { session: row.session, cursor: rowCursor(row) };
}

/** The place in a phase at which a run goes on; `null` at the beginning of the phase, or before it. */
function placeIn(phase: RunPhase, cursor: Cursor | null): Cursor | null {
  return cursor?.phase === phase && cursor.id !== "" ? cursor : null;
}
