/**
 * The chain of a run: each page does its work and enqueues the next, through workpool. The first
 * page is done in the transaction that starts the run, so that a run which fits one page, as most
 * that a schedule starts do, costs no job at all (an empty job costs about 17 transactions).
 */
import { vOnCompleteArgs, Workpool } from "@convex-dev/workpool";
import type { FunctionArgs, FunctionReturnType } from "convex/server";
import { v } from "convex/values";
import { components, internal } from "./_generated/api.js";
import type { Doc } from "./_generated/dataModel.js";
import { internalMutation, type MutationCtx } from "./_generated/server.js";
import { pacedPageSize, sessionsLeft, waitMsAfter } from "./budgets.js";
import { doPage, type PageDone } from "./pages.js";
import { finishRun, withError, type RunPatch } from "./runRows.js";
import { readSettings } from "./settings.js";
import {
  MAX_FAILURES_IN_A_ROW,
  vCursor,
  vRunKind,
  type RunKind,
} from "./shared.js";
import { nextRow } from "./walks.js";

/** No `maxParallelism`: the class would write it at every enqueue, and below 2 each page waits 200 ms. */
const workpool = new Workpool(components.workpool, {});

/** The job of a chain. One that carries an old number, or finds its run not running, does nothing. */
export const page = internalMutation({
  args: { runId: v.id("runs"), seq: v.number() },
  returns: v.null(),
  handler: async (ctx, { runId, seq }) => {
    const run = await ctx.db.get("runs", runId);
    if (run?.status === "running" && run.seq === seq) await advance(ctx, run);
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
    limit: v.optional(v.number()),
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

/** The backup for a job that could not even report its failure: a timeout, or a limit of its own. */
export const pageStopped = internalMutation({
  args: vOnCompleteArgs(v.object({ runId: v.id("runs"), seq: v.number() })),
  returns: v.null(),
  handler: async (ctx, { context, result }) => {
    const run = await ctx.db.get("runs", context.runId);
    if (run?.status !== "running" || run.seq !== context.seq) return null;
    if (result.kind === "failed") {
      await retreat(ctx, run, result.error);
    } else {
      const message = "The job of its page was canceled in workpool.";
      await finishRun(ctx, run._id, "failed", {
        errors: withError(run, { message }),
      });
    }
    return null;
  },
});

/**
 * Does one page of a run and enqueues what follows, in the caller's transaction.
 * @param limit sessions to take at most, by the run's own budget if left out
 */
export async function advance(
  ctx: MutationCtx,
  run: Doc<"runs">,
  limit = sessionsLeft(run),
): Promise<void> {
  const { kind, cutoff, cursor, pageSize } = run;
  let done: WorkDone;
  try {
    const args: Work = { kind, cutoff, cursor, pageSize };
    if (limit !== undefined) args.limit = limit;
    done = await ctx.runMutation(internal.lifecycle.work, args, {
      transactionLimits: PAGE_LIMITS,
    });
  } catch (error) {
    await retreat(
      ctx,
      run,
      error instanceof Error ? error.message : String(error),
    );
    return;
  }
  await recordPage(ctx, run, done);
}

/** Writes down what a page did, and ends the run or enqueues its next page. */
export async function recordPage(
  ctx: MutationCtx,
  run: Doc<"runs">,
  done: PageDone,
): Promise<void> {
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
    await finishRun(ctx, run._id, "completed", progress);
    return;
  }
  if (sessionsLeft({ ...run, ...progress }) === 0) {
    await finishRun(ctx, run._id, "maxReached", progress);
    return;
  }
  const wanted = pacedPageSize(run, (await readSettings(ctx)).pageSize);
  const pageSize = Math.min(run.pageSize * 2, wanted);
  await enqueueNext(
    ctx,
    run,
    { ...progress, pageSize },
    waitMsAfter(run, done),
  );
}

/** Enqueues the next link; every earlier one becomes void. Pages of an archived run are asked for. */
export async function enqueueNext(
  ctx: MutationCtx,
  run: Doc<"runs">,
  patch: RunPatch,
  waitMs = 0,
): Promise<void> {
  const seq = run.seq + 1;
  const nextPageAt = waitMs === 0 ? undefined : Date.now() + waitMs;
  await ctx.db.patch("runs", run._id, { ...patch, seq, nextPageAt });
  if (run.archiveFile !== undefined) return;
  const link = { runId: run._id, seq };
  await workpool.enqueueMutation(ctx, internal.lifecycle.page, link, {
    onComplete: internal.lifecycle.pageStopped,
    context: link,
    onCompleteExcludeKinds: ["success"],
    ...(waitMs === 0 ? {} : { runAfter: waitMs }),
  });
}

// ── Helpers ─────────────────────────────────────────────────────────────────

type Work = FunctionArgs<typeof internal.lifecycle.work>;
type WorkDone = FunctionReturnType<typeof internal.lifecycle.work>;

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
): Promise<void> {
  if (run.pageSize > 1) {
    await enqueueNext(ctx, run, { pageSize: Math.floor(run.pageSize / 2) });
    return;
  }
  const row = await nextRow(ctx, run);
  const failuresInARow = run.failuresInARow + 1;
  const errors = withError(run, {
    message,
    ...(row === null ? {} : { sessionId: row.session }),
  });
  if (row === null || failuresInARow >= MAX_FAILURES_IN_A_ROW) {
    await finishRun(ctx, run._id, "failed", { errors, failuresInARow });
    return;
  }
  await enqueueNext(ctx, run, {
    cursor: row.cursor,
    quarantined: run.quarantined + 1,
    failuresInARow,
    errors,
    progressAt: Date.now(),
  });
}

function resultOf(kind: RunKind, done: PageDone): number {
  return kind === "expire" ? done.expired : done.purged;
}
