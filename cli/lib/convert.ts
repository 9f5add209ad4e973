/** From what the component answers, times in ms, to what `--json` prints. */

import type { Settings } from "../../convex/sessionTracker/shared.js";
import type { LogEntryJson } from "../operatorShapes.js";
import type {
  RunJson,
  RunResultJson,
  RunShowJson,
  ScheduleJson,
} from "../shapes.js";
import type { LogEntry, Run, Schedule } from "./api.js";
import { iso, isoOrNull } from "./time.js";
import { valueJson } from "./values.js";

export function toRunJson(run: Run): RunJson {
  return {
    runId: run.runId,
    kind: run.kind,
    trigger: run.trigger,
    actor: run.actor,
    reason: run.reason ?? null,
    status: run.status,
    cutoff: iso(run.cutoff),
    sessions: run.sessions,
    actions: run.actions,
    quarantined: run.quarantined,
    pages: run.pages,
    maxSessions: run.maxSessions ?? null,
    ratePerSecond: run.ratePerSecond ?? null,
    archiveFile: run.archiveFile ?? null,
    expected: run.expected ?? null,
    startedAt: iso(run.startedAt),
    progressAt: iso(run.progressAt),
    finishedAt: isoOrNull(run.finishedAt),
    tookMs: (run.finishedAt ?? run.progressAt) - run.startedAt,
    resumes: (run.resumes ?? []).map(({ at, actor, reason = null }) => ({
      ...{ at: iso(at), actor, reason },
    })),
  };
}

export function toRunShowJson(run: Run): RunShowJson {
  return {
    ...toRunJson(run),
    errors: run.errors.map(({ at, message, sessionId = null }) => ({
      at: iso(at),
      message,
      sessionId,
    })),
  };
}

export function toRunResult(run: Run): RunResultJson {
  const { runId, status, cutoff, sessions, actions, quarantined, pages } = run;
  return {
    runId,
    status,
    cutoff: iso(cutoff),
    sessions,
    actions,
    quarantined,
    pages,
  };
}

export function toScheduleJson(schedule: Schedule): ScheduleJson {
  const { name, spec, timeZone, paused, state, nextAt, lastAt, lastResult } =
    schedule;
  return {
    name,
    spec,
    timeZone,
    paused: paused && {
      reason: paused.reason,
      actor: paused.actor,
      at: iso(paused.at),
      until: isoOrNull(paused.until),
    },
    state,
    nextAt: isoOrNull(nextAt),
    lastAt: isoOrNull(lastAt),
    lastResult,
  };
}

export function toLogEntryJson(entry: LogEntry): LogEntryJson {
  return {
    revision: entry.revision,
    at: iso(entry.at),
    actor: entry.actor,
    reason: entry.reason ?? null,
    before: valueJson(entry.before) as Partial<Settings>,
    after: valueJson(entry.after) as Partial<Settings>,
  };
}
