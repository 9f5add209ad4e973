/**
 * The pages of an archived purge. Whoever writes the archive asks for the next page, puts it on
 * disk, and only then has exactly that page deleted: sessions that are no longer as they were
 * archived stay. Pages are numbered, so that a repeated call deletes nothing twice.
 */
import {
  compareValues,
  ConvexError,
  getConvexSize,
  v,
  type Infer,
  type ObjectType,
} from "convex/values";
import { internal } from "../_generated/api.js";
import type { Doc } from "../_generated/dataModel.js";
import {
  action,
  internalMutation,
  query,
  type ActionCtx,
  type MutationCtx,
  type QueryCtx,
} from "../_generated/server.js";
import { sessionsLeftOf } from "../shared/bounds.js";
import { fail } from "../shared/errors.js";
import type { HookSession } from "../shared/hooks.js";
import {
  type ArchivedPage,
  vArchivedPage,
  vCursor,
  vRunStatus,
} from "../shared/runs.js";
import { type Session, vSession } from "../shared/sessions.js";
import { countStates } from "../rows/counters.js";
import { deleteActions } from "../rows/deletes.js";
import { toSession } from "../rows/sessions.js";
import { changeOf, noteChanges, type StateChange } from "../rows/tallies.js";
import {
  PIECE_BYTES,
  readActions,
  toWhole,
  vWholeSession,
  type WholeSession,
} from "../rows/wholeSessions.js";
import { callHook, toHookSession } from "../settings/hooks.js";
import { advance, PAGE_LIMITS, recordPage, retreat } from "./chain.js";
import { dueSessions, sessionCursor } from "./due.js";
import { existingRun } from "./runRows.js";

const vLink = {
  runId: v.string(),
  /** The number of the page. */
  seq: v.number(),
  /** Who writes the archive: whoever took it over last. */
  archiver: v.string(),
};

const vLastPage = { seq: v.number(), ...vArchivedPage.fields };

/** @throws runNotFound; notArchiver */
export const nextPage = query({
  args: { runId: v.string(), archiver: v.string() },
  returns: v.object({
    status: vRunStatus,
    seq: v.number(),
    /** `expire`: call `expirePage` first; stale leases hold nothing to archive. */
    phase: v.union(v.literal("expire"), v.literal("purge")),
    sessions: v.array(vWholeSession),
    /** The outcome of the last archived page; a later page in the archive is not deleted yet. */
    last: v.union(v.object(vLastPage), v.null()),
  }),
  handler: async (ctx, args) => {
    const run = await archivedRun(ctx, args);
    const { status, seq } = run;
    const phase =
      run.cursor?.phase === "sessions"
        ? ("purge" as const)
        : ("expire" as const);
    const sessions =
      status === "running" && phase === "purge" ? await readPage(ctx, run) : [];
    const last = run.archiver?.last ?? null;
    return { status, seq, phase, sessions, last };
  },
});

const vPageDone = v.object({
  ...vArchivedPage.fields,
  status: vRunStatus,
  /** Sessions deleted by the whole run. */
  sessions: v.number(),
  actions: v.number(),
  /** For how long a run with a rate is to wait before its next page. */
  waitMs: v.number(),
});

/** Expires what is stale and before the cutoff, a page of it; deletes nothing. */
export const expirePage = action({
  args: vLink,
  returns: vPageDone,
  handler: (ctx, args): Promise<PageAnswer> =>
    telling(ctx, args, () =>
      ctx.runMutation(internal.runs.archive.expire, args),
    ),
});

const vArchived = v.object({
  /** The session as it was archived. */
  session: vSession,
  /** How many of its actions were archived, the oldest ones. */
  actions: v.number(),
  isComplete: v.boolean(),
});

/**
 * Deletes the page that was archived; none at all means that there was nothing left. A page that
 * fails is to be asked for again, and taken off the archive.
 * @throws runNotFound; notArchiver; stalePage
 */
export const purgePage = action({
  args: { ...vLink, sessions: v.array(vArchived) },
  returns: vPageDone,
  handler: (ctx, args): Promise<PageAnswer> =>
    telling(ctx, args, () =>
      ctx.runMutation(internal.runs.archive.purge, args),
    ),
});

export const expire = internalMutation({
  args: vLink,
  returns: vPageDone,
  handler: async (ctx, { seq, ...args }) => {
    const run = await archivedRun(ctx, args);
    // The page may expire leases, but its sessions are to be archived first.
    if (isNext(run, seq)) await advance(ctx, run, { sessionsLeft: 0 });
    return await pageDone(ctx, seq, args);
  },
});

export const purge = internalMutation({
  args: { ...vLink, sessions: v.array(vArchived) },
  returns: vPageDone,
  handler: async (ctx, { seq, sessions, ...args }) => {
    const run = await archivedRun(ctx, args);
    if (isNext(run, seq)) await purgeArchived(ctx, run, sessions);
    return await pageDone(ctx, seq, args);
  },
});

/** Records the failure of a page that could not record it itself. */
export const pageFailed = internalMutation({
  args: { ...vLink, message: v.string() },
  returns: vPageDone,
  handler: async (ctx, { seq, message, ...args }) => {
    const run = await archivedRun(ctx, args);
    if (isNext(run, seq)) {
      await retreat(ctx, run, message, "outOfTime");
      await note(ctx, run, { purged: false, stayed: [] });
    }
    return await pageDone(ctx, seq, args);
  },
});

/** The work of a page, apart so that it can fail and roll back alone. */
export const work = internalMutation({
  args: { sessions: v.array(vArchived) },
  returns: v.object({
    purged: v.number(),
    actions: v.number(),
    /** The last session that is done with. */
    last: v.union(vCursor, v.null()),
    stayed: vArchivedPage.fields.stayed,
  }),
  handler: (ctx, { sessions }) => deleteArchived(ctx, sessions),
});

// ── Helpers ─────────────────────────────────────────────────────────────────

type PageAnswer = Infer<typeof vPageDone>;

/** A page that runs out of time takes its transaction with it, so whoever called it tells the run. */
async function telling(
  ctx: ActionCtx,
  { runId, seq, archiver }: ObjectType<typeof vLink>,
  page: () => Promise<PageAnswer>,
): Promise<PageAnswer> {
  try {
    return await page();
  } catch (error) {
    // A refused call has tried nothing.
    if (error instanceof ConvexError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    const failed = { runId, seq, archiver, message };
    return await ctx.runMutation(internal.runs.archive.pageFailed, failed);
  }
}

/** A session costs up to three of a transaction's 4,096 read intervals, an action one. */
const MAX_SESSIONS = 500;
const MAX_ACTIONS = 1_500;

async function readPage(
  ctx: QueryCtx,
  run: Doc<"runs">,
): Promise<WholeSession[]> {
  const most = Math.min(
    MAX_SESSIONS,
    run.pageSize,
    sessionsLeftOf(run) ?? Infinity,
  );
  const allowance = {
    actions: Math.min(MAX_ACTIONS, run.pageSize * 4),
    bytes: PIECE_BYTES,
  };
  const whole: WholeSession[] = [];
  for (const row of await dueSessions(ctx, run, run.cursor, most)) {
    if (whole.length > 0 && (allowance.actions < 1 || allowance.bytes < 0))
      break;
    const read =
      row.actionCount === 0
        ? { rows: [], isComplete: true }
        : await readActions(ctx, row._id, null, allowance);
    allowance.bytes -= getConvexSize(row);
    whole.push(toWhole(row, row.inactiveSince ?? 0, read));
    if (!read.isComplete) break;
  }
  return whole;
}

type Archived = Pick<WholeSession, "session" | "isComplete"> & {
  actions: number;
};

async function purgeArchived(
  ctx: MutationCtx,
  run: Doc<"runs">,
  sessions: Archived[],
): Promise<void> {
  if (sessions.length === 0) {
    const left = await dueSessions(ctx, run, run.cursor, 1);
    const nothing = { expired: 0, purged: 0, actions: 0, cursor: run.cursor };
    await recordPage(ctx, run, { ...nothing, isDone: left.length === 0 });
    await note(ctx, run, { purged: true, stayed: [] });
    return;
  }
  try {
    const { last, stayed, ...done } = await ctx.runMutation(
      internal.runs.archive.work,
      { sessions },
      { transactionLimits: PAGE_LIMITS },
    );
    const cursor = last ?? run.cursor;
    await recordPage(ctx, run, { expired: 0, ...done, cursor, isDone: false });
    await note(ctx, run, { purged: true, stayed });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    await retreat(ctx, run, message);
    await note(ctx, run, { purged: false, stayed: [] });
  }
}

async function deleteArchived(ctx: MutationCtx, archived: Archived[]) {
  const purged: HookSession[] = [];
  const changed: StateChange[] = [];
  const stayed: ArchivedPage["stayed"] = [];
  const counts = { expired: 0, ended: 0, active: 0 };
  let deletedActions = 0;
  let last = null;
  for (const { session, actions, isComplete } of archived) {
    const row = await ctx.db.get("sessions", session.sessionId);
    const why = whyItStays(row, session);
    if (row === null || why !== null) {
      stayed.push({ sessionId: session.sessionId, why: why ?? "gone" });
      if (isComplete) last = keyOf(row, session) ?? last;
      continue;
    }
    await deleteOldest(ctx, row, actions, isComplete);
    deletedActions += actions;
    if (!isComplete) continue;
    await ctx.db.delete("sessions", row._id);
    counts[row.state] -= 1;
    changed.push(changeOf(row, null));
    last = sessionCursor(row);
    purged.push(toHookSession(row, row.inactiveSince ?? 0));
  }
  await countStates(ctx, counts, "purge");
  await noteChanges(ctx, changed);
  await callHook(ctx, "onPurged", purged);
  return { purged: purged.length, actions: deletedActions, last, stayed };
}

/** The archive's actions of a session are its oldest: actions are added, and deleted, but never change. */
async function deleteOldest(
  ctx: MutationCtx,
  session: Doc<"sessions">,
  count: number,
  isComplete: boolean,
): Promise<void> {
  // One delete more than there are tells whether all are gone; `deleteActions` keeps one back.
  const deletes = isComplete ? Infinity : count + 1;
  const { deleted } =
    count === 0
      ? { deleted: 0 }
      : await deleteActions(ctx, session._id, { deletes, bytes: Infinity });
  if (deleted !== count) {
    throw new Error(
      `Session ${session._id} has ${deleted} actions to delete, and ${count} were archived.`,
    );
  }
  if (isComplete) return;
  const actionCount = session.actionCount - count;
  await ctx.db.patch("sessions", session._id, { actionCount });
}

function whyItStays(
  row: Doc<"sessions"> | null,
  archived: Session,
): ArchivedPage["stayed"][number]["why"] | null {
  if (row === null) return "gone";
  const isSame = compareValues(toSession(row), archived) === 0;
  if (isSame) return null;
  const { inactiveSince } = row;
  return inactiveSince === archived.inactiveSince ? "changed" : "cameBack";
}

/** Where the walk goes on behind a session that stays; one that came back is no longer in the walk. */
function keyOf(row: Doc<"sessions"> | null, { inactiveSince }: Session) {
  return row !== null && row.inactiveSince === inactiveSince
    ? sessionCursor(row)
    : null;
}

/** `false` for a page that was done before; its outcome is still there to be told again. */
function isNext(run: Doc<"runs">, seq: number): boolean {
  if (run.status !== "running" || run.seq === seq + 1) return false;
  if (run.seq === seq) return true;
  fail(
    "stalePage",
    `Page ${seq} of run ${run._id} is long done; its next one is ${run.seq}.`,
    { runId: run._id, seq: run.seq },
  );
}

async function note(
  ctx: MutationCtx,
  run: Doc<"runs">,
  page: ArchivedPage,
): Promise<void> {
  const token = run.archiver?.token ?? "";
  const last = { seq: run.seq, ...page };
  await ctx.db.patch("runs", run._id, { archiver: { token, last } });
}

/** A page that is not the last one done was not done at all: its run was stopped before. */
async function pageDone(
  ctx: QueryCtx,
  seq: number,
  args: { runId: string; archiver: string },
) {
  const run = await archivedRun(ctx, args);
  const { status, sessions, actions, nextPageAt = 0 } = run;
  const last = run.archiver?.last;
  const { purged, stayed } =
    last?.seq === seq ? last : { purged: false, stayed: [] };
  return {
    purged,
    stayed,
    status,
    sessions,
    actions,
    waitMs: Math.max(0, nextPageAt - Date.now()),
  };
}

async function archivedRun(
  ctx: QueryCtx,
  { runId, archiver }: { runId: string; archiver: string },
): Promise<Doc<"runs">> {
  const run = await existingRun(ctx, runId);
  if (run.archiver?.token === archiver) return run;
  fail(
    "notArchiver",
    `Somebody else writes the archive of run ${runId} now${run.archiveFile === undefined ? "" : `, ${run.archiveFile}`}.`,
    { runId },
  );
}
