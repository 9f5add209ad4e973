/** The run ledger: start, look at, cancel and resume runs, and count what a purge would take. */
import { v } from "convex/values";
import type { Doc } from "./_generated/dataModel.js";
import {
  internalMutation,
  mutation,
  query,
  type MutationCtx,
  type QueryCtx,
} from "./_generated/server.js";
import { checkInteger, fail } from "./errors.js";
import { advance, enqueueNext } from "./lifecycle.js";
import {
  dueCutoff,
  finishRun,
  runningRun,
  toRun,
  withError,
} from "./runRows.js";
import { readSettings } from "./settings.js";
import {
  vCursor,
  vRun,
  vRunKind,
  vRunStarted,
  vRunStatus,
  vRunTrigger,
  type Cursor,
  type RunKind,
  type RunStarted,
  type RunTrigger,
} from "./shared.js";
import {
  FIRST_SESSION,
  leaseKey,
  leasesAfter,
  sessionKey,
  sessionsAfter,
} from "./walks.js";

/**
 * Starts a run and does its first page; where one of the kind is running, names that one instead.
 * Without a cutoff the settings decide.
 * @throws retentionNever, invalidCutoff `{ cutoff, now }`
 */
export const start = mutation({
  args: {
    kind: vRunKind,
    cutoff: v.optional(v.number()),
    actor: v.string(),
    reason: v.optional(v.string()),
    trigger: vRunTrigger,
    /** The same token again names the run it started. */
    token: v.optional(v.string()),
  },
  returns: vRunStarted,
  handler: async (ctx, { cutoff, ...request }) => {
    const now = Date.now();
    const chosen = cutoff ?? (await dueCutoff(ctx, request.kind, now));
    if (chosen === null) {
      fail(
        "retentionNever",
        "Retention is set to never, so there is no cutoff to purge by: name one, or set a retention.",
      );
    }
    if (!(chosen >= 0 && chosen <= now)) {
      fail(
        "invalidCutoff",
        `A cutoff lies between 0 and now (${now}) in ms since the epoch, got ${chosen}.`,
        { cutoff: chosen, now },
      );
    }
    return await startRun(ctx, { ...request, cutoff: chosen });
  },
});

/** What a tick starts, in a transaction of its own. */
export const startScheduled = internalMutation({
  args: { kind: vRunKind },
  returns: v.null(),
  handler: async (ctx, { kind }) => {
    const cutoff = await dueCutoff(ctx, kind, Date.now());
    if (cutoff === null) return null;
    await startRun(ctx, {
      kind,
      cutoff,
      actor: "schedule",
      trigger: "schedule",
    });
    return null;
  },
});

export const get = query({
  args: { runId: v.string() },
  returns: v.union(vRun, v.null()),
  handler: async (ctx, { runId }) => {
    const run = await findRun(ctx, runId);
    return run === null ? null : toRun(run);
  },
});

/** Newest first. `before` is the `startedAt` of the last one seen. */
export const list = query({
  args: {
    kind: v.optional(vRunKind),
    limit: v.optional(v.number()),
    before: v.optional(v.number()),
  },
  returns: v.array(vRun),
  handler: async (ctx, { kind, limit = 20, before = Infinity }) => {
    const runs = ctx.db.query("runs");
    const ordered =
      kind === undefined
        ? runs.withIndex("startedAt", (q) => q.lt("startedAt", before))
        : runs.withIndex("kind_startedAt", (q) =>
            q.eq("kind", kind).lt("startedAt", before),
          );
    const rows = await ordered
      .order("desc")
      .take(checkInteger("limit", limit, 1, 200));
    return rows.map(toRun);
  },
});

const vCancelResult = v.object({ canceled: v.boolean(), status: vRunStatus });

/** Takes effect before the run's next page; what is done stays done. */
export const cancel = mutation({
  args: {
    runId: v.string(),
    actor: v.string(),
    reason: v.optional(v.string()),
  },
  returns: vCancelResult,
  handler: async (ctx, { runId, actor, reason }) => {
    const run = await existingRun(ctx, runId);
    if (run.status !== "running") {
      return { canceled: false, status: run.status };
    }
    const why = reason === undefined ? "" : `: ${reason}`;
    await finishRun(ctx, run._id, "canceled", {
      errors: withError(run, { message: `Canceled by ${actor}${why}` }),
    });
    return { canceled: true, status: "canceled" as const };
  },
});

/**
 * Goes on at the cursor of a run that failed or was canceled, with its old cutoff.
 * @throws alreadyRunning `{ runId }`, runNotFound
 */
export const resume = mutation({
  args: { runId: v.string(), actor: v.string() },
  returns: v.object({ resumed: v.boolean(), status: vRunStatus }),
  handler: async (ctx, { runId }) => {
    const run = await existingRun(ctx, runId);
    if (run.status === "running" || run.status === "completed") {
      return { resumed: false, status: run.status };
    }
    const other = await runningRun(ctx, run.kind);
    if (other !== null) {
      fail(
        "alreadyRunning",
        `Run ${other._id} of the same kind is running: wait for it or cancel it first.`,
        { runId: other._id },
      );
    }
    await enqueueNext(ctx, run, {
      status: "running",
      finishedAt: undefined,
      failuresInARow: 0,
      progressAt: Date.now(),
    });
    return { resumed: true, status: "running" as const };
  },
});

/** Sessions a preview counts in one call. */
const PREVIEW_PAGE = 2_000;

/**
 * Counts what a purge with this cutoff would take, by the same walk and the same rule. One bounded
 * page; call again with the cursor until it is `null`.
 */
export const preview = query({
  args: {
    cutoff: v.number(),
    cursor: v.optional(v.union(vCursor, v.null())),
  },
  returns: v.object({
    sessions: v.number(),
    actions: v.number(),
    oldest: v.union(v.number(), v.null()),
    newest: v.union(v.number(), v.null()),
    cursor: v.union(vCursor, v.null()),
  }),
  handler: async (ctx, { cutoff, cursor = null }) => {
    const { rows, next } =
      cursor?.phase === "sessions"
        ? await previewSessions(ctx, cutoff, cursor)
        : await previewLeases(ctx, cutoff, cursor);
    return {
      sessions: rows.length,
      actions: rows.reduce((sum, row) => sum + row.actions, 0),
      // The walk goes from old to new.
      oldest: rows.at(0)?.lastActive ?? null,
      newest: rows.at(-1)?.lastActive ?? null,
      cursor: next,
    };
  },
});

// ── Helpers ─────────────────────────────────────────────────────────────────

interface RunRequest {
  kind: RunKind;
  cutoff: number;
  actor: string;
  reason?: string;
  trigger: RunTrigger;
  token?: string;
}

async function startRun(
  ctx: MutationCtx,
  request: RunRequest,
): Promise<RunStarted> {
  const { token, kind } = request;
  const same = token === undefined ? null : await runWithToken(ctx, token);
  if (same !== null) {
    return { runId: same._id, cutoff: same.cutoff, status: "started" };
  }
  const running = await runningRun(ctx, kind);
  if (running !== null) {
    const { _id: runId, cutoff } = running;
    return { runId, cutoff, status: "alreadyRunning" };
  }
  const run = await insertRun(ctx, request);
  await advance(ctx, run);
  return { runId: run._id, cutoff: run.cutoff, status: "started" };
}

async function insertRun(
  ctx: MutationCtx,
  request: RunRequest,
): Promise<Doc<"runs">> {
  const now = Date.now();
  const fields = {
    ...request,
    status: "running" as const,
    cursor: null,
    seq: 0,
    pageSize: (await readSettings(ctx)).pageSize,
    pages: 0,
    sessions: 0,
    leases: 0,
    actions: 0,
    quarantined: 0,
    failuresInARow: 0,
    errors: [],
    startedAt: now,
    progressAt: now,
  };
  const _id = await ctx.db.insert("runs", fields);
  return { _id, _creationTime: now, ...fields };
}

function runWithToken(ctx: QueryCtx, token: string) {
  return ctx.db
    .query("runs")
    .withIndex("token", (q) => q.eq("token", token))
    .unique();
}

async function findRun(
  ctx: QueryCtx,
  runId: string,
): Promise<Doc<"runs"> | null> {
  const id = ctx.db.normalizeId("runs", runId);
  return id === null ? null : await ctx.db.get("runs", id);
}

async function existingRun(ctx: QueryCtx, runId: string): Promise<Doc<"runs">> {
  const run = await findRun(ctx, runId);
  if (run !== null) return run;
  fail("runNotFound", `There is no run ${JSON.stringify(runId)}.`, { runId });
}

interface Counted {
  rows: { lastActive: number; actions: number }[];
  next: Cursor | null;
}

async function previewLeases(
  ctx: QueryCtx,
  cutoff: number,
  cursor: Cursor | null,
): Promise<Counted> {
  const leases = await leasesAfter(ctx, cursor, cutoff, PREVIEW_PAGE);
  const rows = [];
  for (const { session, lastActive, actionCount } of leases) {
    const earlier = await ctx.db.get("sessions", session);
    const actions = actionCount + (earlier?.actionCount ?? 0);
    rows.push({ lastActive, actions });
  }
  const last = leases.at(-1);
  const isDone = last === undefined || leases.length < PREVIEW_PAGE;
  return { rows, next: isDone ? FIRST_SESSION : leaseKey(last) };
}

async function previewSessions(
  ctx: QueryCtx,
  cutoff: number,
  cursor: Cursor,
): Promise<Counted> {
  const sessions = await sessionsAfter(ctx, cursor, cutoff, PREVIEW_PAGE);
  const rows = sessions.map(({ inactiveSince, actionCount }) => ({
    lastActive: inactiveSince ?? 0,
    actions: actionCount,
  }));
  const last = sessions.at(-1);
  const isDone = last === undefined || sessions.length < PREVIEW_PAGE;
  return { rows, next: isDone ? null : sessionKey(last) };
}
