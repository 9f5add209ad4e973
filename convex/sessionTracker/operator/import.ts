/**
 * Importing sessions from elsewhere, such as another tracker, an export or a log. To import the same rows again
 * changes nothing.
 */
import { v, type Infer } from "convex/values";
import type { Doc, Id } from "../_generated/dataModel.js";
import { mutation, type MutationCtx } from "../_generated/server.js";
import { checkReason, fail } from "../shared/errors.js";
import { MAX_IMPORT_ACTIONS, MAX_IMPORT_ROWS } from "../shared/limits.js";
import {
  type Action,
  ANONYMOUS_ID_RULE,
  type BlockedUntil,
  blockOf,
  isAnonymousId,
  type SessionState,
  vAction,
  vBlockedUntil,
} from "../shared/sessions.js";
import { startOf, vEntry, vVisit } from "../shared/visits.js";
import type { Settings } from "../shared/settings.js";
import { vOpenVisit } from "../shared/transfer/openVisits.js";
import { problemOfVisits } from "../shared/transfer/visitRules.js";
import { countStates } from "../rows/counters.js";
import { type ClosedVisit, countVisits } from "../rows/days.js";
import { erasuresOf, liftErasures } from "../rows/erasures.js";
import { findLease, findSession } from "../rows/sessions.js";
import { noteChanges, type StateChange } from "../rows/tallies.js";
import { readSettings } from "../settings/inForce.js";
import {
  actionKey,
  checkActionTime,
  CLOCK_SKEW_MS,
  notStored,
} from "./importActions.js";
import { keepAll, mergeVisits } from "./imports/mergeVisits.js";
import {
  begin,
  type LeaseChange,
  type Moved,
  moveForward,
} from "./imports/timeline.js";

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
  /**
   * When the block of a visitor who ended ends, in ms since the epoch; it goes with the end, and is nothing once
   * it is over. @default no block
   */
  blockedUntil: v.optional(vBlockedUntil),
  /** The least engaged time of finished visits that the session has after the import, in ms. @default theirs */
  engagedMs: v.optional(v.number()),
  /** Where the first visit came from. */
  firstEntry: v.optional(vEntry),
  /** The visit that was under way when the visitor was last active. */
  visitUnderWay: v.optional(vOpenVisit),
  /** Finished visits, in any order; a visitor with such and none under way is not active. */
  finishedVisits: v.optional(v.array(vVisit)),
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
  /** Rows of visitors who were forgotten since: they stay so. */
  erased: v.number(),
  /** Number of finished visits that the sessions did not have. */
  visits: v.number(),
  /** Number of actions inserted. */
  actions: v.number(),
});

/**
 * Creates a session for each row, or merges the row into the visitor's session, which then has the earlier
 * `createdAt`, the later `lastActive` with the end that belongs to it, the greater `visits`, the `userId` that it
 * had first, and the union of visits and of actions, whatever `maxActionsPerSession` is. A visitor who is idle by
 * the settings in force gets no lease, but for a visit under way, which the next run then closes; a blocked one
 * gets none at all, and stays blocked; a block that a later row has counts too, whichever is the longer. A visit that a row closes here is counted by its day; the days of
 * finished visits come by `importDays`. A row of a visitor who was forgotten after they first came, as the row
 * has it, changes nothing.
 * @throws invalidRow `{ index }` (nothing of the call is written); batchTooLarge; invalidArgument for an empty
 *   reason
 */
export const batch = mutation({
  args: {
    rows: v.array(vImportRow),
    /** Brings back also who was forgotten, and takes back that they were; audited. @default nobody */
    restoreErased: v.optional(
      v.object({ actor: v.string(), reason: v.string() }),
    ),
  },
  returns: vImported,
  handler: async (ctx, { rows, restoreErased }) => {
    const now = Date.now();
    checkReason(restoreErased?.reason);
    checkSize(rows);
    rows.forEach((row, index) => checkRow(row, index, now));
    const settings = await readSettings(ctx);
    const erasures = await erasuresOf(ctx, rows);
    if (restoreErased !== undefined) {
      await liftErasures(ctx, [...erasures.values()], restoreErased);
      erasures.clear();
    }
    const imported = {
      created: 0,
      merged: 0,
      unchanged: 0,
      erased: 0,
      visits: 0,
      actions: 0,
    };
    const states = { active: 0, expired: 0, ended: 0 };
    const changed: StateChange[] = [];
    const visits: ClosedVisit[] = [];
    for (const [index, row] of rows.entries()) {
      if (erasures.has(row)) {
        imported.erased += 1;
        continue;
      }
      const result = await importRow(ctx, row, settings, now).catch(
        (error: unknown) => refuse(index, notStored(error)),
      );
      imported[result.outcome] += 1;
      imported.visits += result.visits;
      imported.actions += result.actions;
      if (result.from !== null) states[result.from] -= 1;
      states[result.to] += 1;
      changed.push(result);
      visits.push(...result.closed);
    }
    await countStates(ctx, states, "import");
    await countVisits(ctx, visits, "import");
    await noteChanges(ctx, changed, "import");
    return imported;
  },
});

// ── One row ─────────────────────────────────────────────────────────────────

interface RowImported {
  outcome: "created" | "merged" | "unchanged";
  visits: number;
  actions: number;
  /** What the days are to count. */
  closed: ClosedVisit[];
  session: Id<"sessions">;
  from: SessionState | null;
  to: SessionState;
}

async function importRow(
  ctx: MutationCtx,
  asked: ImportRow,
  settings: Settings,
  now: number,
): Promise<RowImported> {
  const session = await findSession(ctx, asked.anonymousId);
  if (session === null) return await createFrom(ctx, asked, settings, now);
  const row =
    blockOf(session, now) === null ? asked : asEnded(asked, session.endReason);

  const isActive = session.state === "active";
  const lease = isActive ? await findLease(ctx, row.anonymousId) : null;
  const moved = moveForward(session, lease, row, settings, now);
  const { patch, ...done } = await addRows(ctx, session, lease, row, moved);
  if (row.createdAt < session.createdAt) {
    patch.createdAt = row.createdAt;
    if (row.firstEntry !== undefined) patch.firstEntry = row.firstEntry;
  } else if (session.firstEntry === undefined && row.firstEntry !== undefined) {
    patch.firstEntry = row.firstEntry;
  }
  const until = laterBlock(blockOf(session, now), blockOf(asked, now));
  if (moved.isLater && until !== null) patch.blockedUntil = until;
  if (session.userId === undefined && row.userId !== undefined) {
    patch.userId = row.userId;
  }
  const isPatched = Object.keys(patch).length > 0;
  if (isPatched) await ctx.db.patch("sessions", session._id, patch);
  const isMerged = isPatched || moved.isLater || done.actions > 0;
  return {
    ...done,
    outcome: isMerged ? "merged" : "unchanged",
    session: session._id,
    from: session.state,
    to: moved.state,
  };
}

/** The row of a blocked visitor, whom an import does not bring back. */
function asEnded(row: ImportRow, reason: string | undefined): ImportRow {
  return { ...row, ended: reason === undefined ? {} : { reason } };
}

/** The block that holds longer; `null` where there is none. */
function laterBlock(
  a: BlockedUntil | null,
  b: BlockedUntil | null,
): BlockedUntil | null {
  if (a === null || b === null) return a ?? b;
  return a === "forever" || b === "forever" ? "forever" : Math.max(a, b);
}

async function createFrom(
  ctx: MutationCtx,
  row: ImportRow,
  settings: Settings,
  now: number,
): Promise<RowImported> {
  const { anonymousId, createdAt, userId, firstEntry, actions = [] } = row;
  const moved = begin(row, settings, now);
  const { rows, closed, ...ofVisits } = keepAll(moved.finished, row.engagedMs);
  const inLease = moved.lease.how === "start" ? 1 : 0;
  const blockedUntil = blockOf(row, now);
  const visits = moved.finished.length + inLease;
  const since = startAfter(moved.lease, null, row);
  const inVisit = actions.filter(({ at }) => at >= since).length;
  const session = await ctx.db.insert("sessions", {
    anonymousId,
    createdAt,
    state: moved.state,
    visits: Math.max(row.visits ?? 1, visits),
    actionCount: actions.length - inVisit,
    ...ofVisits,
    ...(userId === undefined ? {} : { userId }),
    ...(firstEntry === undefined ? {} : { firstEntry }),
    ...moved.end,
    ...(blockedUntil === null ? {} : { blockedUntil }),
  });
  const change = moved.lease;
  await changeLease(ctx, { session, anonymousId }, null, change, inVisit);
  for (const visit of rows) {
    await ctx.db.insert("visits", { session, ...visit });
  }
  for (const action of actions) {
    await ctx.db.insert("actions", { session, ...action });
  }
  return {
    outcome: "created",
    visits: moved.finished.length,
    actions: actions.length,
    closed,
    session,
    from: null,
    to: moved.state,
  };
}

/**
 * Adds what the session lacks of the row's visits and actions, and changes its lease.
 * @returns what is to be patched of the session
 */
async function addRows(
  ctx: MutationCtx,
  session: Doc<"sessions">,
  lease: Doc<"leases"> | null,
  row: ImportRow,
  moved: Moved,
) {
  const isNew = lease === null && moved.lease.how !== "start";
  const inLease = moved.lease.how === "close" || isNew ? 0 : 1;
  const patch = { ...moved.patch };
  const merged = await mergeVisits(ctx, session, moved.finished, {
    inLease: lease === null ? 0 : 1,
    engagedMs: row.engagedMs ?? 0,
  });
  Object.assign(patch, merged.patch);
  const { visitRows = 0, lastVisit } = { ...session, ...merged.patch };
  const known = patch.visits ?? session.visits;
  const visits = Math.max(
    known,
    row.visits ?? 1,
    visitRows + (lastVisit === undefined ? 0 : 1) + inLease,
  );
  if (visits > session.visits) patch.visits = visits;

  const since = startAfter(moved.lease, lease, row);
  const added = await addMissingActions(ctx, session._id, row.actions ?? []);
  const ofVisit = added.filter(({ at }) => at >= since).length;
  const { _id, anonymousId } = session;
  const of = { session: _id, anonymousId };
  await changeLease(ctx, of, lease, moved.lease, ofVisit);
  if (added.length > ofVisit) {
    patch.actionCount =
      (patch.actionCount ?? session.actionCount) + added.length - ofVisit;
  }
  return {
    patch,
    visits: merged.added,
    actions: added.length,
    closed: merged.closed,
  };
}

/**
 * When the visit under way starts, after the change: the row's actions from then on are of that visit, where the
 * row says that it is under way.
 */
function startAfter(
  change: LeaseChange,
  lease: Doc<"leases"> | null,
  { visitUnderWay }: ImportRow,
): number {
  if (visitUnderWay === undefined) return Infinity;
  if (change.how === "start") return change.beat.startedAt ?? Infinity;
  if (change.how === "close" || lease === null) return Infinity;
  return startOf(lease);
}

async function changeLease(
  ctx: MutationCtx,
  of: Pick<Doc<"leases">, "anonymousId" | "session">,
  lease: Doc<"leases"> | null,
  change: LeaseChange,
  actions: number,
): Promise<void> {
  if (change.how === "start") {
    const { beat } = change;
    const next = { ...of, ...beat, actionCount: actions };
    if (lease === null) await ctx.db.insert("leases", next);
    else await ctx.db.replace("leases", lease._id, next);
    return;
  }
  if (lease === null) return;
  if (change.how === "close") {
    await ctx.db.delete("leases", lease._id);
    return;
  }
  const patch = change.how === "touch" ? change.patch : {};
  if (change.how === "keep" && actions === 0) return;
  const actionCount = lease.actionCount + actions;
  await ctx.db.patch("leases", lease._id, { ...patch, actionCount });
}

// ── Actions ─────────────────────────────────────────────────────────────────

/** The most actions of a session that are read to find out which actions of a row are new. */
const MAX_COMPARED_ACTIONS = 8_000;

/**
 * Adds the actions that the session lacks. Equal actions at one time count separately: an action is inserted as
 * often as the row has it more often than the session.
 * @returns those that were inserted
 */
async function addMissingActions(
  ctx: MutationCtx,
  session: Id<"sessions">,
  actions: Action[],
): Promise<Action[]> {
  if (actions.length === 0) return [];
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
  const inserted: Action[] = [];
  for (const action of actions) {
    const key = actionKey(action);
    const left = unmatched.get(key) ?? 0;
    if (left > 0) {
      unmatched.set(key, left - 1);
      continue;
    }
    await ctx.db.insert("actions", { session, ...action });
    inserted.push(action);
  }
  return inserted;
}

// ── Rules ───────────────────────────────────────────────────────────────────

function checkSize(rows: ImportRow[]): void {
  const count = rows.reduce(
    (sum, { finishedVisits = [], actions = [] }) =>
      sum + finishedVisits.length + actions.length,
    0,
  );
  if (rows.length <= MAX_IMPORT_ROWS && count <= MAX_IMPORT_ACTIONS) return;
  fail(
    "batchTooLarge",
    `A call takes ${MAX_IMPORT_ROWS} rows and ${MAX_IMPORT_ACTIONS} visits and actions of them, got ${rows.length} and ${count}: send them in several.`,
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
  const { blockedUntil, ended } = row;
  if (blockedUntil !== undefined && ended === undefined) {
    refuse(
      index,
      "blockedUntil is of a visitor who ended, and ended is absent",
    );
  }
  if (typeof blockedUntil === "number" && !(blockedUntil >= 0)) {
    refuse(
      index,
      `blockedUntil must be a time in ms since the epoch or "forever", got ${blockedUntil}`,
    );
  }
  const ofVisits = problemOfVisits(row, now);
  if (ofVisits !== null) refuse(index, ofVisits);
  for (const { at } of row.actions ?? []) {
    const problem = checkActionTime(at, now);
    if (problem !== null) refuse(index, problem);
  }
}

function refuse(index: number, problem: string): never {
  fail("invalidRow", `Row ${index}: ${problem}.`, { index, problem });
}
