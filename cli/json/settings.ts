import type { LogEntry } from "../deployment/api.js";
import { iso } from "../time/time.js";
import type {
  Schedule as ScheduleSetting,
  ScheduleName,
} from "../../convex/sessionTracker/shared/schedules.js";
import type {
  Policy,
  RetentionDays,
  Settings,
} from "../../convex/sessionTracker/shared/settings.js";
import { contradictionTexts } from "../settings/contradictions.js";
import type { HookJson } from "./hooks.js";
import type { GoesOnJson } from "./run.js";
import { toPauseJson, type PauseJson } from "./schedule.js";
import { toValueJson } from "./convexValue.js";

/** Output of `settings get` */
export interface SettingsShownJson extends SettingsJson {
  /** The app's hooks. */
  hooks: HookJson[];
}

/** The settings, of `settings get` and `settings set` */
export interface SettingsJson {
  /** The revision of the settings. */
  revision: number;
  /** The settings in force. */
  settings: SettingsValuesJson;
  /** Settings that contradict each other, as sentences. */
  warnings: string[];
}

export function toSettingsJson(
  { revision, ...settings }: Settings & { revision: number },
  now: number,
): SettingsJson {
  return {
    revision,
    settings: toSettingsValuesJson(settings),
    warnings: contradictionTexts(settings, now),
  };
}

/** All settings. */
export interface SettingsValuesJson extends Policy {
  /** The schedules, by the kind of run that each starts. */
  schedules: Record<ScheduleName, ScheduleSettingJson>;
}

/** A schedule, as the settings have it. */
export interface ScheduleSettingJson extends Omit<ScheduleSetting, "paused"> {
  /** The pause that it is in, or was in last. */
  paused?: PauseJson;
}

function toSettingsValuesJson({
  schedules: { expire, purge },
  ...policy
}: Settings): SettingsValuesJson {
  const schedules = { expire: toSetting(expire), purge: toSetting(purge) };
  return { ...policy, schedules };
}

/** Output of `settings set` */
export interface SettingsChangeJson extends SettingsJson {
  /** The old values of the changed fields only. */
  before: Partial<Policy>;
  /** What was changed, as it is. */
  after: Partial<Policy>;
  /** Sessions older than the new retention; counted only when it was lowered. */
  purgeable?: number;
  /** Of sessions that stay: counted only when the retention of visits or actions was lowered. */
  purgeableByRetention?: { visits: number; actions: number };
  /** A purge under way that takes sessions kept now; only after the retention was raised. */
  goesOn?: GoesOnJson;
}

/** Output of `retention [DAYS]` */
export interface RetentionJson {
  /** Days after which an inactive session is purged, or `never`. */
  retentionDays: RetentionDays;
  /** The revision of the settings. */
  revision: number;
  /** The old retention; only after a change. */
  previous?: RetentionDays;
  /** Sessions older than the new retention; counted only when it was lowered. */
  purgeable?: number;
  /** A purge under way that takes sessions kept now; only after the retention was raised. */
  goesOn?: GoesOnJson;
}

/** Output of `settings log` */
export interface SettingsLogJson {
  /** The changes, newest first. */
  entries: LogEntryJson[];
  /** The `--before` for earlier entries; `null` at the end. */
  before: number | null;
}

/** A change of the settings. */
export interface LogEntryJson {
  /** The revision after the change. */
  revision: number;
  /** When. */
  at: string;
  /** Who did it. */
  actor: string;
  /** Why, where whoever did it said so. */
  reason: string | null;
  /** What was changed, as it was. */
  before: SettingsPartJson;
  /** What was changed, as it is. */
  after: SettingsPartJson;
}

export function toLogEntryJson(entry: LogEntry): LogEntryJson {
  return {
    revision: entry.revision,
    at: iso(entry.at),
    actor: entry.actor,
    reason: entry.reason ?? null,
    before: toSettingsPartJson(entry.before),
    after: toSettingsPartJson(entry.after),
  };
}

/** The settings that a change named. */
export interface SettingsPartJson extends Partial<Policy> {
  /** The schedules, by the kind of run that each starts. */
  schedules?: Partial<SettingsValuesJson["schedules"]>;
}

export function toSettingsPartJson(part: unknown): SettingsPartJson {
  const { schedules, ...policy } = toValueJson(part) as SettingsPart;
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
