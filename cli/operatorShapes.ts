/** What `--json` prints for single sessions, settings and upkeep; see `shapes.ts`. */
import type {
  Policy,
  SessionState,
  Settings,
} from "../convex/sessionTracker/shared.js";

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
  target: string;
}

/** `settings get` */
export interface SettingsJson {
  revision: number;
  settings: Settings;
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
}

/** `settings log` */
export interface SettingsLogJson {
  entries: LogEntryJson[];
  /** Give it to `--before` for earlier entries; `null` at the end. */
  before: number | null;
}

export interface LogEntryJson {
  revision: number;
  at: string;
  actor: string;
  reason: string | null;
  before: Partial<Settings>;
  after: Partial<Settings>;
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
