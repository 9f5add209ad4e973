/** From what the component answers, times in ms, to what `--json` prints. */

import type {
  Pause,
  Policy,
  Schedule as ScheduleSetting,
  Settings,
} from "../../convex/sessionTracker/shared/shared.js";
import type {
  LogEntryJson,
  SettingsPartJson,
  SettingsValuesJson,
} from "./operatorShapes.js";
import type {
  PauseJson,
  RunJson,
  RunResultJson,
  RunShowJson,
  ScheduleJson,
  TargetJson,
} from "./shapes.js";
import type { LogEntry, Run, Schedule } from "../deployment/api.js";
import type { Connection } from "../deployment/connect.js";
import { iso, isoOrNull } from "../time/time.js";
import { valueJson } from "./convexValues.js";

export function toTargetJson({ target, client }: Connection): TargetJson {
  const { url, productionName } = target;
  return { url, component: client.component, productionName };
}

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
      at: iso(at),
      actor,
      reason,
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
    paused: paused && toPauseJson(paused),
    state,
    nextAt: isoOrNull(nextAt),
    lastAt: isoOrNull(lastAt),
    lastResult,
  };
}

export function toPauseJson({ reason, actor, at, until }: Pause): PauseJson {
  return { reason, actor, at: iso(at), until: isoOrNull(until) };
}

export function toSettingsJson({
  schedules: { expire, purge },
  ...policy
}: Settings): SettingsValuesJson {
  const schedules = { expire: toSetting(expire), purge: toSetting(purge) };
  return { ...policy, schedules };
}

function toPartJson({ schedules, ...policy }: SettingsPart): SettingsPartJson {
  if (schedules === undefined) return policy;
  const named = Object.entries(schedules).map(
    ([name, schedule]) => [name, toSetting(schedule)] as const,
  );
  return { ...policy, schedules: Object.fromEntries(named) };
}

type SettingsPart = Partial<Policy> & {
  schedules?: Partial<Settings["schedules"]>;
};

function toSetting({ paused, ...schedule }: ScheduleSetting) {
  if (paused === undefined) return schedule;
  return { ...schedule, paused: toPauseJson(paused) };
}

export function toLogEntryJson(entry: LogEntry): LogEntryJson {
  return {
    revision: entry.revision,
    at: iso(entry.at),
    actor: entry.actor,
    reason: entry.reason ?? null,
    before: toPartJson(valueJson(entry.before) as SettingsPart),
    after: toPartJson(valueJson(entry.after) as SettingsPart),
  };
}
