/**
 * The chain of a run: each page does its work and enqueues the next page, in one transaction. The run is in
 * the ledger before its first page begins, so that a page that fails or is lost leaves a trace.
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
import { sessionsLeftOf } from "../shared/runs/bounds.js";
import { vOwnCutoffs } from "../shared/runs/run.js";
import { vFilter } from "../shared/runs/filter.js";
import { isFiltered, type RunKind, vRunKind } from "../shared/runs/kinds.js";
import {
  type Cursor,
  MAX_FAILURES_IN_A_ROW,
  vCursor,
} from "../shared/runs/run.js";
import { vBlockedUntil } from "../shared/sessions.js";
import { MINUTE_MS, STUCK_AFTER_MS } from "../shared/times.js";
import { readSettings } from "../settings/inForce.js";
import { pacedPageSize, waitMsAfter, windowOpensAt } from "./bounds.js";
import { isByAge, nextRow, type PageDone } from "./due.js";
import { nextDue } from "./many/look.js";
import { doManyPage } from "./many/page.js";
import { manyOf } from "./many/terms.js";
import { doPage } from "./page.js";
import {
  sizeAfterFailure,
  sizeAfterSuccess,
  type Failure,
} from "./pageSizes.js";
import { finishRun, withError, type RunPatch } from "./runRows.js";

/** Without `maxParallelism`: the class would write it at each enqueue, and below 2 each page waits 200 ms. */
const workpool = new Workpool(components.workpool, {});

const vLink = { runId: v.id("runs"), seq: v.number() };

/**
 * Workpool sees the next job of a chain up to 200 ms late (its `COOLDOWN_CHECK_INTERVAL`), in which several
 * pages could be done. So one job does up to this many pages, and workpool's own transactions come once a job.
 * A page takes a second at most, and an action, which a job is, ten minutes.
 */
const PAGES_A_JOB = 50;

/**
 * A job of the chain. The job is an action, because a page that runs out of time loses its whole transaction,
 * including any record of the failure: only the action that called the page can record it, at once.
 */
export const runPage = internalAction({
  args: {
    ...vLink,
    /** Number of pages to do at most. @default 1 */
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
 * One page of the chain. A page with an old number, or of a run that is not running, does nothing; one that comes
 * when the run's window is closed only sees to it that the run goes on when that opens.
 * @returns whether the caller has to do the next page itself; where not, the next page is enqueued, if any
 */
export const page = internalMutation({
  args: { ...vLink, goesOn: v.optional(v.boolean()) },
  returns: v.boolean(),
  handler: async (ctx, { goesOn = false, ...link }) => {
    const run = await runOf(ctx, link);
    if (run === null) return false;
    const opensAt = await windowOpensAt(ctx, run, Date.now());
    if (opensAt === null) return await advance(ctx, run, { goesOn });
    await waitForWindow(ctx, run, opensAt);
    return false;
  },
});

/** Records the failure of a page that lost its transaction, and so could not record the failure itself. */
export const pageFailed = internalMutation({
  args: { ...vLink, message: v.string() },
  returns: v.null(),
  handler: async (ctx, { message, ...link }) => {
    const run = await runOf(ctx, link);
    if (run !== null) await retreat(ctx, run, message, "outOfTime");
    return null;
  },
});

/** The work of a page, in a mutation of its own so that it can fail and roll back alone. */
export const work = internalMutation({
  args: {
    kind: vRunKind,
    cutoff: v.number(),
    cutoffs: v.optional(vOwnCutoffs),
    cursor: v.union(vCursor, v.null()),
    pageSize: v.number(),
    sessionsLeft: v.optional(v.number()),
    filter: v.optional(vFilter),
    blockedUntil: v.optional(vBlockedUntil),
    reason: v.optional(v.string()),
    hookUnable: v.optional(v.string()),
  },
  returns: v.object({
    leases: v.number(),
    sessions: v.number(),
    visits: v.number(),
    actions: v.number(),
    cursor: v.union(vCursor, v.null()),
    isDone: v.boolean(),
  }),
  handler: (ctx, { kind, filter, ...args }) => {
    if (!isFiltered(kind)) return doPage(ctx, { kind, ...args });
    const many = manyOf({ kind, filter, ...args });
    return doManyPage(ctx, { ...args, ...many, isOfRun: true });
  },
});

/**
 * Called by workpool for a job that was canceled, or that failed without recording what its page failed of.
 */
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

/** A page that is not done after this long was lost, with the process that should have done it, say. */
const LOST_AFTER_MS = MINUTE_MS / 2;

/**
 * The guard of a run: enqueues the run's next page again where that page was lost. A page that is merely slow
 * loses nothing by it, as only one of two pages with the same number does anything.
 */
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
    // Where the new page is lost too, the guard comes ever more rarely.
    await setGuard(
      ctx,
      { ...lost, seq },
      Math.min(patienceMs * 2, STUCK_AFTER_MS),
    );
    return null;
  },
});

/**
 * Begins a run that was just written down. Its first page is no job of workpool, as most runs have one page
 * only.
 */
export async function begin(
  ctx: MutationCtx,
  { _id: runId, seq }: Doc<"runs">,
): Promise<void> {
  await ctx.scheduler.runAfter(0, internal.runs.chain.runPage, { runId, seq });
}

interface PageOptions {
  /** Number of sessions to take at most. @default what the run's own bounds leave */
  sessionsLeft?: number;
  /**
   * Whether the caller does the next page itself where that page is due at once and at full size. @default
   * false
   */
  goesOn?: boolean;
}

/**
 * Does one page of a run and enqueues the next page, in the caller's transaction.
 * @returns whether the caller has to do the next page, which then is not enqueued
 */
export async function advance(
  ctx: MutationCtx,
  run: Doc<"runs">,
  { sessionsLeft = sessionsLeftOf(run), goesOn = false }: PageOptions = {},
): Promise<boolean> {
  const { kind, cutoff, cursor, pageSize } = run;
  let done: WorkDone;
  try {
    const args: Work = { kind, cutoff, cursor, pageSize, ...termsOf(run) };
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
 * @returns whether the caller has to do the next page, which then is not enqueued
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
    leases: run.leases + done.leases,
    visits: (run.visits ?? 0) + done.visits,
    actions: run.actions + done.actions,
    failuresInARow: 0,
    progressAt: Date.now(),
    hookUnable: undefined,
  };
  if (done.isDone) {
    await finishRun(ctx, run, "completed", progress);
    return false;
  }
  // What a purge takes by age after its sessions is no session: no maximum stops it.
  if (
    !isByAge(done.cursor?.phase) &&
    sessionsLeftOf({ ...run, ...progress }) === 0
  ) {
    await finishRun(ctx, run, "maxReached", progress);
    return false;
  }
  const wanted = pacedPageSize(run, (await readSettings(ctx)).pageSize);
  const size = sizeAfterSuccess(run, wanted);
  const next = { ...progress, ...size };
  const waitMs = waitMsAfter(run, done);
  // After a failure each page has a job of its own, until pages are back at full size.
  if (goesOn && waitMs === 0 && run.pageSize >= wanted) {
    await moveOn(ctx, run, next);
    return true;
  }
  await enqueueNext(ctx, run, next, waitMs);
  return false;
}

/**
 * Enqueues the run's next page, and makes every earlier link of the chain void. An archived run only gets the
 * new number, as its archiver asks for the page.
 * @param patch other changes of the run's row
 */
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

/**
 * Lets a run go on whose jobs are lost, its guard among them; a run with a rate goes on when its next page is
 * due.
 */
export async function goOn(
  ctx: MutationCtx,
  { guard, ...run }: Doc<"runs">,
  patch: RunPatch = {},
): Promise<void> {
  if (guard !== undefined) await ctx.scheduler.cancel(guard);
  const { nextPageAt = 0, waitingUntil } = { ...run, ...patch };
  const waitMs = Math.max(0, nextPageAt - Date.now());
  await enqueueNext(ctx, run, { ...patch, waitingUntil }, waitMs);
}

// ── Helpers ─────────────────────────────────────────────────────────────────

type Work = FunctionArgs<typeof internal.runs.chain.work>;
type WorkDone = FunctionReturnType<typeof internal.runs.chain.work>;

const MIB = 1_024 * 1_024;
/** The limits of a page's work, below those of a transaction, so that the chain always has room to go on. */
export const PAGE_LIMITS = {
  bytesRead: 14 * MIB,
  bytesWritten: 14 * MIB,
  documentsRead: 28_000,
  documentsWritten: 14_000,
  databaseQueries: 3_900,
};

/**
 * Goes on after a page that failed: with a page of half the size, or, where the page had a single row, behind
 * that row, which is set aside. The run fails after `MAX_FAILURES_IN_A_ROW` such rows.
 */
export async function retreat(
  ctx: MutationCtx,
  run: Doc<"runs">,
  message: string,
  failure: Failure = "failed",
): Promise<void> {
  if (run.pageSize > 1) {
    const size = sizeAfterFailure(run, failure, Date.now());
    // A page that ran out of time is worth knowing of, also where a smaller page succeeds.
    const errors =
      failure === "outOfTime"
        ? withError(run, {
            message: `A page of ${run.pageSize} sessions was not done, and is tried again with ${size.pageSize}: ${message}`,
          })
        : run.errors;
    await enqueueNext(ctx, run, { ...size, errors });
    return;
  }
  const isTimeUp = failure === "outOfTime" && run.hookUnable === undefined;
  if (isFiltered(run.kind) && isTimeUp) {
    await goOnWithoutHook(ctx, run, message);
    return;
  }
  const row = await nextOf(ctx, run);
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
    // The row was at fault, not the size of the page.
    learned: {},
    hookUnable: undefined,
    failuresInARow,
    errors,
    progressAt: Date.now(),
  });
}

/**
 * Tries the page of one session again, which is ended or erased whatever the app's hook does: where it was the hook
 * that ran out of time, it is not called. Then no size is too large either.
 */
async function goOnWithoutHook(
  ctx: MutationCtx,
  run: Doc<"runs">,
  message: string,
): Promise<void> {
  const hook = run.kind === "forget" ? "onPurged" : "onEnded";
  const hookUnable = `The app's hook ${hook} was not called, as a page of one session ran out of time with it: ${message}`;
  const errors = withError(run, { message: hookUnable });
  await enqueueNext(ctx, run, { hookUnable, learned: {}, errors });
}

/** Stops the run at its page until its window opens. Not by workpool, whose jobs are for now. */
async function waitForWindow(
  ctx: MutationCtx,
  run: Doc<"runs">,
  opensAt: number,
): Promise<void> {
  const link = await moveOn(ctx, run, {
    waitingUntil: opensAt,
    nextPageAt: opensAt,
    // The wait does not count in its speed.
    resumed: { at: opensAt, sessions: run.sessions },
  });
  const job = { ...link, pages: PAGES_A_JOB };
  await ctx.scheduler.runAt(opensAt, internal.runs.chain.runPage, job);
}

/** What the run says of its work beyond what each run says. */
function termsOf(run: Doc<"runs">): Partial<Work> {
  const { cutoffs, filter, blockedUntil, hookUnable } = run;
  return {
    ...(cutoffs === undefined ? {} : { cutoffs }),
    ...(filter === undefined ? {} : { filter }),
    ...(blockedUntil === undefined ? {} : { blockedUntil }),
    ...(hookUnable === undefined ? {} : { hookUnable }),
    // Only ended sessions keep it.
    ...(run.kind === "end" && run.reason !== undefined
      ? { reason: run.reason }
      : {}),
  };
}

/** The row at which a page of one row fails; `null` where the run finds nothing due. */
async function nextOf(
  ctx: MutationCtx,
  run: Doc<"runs">,
): Promise<{ session: Id<"sessions">; cursor: Cursor } | null> {
  if (!isFiltered(run.kind)) {
    return await nextRow(ctx, { ...run, kind: run.kind });
  }
  const next = await nextDue(ctx, manyOf(run), run.cursor);
  return next && { session: next.session._id, cursor: next.cursor };
}

/**
 * Gives the run's next link its number, which makes every earlier link void, and sets the guard of a new
 * run.
 */
async function moveOn(
  ctx: MutationCtx,
  run: Doc<"runs">,
  { nextPageAt, waitingUntil, ...patch }: RunPatch,
): Promise<{ runId: Id<"runs">; seq: number }> {
  const seq = run.seq + 1;
  const waits = { nextPageAt, waitingUntil };
  await ctx.db.patch("runs", run._id, { ...patch, seq, ...waits });
  if (run.archiveFile === undefined && run.guard === undefined) {
    await setGuard(ctx, { ...run, seq, nextPageAt }, LOST_AFTER_MS);
  }
  return { runId: run._id, seq };
}

/** The run whose next link this is; `null` where the link is void or the run has stopped. */
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
  return kind === "expire" ? done.leases : done.sessions;
}
