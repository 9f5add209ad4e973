/** Advice on a run, in one place: the command that works for the run as it is. */
import type { Returns, Run } from "../deployment/api.js";
import { retentionText, type Advice } from "../terminal/words.js";
import { shellCommand } from "../terminal/shell.js";
import { printable } from "../terminal/printable.js";
import { formatDuration, formatTime } from "../time/time.js";
import { ownCutoffs } from "../../convex/sessionTracker/shared/runs/run.js";
import { purgeCutoff } from "../../convex/sessionTracker/shared/settings.js";
import {
  ABANDONED_AFTER_MS,
  MINUTE_MS,
  STUCK_AFTER_MS,
} from "../../convex/sessionTracker/shared/times.js";

type RevisedSettings = Returns<"settings/settings:get">;
type Known = Pick<Run, "runId" | "archiveFile">;

/**
 * Advice on a run for its operator; `null` where it needs nobody.
 * @param options.isLast none of its kind was started later
 */
export function adviceFor(
  run: Run,
  now: number,
  { isLast = false }: { isLast?: boolean } = {},
): Advice | null {
  const { runId, kind, status } = run;
  const stoodMs = stoodStillMs(run, now);
  if (status === "running" && stoodMs !== null) {
    const since = formatDuration(stoodMs);
    if (run.archiveFile === undefined) {
      return {
        what: `run ${runId} (${kind}) has stood still for ${since}`,
        remedy: "`sessions-ops doctor --fix` restarts it.",
      };
    }
    return {
      what: `run ${runId} (${kind}), by ${printable(lastActor(run))}, has stood still for ${since}: nobody goes on with its archive ${printable(run.archiveFile)}, and no other ${kind} starts meanwhile`,
      remedy: `\`${resumeCommand(run)}\` goes on where that file is; \`${cancelCommand(run)}\` gives it up, and what was deleted stays in the file. At ${formatTime(progressedAt(run) + ABANDONED_AFTER_MS)} it is canceled by itself.`,
    };
  }
  if (isLast && didNothing(run)) {
    return {
      what: `the last ${kind} run, ${runId}, did nothing: all that it came to was set aside (${run.quarantined}). ${failureOf(run)}`,
      remedy: `\`${shellCommand("sessions-ops", "runs", "show", runId)}\` shows its errors; the next run tries them again, and does no more until the cause is gone.`,
    };
  }
  if (status !== "failed") return null;
  return {
    what: `${isLast ? `the last ${kind} run, ${runId},` : `run ${runId} (${kind})`} failed: ${failureOf(run)}`,
    remedy: `\`${resumeCommand(run)}\` goes on where it stopped, \`${shellCommand("sessions-ops", "runs", "show", runId)}\` shows its errors.`,
  };
}

/** Advice on a purge that goes on under settings that have changed since it was asked for. */
export function outdatedAdvice(
  run: Run,
  settings: RevisedSettings,
  now: number,
): Advice | null {
  const { runId, kind, status, cutoff } = run;
  const { revision, retentionDays } = settings;
  if (kind !== "purge" || status !== "running") return null;
  if (run.revision === undefined || run.revision >= revision) return null;
  const remedy = `\`${cancelCommand(run)}\` stops it before its next page.`;
  const start = `run ${runId} (${kind}) was asked for under other settings and goes on with its`;
  if (cutoff > (purgeCutoff(retentionDays, now) ?? 0)) {
    return {
      what: `${start} cutoff, last active before ${formatTime(cutoff)}, so it deletes what the retention (${retentionText(retentionDays)}) keeps`,
      remedy,
    };
  }
  const kept = keptKinds(run, settings, now);
  return kept.length === 0
    ? null
    : {
        what: `${start} cutoffs, so it deletes ${kept.join(" and ")} of sessions that stay which their retention keeps`,
        remedy,
      };
}

/** The kinds of rows of which the purge deletes some that are kept by now. */
function keptKinds(
  { cutoffs = {} }: Run,
  settings: RevisedSettings,
  now: number,
): string[] {
  const inForce = ownCutoffs(settings, now) ?? {};
  return (["visits", "actions"] as const).filter(
    (kind) => (cutoffs[kind] ?? 0) > (inForce[kind] ?? 0),
  );
}

/** The time for which a run that should go on has not; `null` while that is no longer than it may take. */
export function stoodStillMs(run: Run, now: number): number | null {
  if (run.status !== "running") return null;
  const stoodMs = silentForMs(run, now);
  const isArchived = run.archiveFile !== undefined;
  return stoodMs > (isArchived ? NO_WRITER_AFTER_MS : STUCK_AFTER_MS)
    ? stoodMs
    : null;
}

/** The time since the run's last page; a paced run that waits for its next one is not silent. */
export function silentForMs(run: Run, now: number): number {
  return Math.max(0, now - progressedAt(run));
}

/** The command that lets the run go on where it stopped. */
export function resumeCommand({ runId, archiveFile }: Known): string {
  const archive = archiveFile === undefined ? [] : ["--archive", archiveFile];
  return shellCommand("sessions-ops", "runs", "resume", runId, ...archive);
}

export function cancelCommand({ runId }: Known): string {
  return shellCommand("sessions-ops", "runs", "cancel", runId);
}

/** The last of the run's errors, without the stack, which `runs show` has, and as a clause ends. */
function failureOf({ errors }: Pick<Run, "errors">): string {
  const [line] = errors.at(-1)?.message.split("\n") ?? [];
  return (line || "no reason was recorded").replace(/\.$/, "");
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/**
 * The silence after which a run has no writer. Whoever writes an archive asks for a page within
 * seconds, and for half a minute where the network is gone.
 */
const NO_WRITER_AFTER_MS = 3 * MINUTE_MS;

function didNothing({ status, sessions, quarantined }: Run): boolean {
  return status === "completed" && sessions === 0 && quarantined > 0;
}

function progressedAt({ progressAt, nextPageAt = 0 }: Run): number {
  return Math.max(progressAt, nextPageAt);
}

function lastActor({ actor, resumes = [] }: Run): string {
  return resumes.at(-1)?.actor ?? actor;
}
