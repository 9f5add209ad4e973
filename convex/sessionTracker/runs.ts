/** The run ledger: start, look at, cancel and resume runs; what a purge would take is `previews`. */
import { v } from "convex/values";
import type { Doc } from "./_generated/dataModel.js";
import {
  internalMutation,
  mutation,
  query,
  type MutationCtx,
  type QueryCtx,
} from "./_generated/server.js";
import { checkBudget, nextStop, pacedPageSize } from "./budgets.js";
import { checkInteger, fail } from "./errors.js";
import { advance, enqueueNext } from "./lifecycle.js";
import {
  dueCutoff,
  existingRun,
  findRun,
  finishRun,
  runningRun,
  toRun,
  withError,
} from "./runRows.js";
import { readSettings } from "./settings.js";
import {
  vRun,
  vRunBudget,
  vRunKind,
  vRunStarted,
  vRunStatus,
  vRunTrigger,
  type RunKind,
  type RunStarted,
  type RunTrigger,
} from "./shared.js";

/**
 * Starts a run and does its first page; where one of the kind is running, names that one instead.
 * Without a cutoff the settings decide.
 * @throws retentionNever, invalidCutoff `{ cutoff, now }`, invalidArgument
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
    ...vRunBudget.fields,
    /** Makes it an archived purge: whoever has the token asks for its pages, see `archiving`. */
    archive: v.optional(v.object({ file: v.string(), archiver: v.string() })),
  },
  returns: vRunStarted,
  handler: async (ctx, { cutoff, ...request }) => {
    checkBudget(request);
    if (request.kind !== "purge" && request.archive !== undefined) {
      fail("invalidArgument", "Only a purge has anything to archive.", {
        argument: "archive",
      });
    }
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
 * Goes on at the cursor of a run that failed, was canceled or reached its maximum, with its old
 * cutoff; its budget is what it had left, or as much again. An archived run goes on only with
 * somebody to write its archive, who may also take over one that is running.
 * @throws alreadyRunning `{ runId }`, runNotFound, archivedRun `{ file }`, invalidArgument
 */
export const resume = mutation({
  args: {
    runId: v.string(),
    actor: v.string(),
    archiver: v.optional(v.string()),
  },
  returns: v.object({ resumed: v.boolean(), status: vRunStatus }),
  handler: async (ctx, { runId, archiver: token }) => {
    const run = await existingRun(ctx, runId);
    const takesOver = token !== undefined && run.status === "running";
    if (run.status === "completed")
      return { resumed: false, status: run.status };
    checkArchiver(run, token);
    if (run.status === "running" && !takesOver) {
      return { resumed: false, status: run.status };
    }
    const other = takesOver ? null : await runningRun(ctx, run.kind);
    if (other !== null) {
      fail(
        "alreadyRunning",
        `Run ${other._id} of the same kind is running: wait for it or cancel it first.`,
        { runId: other._id },
      );
    }
    const { last } = run.archiver ?? {};
    const now = Date.now();
    await enqueueNext(ctx, run, {
      status: "running",
      finishedAt: undefined,
      failuresInARow: 0,
      progressAt: now,
      resumed: { at: now, sessions: run.sessions },
      stopAt: nextStop(run),
      ...(token === undefined
        ? {}
        : { archiver: { token, ...(last === undefined ? {} : { last }) } }),
    });
    return { resumed: true, status: "running" as const };
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
  maxSessions?: number;
  ratePerSecond?: number;
  archive?: { file: string; archiver: string };
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
  if (run.archiveFile === undefined) await advance(ctx, run);
  return { runId: run._id, cutoff: run.cutoff, status: "started" };
}

async function insertRun(
  ctx: MutationCtx,
  { archive, ...request }: RunRequest,
): Promise<Doc<"runs">> {
  const now = Date.now();
  const { maxSessions: stopAt } = request;
  const fields = {
    ...request,
    ...(stopAt === undefined ? {} : { stopAt }),
    ...(archive === undefined
      ? {}
      : { archiveFile: archive.file, archiver: { token: archive.archiver } }),
    status: "running" as const,
    cursor: null,
    seq: 0,
    pageSize: pacedPageSize(request, (await readSettings(ctx)).pageSize),
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

/** An archived run needs somebody to write its archive, another has no use for one. */
function checkArchiver(run: Doc<"runs">, token: string | undefined): void {
  const { _id, archiveFile: file } = run;
  if (file !== undefined && token === undefined) {
    fail(
      "archivedRun",
      `Run ${_id} archives what it deletes to ${file}, so it goes on only with that file: \`sessions-ops runs resume ${_id} --archive FILE\`.`,
      { file },
    );
  }
  if (file === undefined && token !== undefined) {
    fail(
      "invalidArgument",
      `Run ${_id} was started without an archive and cannot get one on its way: cancel it and start another.`,
      { argument: "archiver" },
    );
  }
}
