/** The run ledger: start, look at, cancel and resume runs; what a purge would take is `previews`. */
import { v } from "convex/values";
import type { Doc } from "../_generated/dataModel.js";
import {
  mutation,
  query,
  type MutationCtx,
  type QueryCtx,
} from "../_generated/server.js";
import { checkBudget, nextStop, pacedPageSize } from "./bounds.js";
import {
  checkCutoff,
  reckonCutoff,
  vAskedCutoff,
  type AskedCutoff,
} from "./cutoffs.js";
import { readCursor, toCursor } from "../rows/cursors.js";
import { checkInteger, checkReason, fail } from "../shared/errors.js";
import { begin, enqueueNext } from "./chain.js";
import { firstSize } from "./pageSizes.js";
import {
  existingRun,
  findRun,
  finishRun,
  runningRun,
  toRun,
  withError,
} from "./runRows.js";
import { checkRevision, readRevisedSettings } from "../settings/settings.js";
import {
  MAX_RUN_ERRORS,
  vRun,
  vRunBudget,
  vRunKind,
  vRunStarted,
  vRunStatus,
  vRunTrigger,
  type RunKind,
  type RunStarted,
  type RunTrigger,
} from "../shared/shared.js";
import { placeOf, take, walkRuns } from "../rows/walks.js";

/** Runs in an answer. */
const MAX_LISTED = 200;

/**
 * Starts a run, whose first page follows at once in a transaction of its own; where one of the kind is running, names that one instead.
 * Without a cutoff the settings decide. A cutoff younger than the idle timeout is refused.
 * @throws retentionNever; invalidCutoff `{ cutoff, now, latest }`; revisionConflict
 *   `{ expected, actual, last }`; invalidArgument
 */
export const start = mutation({
  args: {
    kind: vRunKind,
    cutoff: v.optional(vAskedCutoff),
    /** Of the settings that were looked at: once they have changed, nothing is started. */
    expectedRevision: v.optional(v.number()),
    /** Sessions before the cutoff, where they were counted; says how far the run is. */
    expected: v.optional(v.number()),
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
  handler: async (ctx, request) => {
    checkBudget(request);
    checkReason(request.reason);
    if (request.expected !== undefined) {
      checkInteger("expected", request.expected, 0, Number.MAX_SAFE_INTEGER);
    }
    if (request.kind !== "purge" && request.archive !== undefined) {
      fail("invalidArgument", "Only a purge has anything to archive.", {
        argument: "archive",
      });
    }
    return await startRun(ctx, request);
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

/** Newest first. */
export const list = query({
  args: { kind: v.optional(vRunKind), limit: v.optional(v.number()) },
  returns: v.array(vRun),
  handler: async (ctx, { kind, limit = 20 }) => {
    const runs = walkRuns(ctx, kind, { order: "desc", after: null });
    const rows = await take(runs, checkInteger("limit", limit, 1, MAX_LISTED));
    return rows.map(toRun);
  },
});

/** The same, a page at a time: the cursor leads to the next one, and is `null` at the end. */
export const page = query({
  args: {
    kind: v.optional(vRunKind),
    limit: v.number(),
    cursor: v.optional(v.union(v.string(), v.null())),
  },
  returns: v.object({
    runs: v.array(vRun),
    cursor: v.union(v.string(), v.null()),
  }),
  handler: async (ctx, { kind, limit, cursor = null }) => {
    checkInteger("limit", limit, 1, MAX_LISTED);
    const after = cursor === null ? null : readCursor(cursor);
    const runs = walkRuns(ctx, kind, { order: "desc", after });
    // One more tells whether there is another page.
    const rows = await take(runs, limit + 1);
    const shown = rows.slice(0, limit);
    const last = shown.at(-1);
    const isEnd = rows.length <= limit || last === undefined;
    return {
      runs: shown.map(toRun),
      cursor: isEnd ? null : toCursor(placeOf(last.startedAt, last)),
    };
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
    checkReason(reason);
    const run = await existingRun(ctx, runId);
    if (run.status !== "running") {
      return { canceled: false, status: run.status };
    }
    const why = reason === undefined ? "" : `: ${reason}`;
    await finishRun(ctx, run, "canceled", {
      errors: withError(run, { message: `Canceled by ${actor}${why}` }),
    });
    return { canceled: true, status: "canceled" as const };
  },
});

/**
 * Goes on at the cursor of a run that failed, was canceled or reached its maximum, with its old
 * cutoff; its budget is what it had left, or as much again. An archived run goes on only with
 * somebody to write its archive, who may also take over one that is running.
 * @throws alreadyRunning `{ runId }`; runNotFound; archivedRun `{ file }`; invalidCutoff
 *   `{ cutoff, now, latest }`; revisionConflict `{ expected, actual, last }`; invalidArgument
 */
export const resume = mutation({
  args: {
    runId: v.string(),
    actor: v.string(),
    reason: v.optional(v.string()),
    /** Of the settings that were looked at: once they have changed, nothing goes on. */
    expectedRevision: v.optional(v.number()),
    archiver: v.optional(v.string()),
    /** Where the archive is now. */
    archiveFile: v.optional(v.string()),
  },
  returns: v.object({ resumed: v.boolean(), status: vRunStatus }),
  handler: async (ctx, { runId, actor, reason, ...request }) => {
    checkReason(reason);
    const { archiver: token, archiveFile } = request;
    const run = await existingRun(ctx, runId);
    const takesOver = token !== undefined && run.status === "running";
    if (run.status === "completed")
      return { resumed: false, status: run.status };
    checkArchiver(run, request);
    if (takesOver && run.archiver?.token === token) {
      return { resumed: true, status: run.status };
    }
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
    const { revision, ...settings } = await readRevisedSettings(ctx);
    await checkRevision(ctx, request.expectedRevision, revision);
    const now = Date.now();
    checkCutoff(run.cutoff, settings, now);
    const { last } = run.archiver ?? {};
    const resume = {
      at: now,
      actor,
      ...(reason === undefined ? {} : { reason }),
    };
    await enqueueNext(ctx, run, {
      status: "running",
      finishedAt: undefined,
      failuresInARow: 0,
      progressAt: now,
      resumed: { at: now, sessions: run.sessions },
      resumes: [...(run.resumes ?? []), resume].slice(-MAX_RUN_ERRORS),
      revision,
      stopAt: nextStop(run),
      ...(token === undefined
        ? {}
        : { archiver: { token, ...(last === undefined ? {} : { last }) } }),
      ...(archiveFile === undefined ? {} : { archiveFile }),
    });
    return { resumed: true, status: "running" as const };
  },
});

// ── Helpers ─────────────────────────────────────────────────────────────────

interface RunRequest {
  kind: RunKind;
  cutoff?: AskedCutoff;
  expectedRevision?: number;
  expected?: number;
  actor: string;
  reason?: string;
  trigger: RunTrigger;
  token?: string;
  maxSessions?: number;
  ratePerSecond?: number;
  archive?: { file: string; archiver: string };
}

/** Writes the run down, and lets it begin: nothing of the app is called here, so a tick may call it. */
export async function startRun(
  ctx: MutationCtx,
  { cutoff: asked, expectedRevision, ...request }: RunRequest,
): Promise<RunStarted> {
  const { token, kind } = request;
  const same = token === undefined ? null : await runWithToken(ctx, token);
  if (same !== null) {
    return { runId: same._id, cutoff: same.cutoff, status: "started" };
  }
  const { revision, ...settings } = await readRevisedSettings(ctx);
  await checkRevision(ctx, expectedRevision, revision);
  const cutoff = reckonCutoff(kind, asked, settings, Date.now());
  const running = await runningRun(ctx, kind);
  if (running !== null) {
    const { _id: runId } = running;
    return { runId, cutoff: running.cutoff, status: "alreadyRunning" };
  }
  const wanted = settings.pageSize;
  const run = await insertRun(ctx, { ...request, cutoff, revision }, wanted);
  if (run.archiveFile === undefined) await begin(ctx, run);
  return { runId: run._id, cutoff: run.cutoff, status: "started" };
}

async function insertRun(
  ctx: MutationCtx,
  {
    archive,
    ...request
  }: Omit<RunRequest, "expectedRevision"> & {
    cutoff: number;
    revision: number;
  },
  wanted: number,
): Promise<Doc<"runs">> {
  const now = Date.now();
  const last = await ctx.db
    .query("runs")
    .withIndex("kind_startedAt", (q) => q.eq("kind", request.kind))
    .order("desc")
    .first();
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
    ...firstSize(pacedPageSize(request, wanted), last, now),
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
function checkArchiver(
  { _id, archiveFile: file }: Doc<"runs">,
  { archiver: token, archiveFile }: { archiver?: string; archiveFile?: string },
): void {
  if (file !== undefined && token === undefined) {
    fail(
      "archivedRun",
      `Run ${_id} archives what it deletes to ${file}, so it goes on only with that file: \`sessions-ops runs resume ${_id} --archive FILE\`.`,
      { file },
    );
  }
  if (file === undefined && (token ?? archiveFile) !== undefined) {
    fail(
      "invalidArgument",
      `Run ${_id} was started without an archive and cannot get one on its way: cancel it and start another.`,
      { argument: "archiver" },
    );
  }
}
