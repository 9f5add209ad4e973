/**
 * The pages of an archived purge. The archiver, a client that writes the archive, asks for the next page,
 * writes it to disk, and only then has exactly that page deleted; sessions that have changed since they were
 * archived stay. Pages are numbered, so that a repeated call deletes nothing twice.
 */
import { ConvexError, v, type Infer, type ObjectType } from "convex/values";
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
import { fail } from "../shared/errors.js";
import { isFiltered, vRunKind } from "../shared/runs/kinds.js";
import {
  type ArchivedPage,
  vArchivedPage,
  vCursor,
  vRunStatus,
} from "../shared/runs/run.js";
import { vWholeSession } from "../rows/wholeSessions.js";
import {
  deleteArchived,
  readPage,
  vArchived,
  type Archived,
} from "./archivedRows.js";
import { advance, PAGE_LIMITS, recordPage, retreat } from "./chain.js";
import { dueSessions } from "./due.js";
import { eraseArchived, passOver, readManyPage } from "./many/archived.js";
import { existingRun } from "./runRows.js";

const vLink = {
  runId: v.string(),
  /** The number of the page, as `nextPage` gave it. */
  seq: v.number(),
  /** The secret of the archiver, the last one that started, resumed or took over the run. */
  archiver: v.string(),
};

const vLastPage = { seq: v.number(), ...vArchivedPage.fields };

/**
 * The next page of the run to archive, which is read and not deleted. After the end of the run, no sessions.
 * @throws runNotFound; notArchiver
 */
export const nextPage = query({
  args: { runId: v.string(), archiver: v.string() },
  returns: v.object({
    status: vRunStatus,
    seq: v.number(),
    /** `expire`: the run still has stale leases to expire, by `expirePage`; nothing is archived before. */
    phase: v.union(v.literal("expire"), v.literal("purge")),
    sessions: v.array(vWholeSession),
    /** The outcome of the last archived page; a later page in the archive has not been deleted yet. */
    last: v.union(v.object(vLastPage), v.null()),
  }),
  handler: async (ctx, args) => {
    const run = await archivedRun(ctx, args);
    const { status, seq } = run;
    const isMany = isFiltered(run.kind);
    const phase =
      isMany || run.cursor?.phase === "sessions"
        ? ("purge" as const)
        : ("expire" as const);
    const sessions =
      status !== "running" || phase !== "purge"
        ? []
        : isMany
          ? await readManyPage(ctx, run)
          : await readPage(ctx, run);
    const last = run.archiver?.last ?? null;
    return { status, seq, phase, sessions, last };
  },
});

const vPageDone = v.object({
  ...vArchivedPage.fields,
  status: vRunStatus,
  /** Number of sessions that the run has deleted so far. */
  sessions: v.number(),
  /** Number of actions that the run has deleted so far. */
  actions: v.number(),
  /** Milliseconds that the archiver of a run with a rate has to wait before the next page; else 0. */
  waitMs: v.number(),
});

/**
 * Expires a page of the leases before the run's cutoff; deletes no sessions.
 * @throws runNotFound; notArchiver; stalePage
 */
export const expirePage = action({
  args: vLink,
  returns: vPageDone,
  handler: (ctx, args): Promise<PageAnswer> =>
    telling(ctx, args, () =>
      ctx.runMutation(internal.runs.archive.expire, args),
    ),
});

/**
 * Deletes the sessions of the page that was archived. An empty page says that `nextPage` found no sessions, and
 * ends the run. A page that was not purged has to be taken off the archive and asked for again.
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

/** The deletes of a page, in a mutation of their own so that they can fail and roll back alone. */
export const work = internalMutation({
  args: {
    kind: vRunKind,
    sessions: v.array(vArchived),
    hookUnable: v.optional(v.string()),
  },
  returns: v.object({
    leases: v.number(),
    sessions: v.number(),
    visits: v.number(),
    actions: v.number(),
    /** The place of the last session that the run has dealt with. */
    last: v.union(vCursor, v.null()),
    stayed: vArchivedPage.fields.stayed,
  }),
  handler: (ctx, { kind, sessions, hookUnable }) =>
    isFiltered(kind)
      ? eraseArchived(ctx, sessions, hookUnable)
      : deleteArchived(ctx, sessions),
});

// ── Helpers ─────────────────────────────────────────────────────────────────

type PageAnswer = Infer<typeof vPageDone>;

/**
 * Calls a page; where the page ran out of time, which undoes its whole transaction, records that in the
 * run.
 */
async function telling(
  ctx: ActionCtx,
  { runId, seq, archiver }: ObjectType<typeof vLink>,
  page: () => Promise<PageAnswer>,
): Promise<PageAnswer> {
  try {
    return await page();
  } catch (error) {
    // A call that was refused has not tried the page.
    if (error instanceof ConvexError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    const failed = { runId, seq, archiver, message };
    return await ctx.runMutation(internal.runs.archive.pageFailed, failed);
  }
}

async function purgeArchived(
  ctx: MutationCtx,
  run: Doc<"runs">,
  sessions: Archived[],
): Promise<void> {
  const { kind, hookUnable } = run;
  if (sessions.length === 0 && isFiltered(kind)) {
    const nothing = { leases: 0, sessions: 0, visits: 0, actions: 0 };
    await recordPage(ctx, run, { ...nothing, ...(await passOver(ctx, run)) });
    await note(ctx, run, { purged: true, stayed: [] });
    return;
  }
  if (sessions.length === 0) {
    const left = await dueSessions(ctx, run, run.cursor, 1);
    const isNone = left.sessions.length === 0;
    // Where the page held blocked sessions only, the next one begins behind them.
    const cursor = isNone ? left.cursor : run.cursor;
    const nothing = { leases: 0, sessions: 0, visits: 0, actions: 0, cursor };
    await recordPage(ctx, run, { ...nothing, isDone: isNone && left.isAll });
    await note(ctx, run, { purged: true, stayed: [] });
    return;
  }
  try {
    const { last, stayed, ...done } = await ctx.runMutation(
      internal.runs.archive.work,
      { kind, sessions, ...(hookUnable === undefined ? {} : { hookUnable }) },
      { transactionLimits: PAGE_LIMITS },
    );
    const cursor = last ?? run.cursor;
    await recordPage(ctx, run, { ...done, cursor, isDone: false });
    await note(ctx, run, { purged: true, stayed });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    await retreat(ctx, run, message);
    await note(ctx, run, { purged: false, stayed: [] });
  }
}

/**
 * Whether a page is the run's next. `false` for a page that was done before, whose outcome the run still knows.
 * @throws stalePage for any other page
 */
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

/**
 * The outcome of a page. A page that is not the last one done was never done, as its run was stopped
 * before.
 */
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
