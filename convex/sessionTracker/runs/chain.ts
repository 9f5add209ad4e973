/**
 * The chain of a run: each page does its work and enqueues the next, in one transaction. The run is in
 * the ledger before its first page begins, so that whatever happens to a page leaves a trace.
 */
import { vOnCompleteArgs, Workpool } from "@convex-dev/workpool";
import type { FunctionArgs, FunctionReturnType } from "convex/server";
import { v } from "convex/values";
import { components, internal } from "../_generated/api.js";
import type { Doc, Id } from "../_generated/dataModel.js";
import {
  internalAction,
  internalMutation,
  type MutationCtx,
} from "../_generated/server.js";
import { sessionsLeftOf } from "../shared/bounds.js";
import { type RunKind, vRunKind } from "../shared/runKinds.js";
import { MAX_FAILURES_IN_A_ROW, vCursor } from "../shared/runs.js";
import { MINUTE_MS, STUCK_AFTER_MS } from "../shared/times.js";
import { readSettings } from "../settings/inForce.js";
import { pacedPageSize, waitMsAfter } from "./bounds.js";
import { nextRow } from "./due.js";
import { doPage, type PageDone } from "./page.js";
import {
  sizeAfterFailure,
  sizeAfterSuccess,
  type Failure,
} from "./pageSizes.js";
import { finishRun, withError, type RunPatch } from "./runRows.js";

/** No `maxParallelism`: the class would write it at every enqueue, and below 2 each page waits 200 ms. */
const workpool = new Workpool(components.workpool, {});

const vLink = { runId: v.id("runs"), seq: v.number() };

/**
 * Workpool sees the next job of a chain up to 200 ms late (its `COOLDOWN_CHECK_INTERVAL`), which is
 * several pages' time. So a job does a few, and costs its own transactions once for all of them.
 */
const PAGES_A_JOB = 10;

/**
 * The job of a chain. An action, because a page that runs out of time takes all that its transaction
 * did with it, the catch of its failure too: only who called it can tell, and at once.
 */
export const runPage = internalAction({
  args: {
    ...vLink,
    /** Pages to do at most. @default 1 */
    pages: v.optional(v.number()),
  },
  returns: v.null(),
  handler: async (ctx, { runId, seq, pages = 1 }) => {
    for (let done = 0; done < pages; done += 1) {
      const link = { runId, seq: seq + done };
      const goesOn = done + 1 < pages;
      try {
        const call = { ...link, goesOn };
        const isNext = await ctx.runMutation(internal.runs.chain.page, call);
        if (!isNext) break;
      } catch (error) {
        const failed = { ...link, message: messageOf(error) };
        await ctx.runMutation(internal.runs.chain.pageFailed, failed);
        break;
      }
    }
    return null;
  },
});

/**
 * One page of the chain. A page with an old number, or of a run that is not running, does nothing.
 * @returns whether the caller, who goes on, is to do the next page; else it is enqueued, if there is one
 */
export const page = internalMutation({
  args: { ...vLink, goesOn: v.optional(v.boolean()) },
  returns: v.boolean(),
  handler: async (ctx, { goesOn = false, ...link }) => {
    const run = await runOf(ctx, link);
    return run !== null && (await advance(ctx, run, { goesOn }));
  },
});

/** Records the failure of a page that could not record it itself. */
export const pageFailed = internalMutation({
  args: { ...vLink, message: v.string() },
  returns: v.null(),
  handler: async (ctx, { message, ...link }) => {
    const run = await runOf(ctx, link);
    if (run !== null) await retreat(ctx, run, message, "outOfTime");
    return null;
  },
});

/** The work of a page, apart from its chain so that it can fail and roll back alone. */
export const work = internalMutation({
  args: {
    kind: vRunKind,
    cutoff: v.number(),
    cursor: v.union(vCursor, v.null()),
    pageSize: v.number(),
    sessionsLeft: v.optional(v.number()),
  },
  returns: v.object({
    expired: v.number(),
    purged: v.number(),
    actions: v.number(),
    cursor: v.union(vCursor, v.null()),
    isDone: v.boolean(),
  }),
  handler: (ctx, args) => doPage(ctx, args),
});

/** The backup for a job that was lost, or could not even report that its page failed. */
export const pageStopped = internalMutation({
  args: vOnCompleteArgs(v.object(vLink)),
  returns: v.null(),
  handler: async (ctx, { context, result }) => {
    const run = await runOf(ctx, context);
    if (run === null) return null;
    if (result.kind === "failed") {
      await retreat(ctx, run, result.error);
    } else {
      const message = "The job of its page was canceled in workpool.";
      await finishRun(ctx, run, "failed", {
        errors: withError(run, { message }),
      });
    }
    return null;
  },
});

/** A page that is not done after so long was lost: with the process, say, that was to do it. */
const LOST_AFTER_MS = MINUTE_MS / 2;

/** Lets a run go on whose next page was lost; one that is merely slow loses nothing by it. */
export const guard = internalMutation({
  args: { ...vLink, patienceMs: v.number() },
  returns: v.null(),
  handler: async (ctx, { patienceMs, ...link }) => {
    const lost = await runOf(ctx, link);
    if (lost === null) {
      const run = await ctx.db.get("runs", link.runId);
      if (run?.status === "running") await setGuard(ctx, run, LOST_AFTER_MS);
      return null;
    }
    await enqueueNext(ctx, lost, {});
    const seq = lost.seq + 1;
    // The guard comes ever more rarely where that does not help.
    await setGuard(
      ctx,
      { ...lost, seq },
      Math.min(patienceMs * 2, STUCK_AFTER_MS),
    );
    return null;
  },
});

/** Begins a run that was just written down: a first page alone, as most runs have, costs no job. */
export async function begin(
  ctx: MutationCtx,
  { _id: runId, seq }: Doc<"runs">,
): Promise<void> {
  await ctx.scheduler.runAfter(0, internal.runs.chain.runPage, { runId, seq });
}

interface PageOptions {
  /** Sessions to take at most. @default by the run's own bounds */
  sessionsLeft?: number;
  /** The caller does the next page itself, if the run is in full swing. @default false */
  goesOn?: boolean;
}

/**
 * Does one page of a run and enqueues what follows, in the caller's transaction.
 * @returns whether the next page is the caller's instead
 */
export async function advance(
  ctx: MutationCtx,
  run: Doc<"runs">,
  { sessionsLeft = sessionsLeftOf(run), goesOn = false }: PageOptions = {},
): Promise<boolean> {
  const { kind, cutoff, cursor, pageSize } = run;
  let done: WorkDone;
  try {
    const args: Work = { kind, cutoff, cursor, pageSize };
    if (sessionsLeft !== undefined) args.sessionsLeft = sessionsLeft;
    done = await ctx.runMutation(internal.runs.chain.work, args, {
      transactionLimits: PAGE_LIMITS,
    });
  } catch (error) {
    await retreat(ctx, run, messageOf(error));
    return false;
  }
  return await recordPage(ctx, run, done, { goesOn });
}

/**
 * Writes down what a page did, and ends the run or enqueues its next page.
 * @returns whether the next page is the caller's instead
 */
export async function recordPage(
  ctx: MutationCtx,
  run: Doc<"runs">,
  done: PageDone,
  { goesOn = false }: Pick<PageOptions, "goesOn"> = {},
): Promise<boolean> {
  const progress = {
    cursor: done.cursor,
    pages: run.pages + 1,
    sessions: run.sessions + resultOf(run.kind, done),
    leases: run.leases + done.expired,
    actions: run.actions + done.actions,
    failuresInARow: 0,
    progressAt: Date.now(),
  };
  if (done.isDone) {
    await finishRun(ctx, run, "completed", progress);
    return false;
  }
  if (sessionsLeftOf({ ...run, ...progress }) === 0) {
    await finishRun(ctx, run, "maxReached", progress);
    return false;
  }
  const wanted = pacedPageSize(run, (await readSettings(ctx)).pageSize);
  const size = sizeAfterSuccess(run, wanted);
  const next = { ...progress, ...size };
  const waitMs = waitMsAfter(run, done);
  // After a failure each page has a job of its own until it is back at its size.
  if (goesOn && waitMs === 0 && run.pageSize >= wanted) {
    await moveOn(ctx, run, next);
    return true;
  }
  await enqueueNext(ctx, run, next, waitMs);
  return false;
}

/** Enqueues the next link; every earlier one becomes void. Pages of an archived run are asked for. */
export async function enqueueNext(
  ctx: MutationCtx,
  run: Doc<"runs">,
  patch: RunPatch,
  waitMs = 0,
): Promise<void> {
  const nextPageAt = waitMs === 0 ? undefined : Date.now() + waitMs;
  const link = await moveOn(ctx, run, { ...patch, nextPageAt });
  if (run.archiveFile !== undefined) return;
  const job = { ...link, pages: PAGES_A_JOB };
  await workpool.enqueueAction(ctx, internal.runs.chain.runPage, job, {
    onComplete: internal.runs.chain.pageStopped,
    context: link,
    onCompleteExcludeKinds: ["success"],
    ...(waitMs === 0 ? {} : { runAfter: waitMs }),
  });
}

/** Lets a run go on whose jobs are lost, its guard among them; a paced one when its time has come. */
export async function goOn(
  ctx: MutationCtx,
  { guard, ...run }: Doc<"runs">,
  patch: RunPatch = {},
): Promise<void> {
  if (guard !== undefined) await ctx.scheduler.cancel(guard);
  const { nextPageAt = 0 } = { ...run, ...patch };
  await enqueueNext(ctx, run, patch, Math.max(0, nextPageAt - Date.now()));
}

// ── Helpers ─────────────────────────────────────────────────────────────────

type Work = FunctionArgs<typeof internal.runs.chain.work>;
type WorkDone = FunctionReturnType<typeof internal.runs.chain.work>;

const MIB = 1_024 * 1_024;
/** Below the limits of a transaction, so that the chain always has room to record and go on. */
export const PAGE_LIMITS = {
  bytesRead: 14 * MIB,
  bytesWritten: 14 * MIB,
  documentsRead: 28_000,
  documentsWritten: 14_000,
  databaseQueries: 3_900,
};

/** A page that failed is tried again at half its size; a row that fails alone is set aside. */
export async function retreat(
  ctx: MutationCtx,
  run: Doc<"runs">,
  message: string,
  failure: Failure = "failed",
): Promise<void> {
  if (run.pageSize > 1) {
    const size = sizeAfterFailure(run, failure, Date.now());
    // A page that ran out of time is worth knowing of, also where a smaller one helps.
    const errors =
      failure === "outOfTime"
        ? withError(run, {
            message: `A page of ${run.pageSize} sessions was not done, and is tried again with ${size.pageSize}: ${message}`,
          })
        : run.errors;
    await enqueueNext(ctx, run, { ...size, errors });
    return;
  }
  const row = await nextRow(ctx, run);
  const failuresInARow = run.failuresInARow + 1;
  const errors = withError(run, {
    message,
    ...(row === null ? {} : { sessionId: row.session }),
  });
  if (row === null || failuresInARow >= MAX_FAILURES_IN_A_ROW) {
    await finishRun(ctx, run, "failed", { errors, failuresInARow });
    return;
  }
  await enqueueNext(ctx, run, {
    cursor: row.cursor,
    quarantined: run.quarantined + 1,
    // The row was at fault, not the size.
    learned: {},
    failuresInARow,
    errors,
    progressAt: Date.now(),
  });
}

/** Makes the next link the one that counts. */
async function moveOn(
  ctx: MutationCtx,
  run: Doc<"runs">,
  { nextPageAt, ...patch }: RunPatch,
): Promise<{ runId: Id<"runs">; seq: number }> {
  const seq = run.seq + 1;
  await ctx.db.patch("runs", run._id, { ...patch, seq, nextPageAt });
  if (run.archiveFile === undefined && run.guard === undefined) {
    await setGuard(ctx, { ...run, seq, nextPageAt }, LOST_AFTER_MS);
  }
  return { runId: run._id, seq };
}

/** The run whose next link this is. */
async function runOf(
  ctx: MutationCtx,
  { runId, seq }: { runId: Id<"runs">; seq: number },
): Promise<Doc<"runs"> | null> {
  const run = await ctx.db.get("runs", runId);
  return run?.status === "running" && run.seq === seq ? run : null;
}

async function setGuard(
  ctx: MutationCtx,
  {
    _id: runId,
    seq,
    nextPageAt = 0,
  }: { _id: Id<"runs">; seq: number; nextPageAt?: number | undefined },
  patienceMs: number,
): Promise<void> {
  const waitMs = Math.max(0, nextPageAt - Date.now());
  const args = { runId, seq, patienceMs };
  const guard = await ctx.scheduler.runAfter(
    waitMs + patienceMs,
    internal.runs.chain.guard,
    args,
  );
  await ctx.db.patch("runs", runId, { guard });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function resultOf(kind: RunKind, done: PageDone): number {
  return kind === "expire" ? done.expired : done.purged;
}
