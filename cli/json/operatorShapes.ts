/** What `--json` prints for single sessions, settings and upkeep; see `shapes.ts`. */
import type { GoesOnJson } from "./shapes.js";
import type {
  HookName,
  Policy,
  Schedule,
  ScheduleName,
  SessionState,
} from "../../convex/sessionTracker/shared/shared.js";
import type { PauseJson, TargetJson } from "./shapes.js";

/** `end ID` */
export interface EndJson {
  sessionId: string;
  anonymousId: string;
  /** `false`: it was not active. */
  ended: boolean;
  state: SessionState;
}

/** `forget ID`: the receipt */
export interface ForgetJson {
  sessionId: string;
  anonymousId: string;
  userId?: string;
  /** How many were erased. */
  actions: number;
  erasedAt: string;
  actor: string;
  target: TargetJson;
  /** What the app's hook said; absent where there is none. */
  hook?: {
    name: HookName;
    /** `null`: it has done its part. Else it is owed, see `hooks`. */
    error: string | null;
  };
}

/** `hooks`, `hooks list` */
export interface HooksJson {
  hooks: {
    name: HookName;
    /** The handle of the app's mutation. */
    handle: string;
    answers: boolean;
    error: string | null;
  }[];
  /** Oldest first. */
  debts: HookDebtJson[];
  /** `false`: more is owed than was listed. */
  isAll: boolean;
}

/** What a hook has not done for somebody who was erased. */
export interface HookDebtJson {
  debtId: string;
  hook: HookName;
  sessionId: string;
  erasedAt: string;
  /** When the hook was last called for it, or was to be. */
  triedAt: string;
  error: string;
}

/** `hooks retry` */
export interface HooksRetryJson {
  paid: number;
  failed: HookDebtJson[];
}

/** `hooks clear`, `hooks settle` */
export interface HooksChangeJson {
  /** `false`: there was nothing to do. */
  done: boolean;
}

/** All settings. */
export interface SettingsValuesJson extends Policy {
  schedules: Record<ScheduleName, ScheduleSettingJson>;
}

export interface ScheduleSettingJson extends Omit<Schedule, "paused"> {
  paused?: PauseJson;
}

/** `settings get` */
export interface SettingsJson {
  revision: number;
  settings: SettingsValuesJson;
  /** Settings that contradict each other, as sentences. */
  warnings: string[];
}

/** `settings set` */
export interface SettingsChangeJson extends SettingsJson {
  /** The changed fields only. */
  before: Partial<Policy>;
  after: Partial<Policy>;
  /** Sessions older than the new retention; counted only when it was lowered. */
  purgeable?: number;
  /** A purge under way that takes what is kept now; only after the retention was raised. */
  goesOn?: GoesOnJson;
}

/** `settings log` */
export interface SettingsLogJson {
  entries: LogEntryJson[];
  /** Give it to `--before` for earlier entries; `null` at the end. */
  before: number | null;
}

/** The settings that a change named. */
export interface SettingsPartJson extends Partial<Policy> {
  schedules?: Partial<SettingsValuesJson["schedules"]>;
}

export interface LogEntryJson {
  revision: number;
  at: string;
  actor: string;
  reason: string | null;
  before: SettingsPartJson;
  after: SettingsPartJson;
}

/** `doctor` */
export interface DoctorJson {
  /** No finding is a problem. */
  healthy: boolean;
  findings: FindingJson[];
}

export interface FindingJson {
  check: string;
  /** `skipped`: it could not be looked at because of another finding, or needs `--deep`. */
  result: "ok" | "warning" | "problem" | "fixed" | "skipped";
  message: string;
  /** What to do about it. */
  remedy?: string;
}

/** `dashboard`, once the page can be opened */
export interface DashboardJson {
  ready: true;
  /** Lets one browser in, once. */
  url: string;
}
