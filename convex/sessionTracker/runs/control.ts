/** Starting, canceling and resuming runs. */
import { v, type ObjectType } from "convex/values";
import type { Doc } from "../_generated/dataModel.js";
import { mutation, type QueryCtx } from "../_generated/server.js";
import { nextStop } from "../shared/runs/bounds.js";
import { checkInteger, checkReason, fail } from "../shared/errors.js";
import { earlierCutoffs, ownCutoffs, vOwnCutoffs } from "../shared/runs/run.js";
import { vAskedFilter } from "../shared/runs/filter.js";
import { isFiltered, vRunKind } from "../shared/runs/kinds.js";
import {
  MAX_RUN_ERRORS,
  vRunBounds,
  vRunStarted,
  vRunStatus,
  vRunTrigger,
} from "../shared/runs/run.js";
import { blockOf, vBlock } from "../shared/sessions.js";
import { audit } from "../rows/audit.js";
import { readRevisedSettings, readSettings } from "../settings/inForce.js";
import { checkRevision } from "../settings/settings.js";
import { checkBounds, keepsToWindow } from "./bounds.js";
import { enqueueNext } from "./chain.js";
import { checkCutoff, vAskedCutoff } from "./cutoffs.js";
import { existingRun, finishRun, runningRun, withError } from "./runRows.js";
import { startRun } from "./start.js";

const vStart = {
  kind: vRunKind,
  cutoff: v.optional(vAskedCutoff),
  /**
   * The cutoffs of visits and actions that the operator looked at. The run goes by these where they are
   * earlier than those in force, and takes no kind that they leave out. @default those in force
   */
  cutoffs: v.optional(vOwnCutoffs),
  /**
   * The revision of the settings that the operator looked at; where it is no longer in force, no run
   * starts.
   */
  expectedRevision: v.optional(v.number()),
  /**
   * Number of sessions before the cutoff, where the caller has counted them; kept to show the run's
   * progress.
   */
  expected: v.optional(v.number()),
  /** Who starts the run, for the ledger. */
  actor: v.string(),
  reason: v.optional(v.string()),
  trigger: vRunTrigger,
  /** The caller's own name for the request: the same token again names the run that it started. */
  token: v.optional(v.string()),
  ...vRunBounds.fields,
  /** Which sessions an `end` or a `forget` takes; it has to name something beside `exceptSessionId`. */
  filter: v.optional(vAskedFilter),
  /** For how long an `end` blocks the sessions, also those that are not active. @default it blocks nobody */
  block: v.optional(vBlock),
  /**
   * Makes the run, a purge or a forget, an archived one: the client with the secret `archiver` asks for its pages, see
   * `runs/archive`.
   */
  archive: v.optional(v.object({ file: v.string(), archiver: v.string() })),
  /**
   * Whether an expire run or a purge keeps to its schedule's window: it works only while that is open, and waits
   * between. @default only what the schedule starts does
   */
  inWindow: v.optional(v.boolean()),
};

/**
 * Starts a run, whose first page follows at once in a transaction of its own. Where a run of the kind is under
 * way, names that run instead. Without a cutoff the settings decide; a cutoff younger than the idle timeout is
 * refused.
 * @throws retentionNever; invalidCutoff `{ cutoff, now, latest }`; revisionConflict
 *   `{ expected, actual, last }`; invalidArgument
 */
export const start = mutation({
  args: vStart,
  returns: vRunStarted,
  handler: async (ctx, request) => {
    checkBounds(request);
    checkReason(request.reason);
    if (request.expected !== undefined) {
      checkInteger("expected", request.expected, 0, Number.MAX_SAFE_INTEGER);
    }
    checkKind(request);
    if (request.inWindow === true) await checkWindow(ctx, request);
    return await startRun(ctx, request);
  },
});

const vCancelResult = v.object({ canceled: v.boolean(), status: vRunStatus });

/**
 * Cancels a running run before its next page; what its pages have done stays done.
 * @returns `canceled: false`, with the run's status, where the run had stopped before
 * @throws runNotFound; invalidArgument
 */
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
    const errors = withError(run, { message: `Canceled by ${actor}${why}` });
    await finishRun(ctx, run, "canceled", { errors }, { actor, reason });
    return { canceled: true, status: "canceled" as const };
  },
});

/**
 * Resumes a run that failed, was canceled or reached its maximum: at its cursor, with its old cutoff, and with
 * the `maxSessions` that it had left, or as many again. A run that waits for its window goes on at once. An archived
 * run is resumed only by a client that writes its archive on, which may also take over a running one.
 * @throws alreadyRunning `{ runId }`; runNotFound; archivedRun `{ file }`; invalidCutoff
 *   `{ cutoff, now, latest }`; revisionConflict `{ expected, actual, last }`; invalidArgument
 */
export const resume = mutation({
  args: {
    runId: v.string(),
    actor: v.string(),
    reason: v.optional(v.string()),
    /**
     * The revision of the settings that the operator looked at; where it is no longer in force, no run goes
     * on.
     */
    expectedRevision: v.optional(v.number()),
    /** The secret of the client that writes the archive from now on. */
    archiver: v.optional(v.string()),
    /** The path of the archive from now on. @default as before */
    archiveFile: v.optional(v.string()),
    /** Whether the run keeps to its schedule's window. @default false: somebody lets it go on by hand */
    inWindow: v.optional(v.boolean()),
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
    const now = Date.now();
    const { inWindow = false } = request;
    if (inWindow) await checkWindow(ctx, run);
    const isWaiting = (run.waitingUntil ?? 0) > now && !inWindow;
    if (run.status === "running" && !takesOver && !isWaiting) {
      return { resumed: false, status: run.status };
    }
    const other =
      run.status === "running" ? null : await runningRun(ctx, run.kind);
    if (other !== null) {
      fail(
        "alreadyRunning",
        `Run ${other._id} of the same kind is running: wait for it or cancel it first.`,
        { runId: other._id },
      );
    }
    const { revision, ...settings } = await readRevisedSettings(ctx);
    await checkRevision(ctx, request.expectedRevision, revision);
    if (!isFiltered(run.kind)) checkCutoff(run.cutoff, settings, now);
    checkBlock(run, now);
    // A visit or an action that is to be kept by now stays.
    const cutoffs = earlierCutoffs(run.cutoffs, ownCutoffs(settings, now));
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
      cutoffs,
      ...(inWindow || keepsToWindow(run) ? { inWindow } : {}),
      stopAt: nextStop(run),
      ...(token === undefined
        ? {}
        : { archiver: { token, ...(last === undefined ? {} : { last }) } }),
      ...(archiveFile === undefined ? {} : { archiveFile }),
    });
    await audit(ctx, {
      what: "run.resumed",
      actor,
      ...(reason === undefined ? {} : { reason }),
      target: run._id,
      before: { status: run.status },
      after: { kind: run.kind, takesOver },
      counts: { sessions: run.sessions },
    });
    return { resumed: true, status: "running" as const };
  },
});

// ── Helpers ─────────────────────────────────────────────────────────────────

/** @throws invalidArgument for what a run of the kind does not take */
function checkKind({ kind, ...request }: ObjectType<typeof vStart>): void {
  const refuse = (argument: keyof typeof request, message: string): never =>
    fail("invalidArgument", message, { argument });
  if (isFiltered(kind)) {
    if (request.filter === undefined) {
      refuse("filter", `Name the sessions to ${kind} by a filter.`);
    }
    if (request.cutoffs !== undefined) {
      refuse("cutoffs", "Only a purge has cutoffs of visits and actions.");
    }
  } else if ((request.filter ?? request.block) !== undefined) {
    const argument = request.filter === undefined ? "block" : "filter";
    refuse(argument, `A run ${kind} goes by age: it has no ${argument}.`);
  }
  const deletes = kind === "purge" || kind === "forget";
  if (!deletes && request.archive !== undefined) {
    refuse("archive", "Only a purge and a forget have anything to archive.");
  }
}

/** @throws invalidArgument for a run that cannot keep to a window: there is none, or a client drives it */
async function checkWindow(
  ctx: QueryCtx,
  {
    kind,
    archive,
    archiveFile = archive?.file,
  }: Pick<Doc<"runs">, "kind" | "archiveFile"> & { archive?: { file: string } },
): Promise<void> {
  const details = { argument: "inWindow" };
  const none = isFiltered(kind)
    ? `A run ${kind} has no schedule, and so no window.`
    : archiveFile === undefined
      ? null
      : "An archived run goes on as its archive is written, and keeps to no window.";
  if (none !== null) fail("invalidArgument", none, details);
  if (isFiltered(kind)) return;
  const { schedules } = await readSettings(ctx);
  if (schedules[kind].window !== undefined) return;
  fail(
    "invalidArgument",
    `The ${kind} schedule has no window: set one, or leave it out.`,
    details,
  );
}

/** @throws invalidArgument for a run whose block is over: it would block nobody any more */
function checkBlock(run: Doc<"runs">, now: number): void {
  if (run.blockedUntil === undefined || blockOf(run, now) !== null) return;
  fail(
    "invalidArgument",
    `The block of run ${run._id} was over at ${new Date(Number(run.blockedUntil)).toISOString()}: start another run.`,
    { argument: "runId" },
  );
}

/** @throws archivedRun for an archived run without an archiver; invalidArgument for another run with one */
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
