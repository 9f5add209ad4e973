/** Finding, showing and finishing rows of the run ledger. */
import type { WithoutSystemFields } from "convex/server";
import type { Doc } from "../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../_generated/server.js";
import { fail } from "../shared/errors.js";
import type { RunKind } from "../shared/runs/kinds.js";
import {
  MAX_RUN_ERRORS,
  type Run,
  type RunStatus,
} from "../shared/runs/run.js";
import { audit } from "../rows/audit.js";
import { tellWebhooks } from "../rows/outbox/outbox.js";
import type { Patch } from "../rows/patch.js";
import { countRun } from "../rows/runs/runTotals.js";

/** What stands for the user in the filter of a `forget` that has erased the user. */
const ERASED_USER = "(erased)";

/** Changes to a run row; a field given as `undefined` is removed. */
export type RunPatch = Patch<WithoutSystemFields<Doc<"runs">>>;

export function toRun({
  _id,
  _creationTime,
  archiver,
  learned,
  hookUnable,
  guard,
  ...run
}: Doc<"runs">): Run {
  return { runId: _id, ...run };
}

export async function findRun(
  ctx: QueryCtx,
  runId: string,
): Promise<Doc<"runs"> | null> {
  const id = ctx.db.normalizeId("runs", runId);
  return id === null ? null : await ctx.db.get("runs", id);
}

/** @throws runNotFound */
export async function existingRun(
  ctx: QueryCtx,
  runId: string,
): Promise<Doc<"runs">> {
  const run = await findRun(ctx, runId);
  if (run !== null) return run;
  fail("runNotFound", `There is no run ${JSON.stringify(runId)}.`, { runId });
}

/** The running run of a kind, of which there is at most one; `null` where none is running. */
export function runningRun(ctx: QueryCtx, kind: RunKind) {
  return ctx.db
    .query("runs")
    .withIndex("status_kind", (q) => q.eq("status", "running").eq("kind", kind))
    .unique();
}

/**
 * Stops a run with a status, cancels its guard, counts it, and says so in the audit log and to webhooks.
 * @param rest other changes of the run's row
 * @param by who stops it, and why; else it came to its end by itself, and whoever let it go on last is named
 */
export async function finishRun(
  ctx: MutationCtx,
  run: Doc<"runs">,
  status: Exclude<RunStatus, "running">,
  rest: RunPatch = {},
  by?: { actor: string; reason?: string | undefined },
): Promise<void> {
  if (run.guard !== undefined) await ctx.scheduler.cancel(run.guard);
  const now = Date.now();
  await ctx.db.patch("runs", run._id, {
    ...rest,
    ...(status === "completed" ? withoutErased(run) : {}),
    status,
    finishedAt: now,
    nextPageAt: undefined,
    waitingUntil: undefined,
    guard: undefined,
  });
  await countRun(ctx, run, status, now);
  const { actor, reason } = by ?? run.resumes?.at(-1) ?? run;
  if (status !== "canceled") {
    await tellOfEnd(ctx, { ...run, ...rest }, status, actor);
  }
  // An expire run deletes nothing, and there are up to a hundred a day.
  if (run.kind === "expire" && status === "completed") return;
  await audit(ctx, {
    what: status === "canceled" ? "run.canceled" : "run.finished",
    actor,
    ...(by === undefined || reason === undefined ? {} : { reason }),
    target: run._id,
    after: { kind: run.kind, status },
    counts: countsOf({ ...run, ...rest }),
  });
}

/** Tells webhooks that a run has come to its end. Its errors are not told: the app's own may name anybody. */
async function tellOfEnd(
  ctx: MutationCtx,
  run: Pick<Doc<"runs">, "_id" | "kind" | "trigger" | "startedAt"> & RunPatch,
  status: "completed" | "maxReached" | "failed",
  actor: string,
): Promise<void> {
  const { kind, trigger, pages = 0, sessions = 0 } = run;
  const type = status === "failed" ? "run.failed" : "run.completed";
  const data = {
    runId: run._id,
    kind,
    status,
    trigger,
    actor,
    startedAt: new Date(run.startedAt).toISOString(),
    finishedAt: new Date().toISOString(),
    pages,
    sessions,
    visits: run.visits ?? 0,
    actions: run.actions ?? 0,
    setAside: run.quarantined ?? 0,
  };
  await tellWebhooks(ctx, { type, data });
}

function countsOf(
  run: Pick<RunPatch, "sessions" | "leases" | "visits" | "actions">,
): Record<string, number> {
  const { sessions = 0, leases = 0, visits = 0, actions = 0 } = run;
  return { sessions, leases, visits, actions };
}

/** The ledger does not go on naming a user who has been erased. */
function withoutErased({ kind, filter }: Doc<"runs">): RunPatch {
  return kind !== "forget" || filter?.userId === undefined
    ? {}
    : { filter: { ...filter, userId: ERASED_USER } };
}

/**
 * The run's errors with one more, of which the message's first 500 characters, and the newest 20 errors are
 * kept.
 */
export function withError(
  run: Doc<"runs">,
  error: { message: string; sessionId?: string },
): Run["errors"] {
  const entry = {
    at: Date.now(),
    ...error,
    message: error.message.slice(0, 500),
  };
  return [...run.errors, entry].slice(-MAX_RUN_ERRORS);
}
