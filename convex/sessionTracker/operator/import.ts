/**
 * Importing sessions from elsewhere, such as another tracker, an export or a log. To import the same rows again
 * changes nothing.
 */
import type { WithoutSystemFields } from "convex/server";
import { v, type Infer } from "convex/values";
import type { Doc, Id } from "../_generated/dataModel.js";
import { mutation, type MutationCtx } from "../_generated/server.js";
import { fail } from "../shared/errors.js";
import { MAX_IMPORT_ACTIONS, MAX_IMPORT_ROWS } from "../shared/limits.js";
import {
  ANONYMOUS_ID_RULE,
  isAnonymousId,
  type Action,
  type SessionState,
  vAction,
} from "../shared/sessions.js";
import { isIdle } from "../shared/visits.js";
import type { Settings } from "../shared/settings.js";
import { countStates } from "../rows/counters.js";
import type { Patch } from "../rows/patch.js";
import { findLease, findSession } from "../rows/sessions.js";
import { noteChanges, type StateChange } from "../rows/tallies.js";
import { readSettings } from "../settings/inForce.js";
import {
  actionKey,
  checkActionTime,
  CLOCK_SKEW_MS,
  notStored,
} from "./importActions.js";

const vImportRow = v.object({
  anonymousId: v.string(),
  createdAt: v.number(),
  lastActive: v.number(),
  /** The least number of visits that the session has after the import. @default 1 */
  visits: v.optional(v.number()),
  /**
   * Present where the visitor ended the session when last active. @default the session expired, or is
   * active
   */
  ended: v.optional(v.object({ reason: v.optional(v.string()) })),
  /** The app's id of the user; a session that is linked to a user keeps that user. */
  userId: v.optional(v.string()),
  /** All actions of one row with equal `at` must come in one call; see `importActions.add`. */
  actions: v.optional(v.array(vAction)),
});
export type ImportRow = Infer<typeof vImportRow>;

const vImported = v.object({
  created: v.number(),
  merged: v.number(),
  unchanged: v.number(),
  /** Number of actions inserted. */
  actions: v.number(),
});
type Imported = Infer<typeof vImported>;

/**
 * Creates a session for each row, or merges the row into the visitor's session, which then has the earlier
 * `createdAt`, the later `lastActive` with the end that belongs to it, the greater `visits`, the `userId` that it
 * had first, and the union of actions, whatever `maxActionsPerSession` is. A visitor who is idle by the settings
 * in force gets no lease.
 * @throws invalidRow `{ index }` (nothing of the call is written); batchTooLarge
 */
export const batch = mutation({
  args: { rows: v.array(vImportRow) },
  returns: vImported,
  handler: async (ctx, { rows }) => {
    const now = Date.now();
    checkSize(rows);
    rows.forEach((row, index) => checkRow(row, index, now));
    const settings = await readSettings(ctx);
    const imported = { created: 0, merged: 0, unchanged: 0, actions: 0 };
    const states = { active: 0, expired: 0, ended: 0 };
    const changed: StateChange[] = [];
    for (const [index, row] of rows.entries()) {
      const result = await importRow(ctx, row, settings, now).catch(
        (error: unknown) => refuse(index, notStored(error)),
      );
      imported[result.outcome] += 1;
      imported.actions += result.actions;
      if (result.from !== null) states[result.from] -= 1;
      states[result.to] += 1;
      changed.push(result);
    }
    await countStates(ctx, states);
    await noteChanges(ctx, changed);
    return imported;
  },
});

// ── One row ─────────────────────────────────────────────────────────────────

interface RowImported {
  outcome: keyof Omit<Imported, "actions">;
  actions: number;
  session: Id<"sessions">;
  from: SessionState | null;
  to: SessionState;
}

async function importRow(
  ctx: MutationCtx,
  row: ImportRow,
  settings: Settings,
  now: number,
): Promise<RowImported> {
  const session = await findSession(ctx, row.anonymousId);
  if (session === null) return await createFrom(ctx, row, settings, now);

  const moved = await moveForward(ctx, session, row, settings, now);
  const actions = await addMissingActions(ctx, session._id, row.actions ?? []);
  const patch = { ...moved.patch };
  if (row.createdAt < session.createdAt) patch.createdAt = row.createdAt;
  const visits = moved.patch.visits ?? session.visits;
  if (row.visits !== undefined && row.visits > visits) {
    patch.visits = row.visits;
  }
  if (session.userId === undefined && row.userId !== undefined) {
    patch.userId = row.userId;
  }
  if (actions > 0) {
    patch.actionCount =
      (moved.patch.actionCount ?? session.actionCount) + actions;
  }
  const isPatched = Object.keys(patch).length > 0;
  if (isPatched) await ctx.db.patch("sessions", session._id, patch);
  return {
    outcome: isPatched || moved.isLater ? "merged" : "unchanged",
    actions,
    session: session._id,
    from: session.state,
    to: moved.state,
  };
}

async function createFrom(
  ctx: MutationCtx,
  { actions = [], ...row }: ImportRow,
  settings: Settings,
  now: number,
): Promise<RowImported> {
  const { anonymousId, createdAt, lastActive, visits = 1, userId } = row;
  const inactive = inactiveState(row, settings, now);
  const state = inactive?.state ?? "active";
  const session = await ctx.db.insert("sessions", {
    anonymousId,
    createdAt,
    state: "active",
    visits,
    actionCount: actions.length,
    ...(userId === undefined ? {} : { userId }),
    ...inactive,
  });
  if (inactive === null) {
    await insertLease(ctx, anonymousId, session, lastActive, settings);
  }
  for (const action of actions) {
    await ctx.db.insert("actions", { session, ...action });
  }
  return {
    outcome: "created",
    actions: actions.length,
    session,
    from: null,
    to: state,
  };
}

interface Moved {
  state: SessionState;
  isLater: boolean;
  /** The changes of the session's row. */
  patch: Patch<WithoutSystemFields<Doc<"sessions">>>;
}

/** Moves the session's last activity to a later one, which starts the next visit where it is recent. */
async function moveForward(
  ctx: MutationCtx,
  session: Doc<"sessions">,
  row: ImportRow,
  settings: Settings,
  now: number,
): Promise<Moved> {
  const { anonymousId, lastActive } = row;
  const { state } = session;
  const lease = state === "active" ? await findLease(ctx, anonymousId) : null;
  const known = lease?.lastActive ?? session.inactiveSince ?? 0;
  if (lastActive <= known) return { state, isLater: false, patch: {} };

  const inactive = inactiveState(row, settings, now);
  const isExpired = inactive?.state === "expired";
  if (
    lease !== null &&
    (isExpired || (inactive === null && !isIdle(lease, now)))
  ) {
    await ctx.db.patch("leases", lease._id, { lastActive });
    return { state, isLater: true, patch: {} };
  }
  const ended = { inactiveSince: undefined, endReason: undefined };
  if (inactive !== null) {
    if (lease !== null) await ctx.db.delete("leases", lease._id);
    const actionCount = session.actionCount + (lease?.actionCount ?? 0);
    const patch = { ...ended, ...inactive, actionCount };
    return { state: inactive.state, isLater: true, patch };
  }
  // The session has no lease, or an idle one that no run has expired yet: visits do not depend on when runs
  // happen.
  if (lease === null) {
    await insertLease(ctx, anonymousId, session._id, lastActive, settings);
  } else {
    await ctx.db.patch("leases", lease._id, firstBeat(lastActive, settings));
  }
  const patch = {
    ...ended,
    state: "active" as const,
    visits: session.visits + 1,
    actionCount: session.actionCount + (lease?.actionCount ?? 0),
  };
  return { state: "active", isLater: true, patch };
}

/** The fields of a session whose visitor is not active; `null` for an active visitor. */
function inactiveState(
  { lastActive, ended }: ImportRow,
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
  return now - lastActive > idleTimeoutMs
    ? { state: "expired" as const, inactiveSince: lastActive }
    : null;
}

function insertLease(
  ctx: MutationCtx,
  anonymousId: string,
  session: Id<"sessions">,
  lastActive: number,
  settings: Settings,
) {
  const beat = firstBeat(lastActive, settings);
  return ctx.db.insert("leases", { anonymousId, session, ...beat });
}

function firstBeat(
  lastActive: number,
  { touchAfterMs, idleTimeoutMs, maxVisitMs }: Settings,
) {
  return {
    startedAt: lastActive,
    lastActive,
    actionCount: 0,
    touchAfterMs,
    idleTimeoutMs,
    ...(maxVisitMs === "never" ? {} : { maxVisitMs }),
  };
}

// ── Actions ─────────────────────────────────────────────────────────────────

/** The most actions of a session that are read to find out which actions of a row are new. */
const MAX_COMPARED_ACTIONS = 8_000;

/**
 * Adds the actions that the session lacks. Equal actions at one time count separately: an action is inserted as
 * often as the row has it more often than the session.
 */
async function addMissingActions(
  ctx: MutationCtx,
  session: Id<"sessions">,
  actions: Action[],
): Promise<number> {
  if (actions.length === 0) return 0;
  const times = actions.map(({ at }) => at);
  const from = Math.min(...times);
  const to = Math.max(...times);
  const known = await ctx.db
    .query("actions")
    .withIndex("session_at", (q) =>
      q.eq("session", session).gte("at", from).lte("at", to),
    )
    .take(MAX_COMPARED_ACTIONS + 1);
  if (known.length > MAX_COMPARED_ACTIONS) {
    fail(
      "batchTooLarge",
      `The session has more than ${MAX_COMPARED_ACTIONS} actions from ${from} to ${to}: send its actions in time order, fewer in a call, or by importActions.add.`,
    );
  }
  const unmatched = new Map<string, number>();
  for (const action of known) {
    const key = actionKey(action);
    unmatched.set(key, (unmatched.get(key) ?? 0) + 1);
  }
  let inserted = 0;
  for (const action of actions) {
    const key = actionKey(action);
    const left = unmatched.get(key) ?? 0;
    if (left > 0) {
      unmatched.set(key, left - 1);
      continue;
    }
    await ctx.db.insert("actions", { session, ...action });
    inserted += 1;
  }
  return inserted;
}

// ── Rules ───────────────────────────────────────────────────────────────────

function checkSize(rows: ImportRow[]): void {
  const actions = rows.reduce(
    (sum, row) => sum + (row.actions?.length ?? 0),
    0,
  );
  if (rows.length <= MAX_IMPORT_ROWS && actions <= MAX_IMPORT_ACTIONS) return;
  fail(
    "batchTooLarge",
    `A call takes ${MAX_IMPORT_ROWS} rows and ${MAX_IMPORT_ACTIONS} actions, got ${rows.length} and ${actions}: send them in several.`,
  );
}

function checkRow(row: ImportRow, index: number, now: number): void {
  const { anonymousId, createdAt, lastActive } = row;
  if (!isAnonymousId(anonymousId)) {
    refuse(index, `${ANONYMOUS_ID_RULE}, got ${JSON.stringify(anonymousId)}`);
  }
  if (!(createdAt >= 0)) {
    refuse(
      index,
      `createdAt must be a time in ms since the epoch, got ${createdAt}`,
    );
  }
  if (!(lastActive >= createdAt)) {
    refuse(
      index,
      `lastActive (${lastActive}) lies before createdAt (${createdAt})`,
    );
  }
  if (lastActive > now + CLOCK_SKEW_MS) {
    refuse(index, `lastActive (${lastActive}) lies in the future`);
  }
  const { visits = 1 } = row;
  if (!(Number.isInteger(visits) && visits >= 1)) {
    refuse(index, `visits must be a whole number from 1, got ${visits}`);
  }
  for (const { at } of row.actions ?? []) {
    const problem = checkActionTime(at, now);
    if (problem !== null) refuse(index, problem);
  }
}

function refuse(index: number, problem: string): never {
  fail("invalidRow", `Row ${index}: ${problem}.`, { index, problem });
}
