/** Starting, canceling and resuming runs. */
import { v } from "convex/values";
import type { Doc } from "../_generated/dataModel.js";
import { mutation } from "../_generated/server.js";
import { nextStop } from "../shared/bounds.js";
import { checkInteger, checkReason, fail } from "../shared/errors.js";
import { vRunKind } from "../shared/runKinds.js";
import {
  MAX_RUN_ERRORS,
  vRunBounds,
  vRunStarted,
  vRunStatus,
  vRunTrigger,
} from "../shared/runs.js";
import { readRevisedSettings } from "../settings/inForce.js";
import { checkRevision } from "../settings/settings.js";
import { checkBounds } from "./bounds.js";
import { enqueueNext } from "./chain.js";
import { checkCutoff, vAskedCutoff } from "./cutoffs.js";
import { existingRun, finishRun, runningRun, withError } from "./runRows.js";
import { startRun } from "./start.js";

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
    /** The revision of the settings looked at: once they have changed, nothing is started. */
    expectedRevision: v.optional(v.number()),
    /** Sessions before the cutoff, where they were counted; says how far the run is. */
    expected: v.optional(v.number()),
    actor: v.string(),
    reason: v.optional(v.string()),
    trigger: vRunTrigger,
    /** The same token again names the run it started. */
    token: v.optional(v.string()),
    ...vRunBounds.fields,
    /** Makes it an archived purge: whoever has the token asks for its pages, see `archiving`. */
    archive: v.optional(v.object({ file: v.string(), archiver: v.string() })),
  },
  returns: vRunStarted,
  handler: async (ctx, request) => {
    checkBounds(request);
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
 * cutoff; its bound is what it had left, or as much again. An archived run goes on only with
 * somebody to write its archive, who may also take over one that is running.
 * @throws alreadyRunning `{ runId }`; runNotFound; archivedRun `{ file }`; invalidCutoff
 *   `{ cutoff, now, latest }`; revisionConflict `{ expected, actual, last }`; invalidArgument
 */
export const resume = mutation({
  args: {
    runId: v.string(),
    actor: v.string(),
    reason: v.optional(v.string()),
    /** The revision of the settings looked at: once they have changed, nothing goes on. */
    expectedRevision: v.optional(v.number()),
    archiver: v.optional(v.string()),
    /** The archive's path from now on. */
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
