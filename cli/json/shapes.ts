/**
 * What `--json` prints, one object a command. Programs depend on these: fields are added, never
 * renamed or removed. Times are ISO 8601 in UTC.
 */
import type { CliErrorCode } from "../errors.js";
import type {
  RetentionDays,
  RunKind,
  RunStatus,
  RunTrigger,
  ScheduleName,
  SessionState,
} from "../../convex/sessionTracker/shared/shared.js";

/** What a command that fails prints on stderr, as its last line, with `--json` and `--jsonl`. */
export interface ErrorJson {
  error: {
    code: CliErrorCode;
    /** What happened, with which value, and what to do. */
    message: string;
    hint?: string;
    exitCode: number;
    /** The same command may be given again: it may work then, and does no more than once would have. */
    retryable: boolean;
  };
}

/** The deployment that a command talks to. */
export interface TargetJson {
  url: string;
  component: string;
  /** What a write to it has to be confirmed with; `null` outside production. */
  productionName: string | null;
}

/** `status` */
export interface StatusJson {
  version: string;
  target: TargetJson;
  /** What an operator should see first, as sentences. */
  warnings: string[];
  sessions: { total: number; active: number; expired: number; ended: number };
  /** Inactive the longest. */
  oldest: { sessionId: string; lastActive: string } | null;
  retentionDays: RetentionDays;
  idleTimeoutMs: number;
  /** Waiting for the next run; a count that equals `limit` means that many or more. */
  backlog: { expire: number; purge: number; limit: number };
  schedules: ScheduleJson[];
  /** The running ones, then the last finished of each kind. */
  runs: RunJson[];
  /** Of those that are running. */
  progress: Array<{
    runId: string;
    /** Sessions to come, as far as its maximum lets it. */
    left: number;
    /** `left` is as far as was counted: that many or more. */
    isCapped: boolean;
    /** Since it last went on; 0 while nothing can be said, and while nothing moves. */
    sessionsPerSecond: number;
    /** Since its last page, where that is longer ago than a page takes; else `null`. */
    silentMs: number | null;
    /** All of it in words. */
    text: string;
  }>;
  watchdog: {
    lastAt: string | null;
    lastResult: string | null;
    gaveUp: { at: string; why: string } | null;
  };
}

/** `list` */
export interface ListJson {
  sessions: SessionJson[];
  /** Give it to `--cursor` for the next page; `null` at the end. */
  cursor: string | null;
}

export interface SessionJson {
  sessionId: string;
  anonymousId: string;
  state: SessionState;
  createdAt: string;
  lastActive: string;
  visits: number;
  actions: number;
  userId?: string;
  endReason?: string;
}

/** `show ID` */
export interface ShowJson extends SessionJson {
  /** Newest first. */
  timeline: ActionJson[];
  /** Give it to `--cursor` for earlier actions; `null` at the end. */
  cursor: string | null;
}

export interface ActionJson {
  at: string;
  action: string;
  resourceId?: string;
  metadata?: unknown;
}

/** `purge`, `expire`, `runs watch` and `runs resume` */
export interface RunResultJson {
  /** `null` when nothing was due, so that no run was started. */
  runId: string | null;
  status: RunStatus;
  cutoff: string;
  sessions: number;
  actions: number;
  quarantined: number;
  pages: number;
  /** Of `purge --archive`. */
  archive?: {
    file: string;
    /** Sessions in the archive that were not deleted; the archive names them. */
    stayed: number;
  };
  /** Another run of this kind was in progress, with its own cutoff, and was followed instead. */
  alreadyRunning?: true;
  /** Of `runs resume`: `false` where it was running already. */
  changed?: boolean;
}

/** `purge --dry-run` */
export interface DryRunJson {
  dryRun: true;
  cutoff: string;
  /** How many would be deleted: `sessions`, or `max` where that is less. */
  wouldDelete: number;
  /** All that are older than the cutoff, whatever `max` is. */
  sessions: number;
  actions: number;
  /** What `--max` bounds the purge by, which takes the oldest first; `null` without. */
  max: number | null;
  oldest: string | null;
  newest: string | null;
  /** Of the documents that would go, without their indexes. */
  bytes: number;
  /** By the UTC day of their last activity, oldest first. */
  byDay: Array<{ day: string; sessions: number; actions: number }>;
  /** By whole days since their last activity, from `fromDays` to before `toDays`; oldest last. */
  byAge: Array<{
    fromDays: number;
    toDays: number | null;
    sessions: number;
    actions: number;
  }>;
}

/** A run that goes on, or was canceled, after a change of the policy behind it */
export interface GoesOnJson {
  runId: string;
  cutoff: string;
  /** Sessions it still takes. */
  left: number;
  /** Those among them that the retention in force keeps. */
  kept: number;
  canceled: boolean;
}

/** `retention [DAYS]` */
export interface RetentionJson {
  retentionDays: RetentionDays;
  revision: number;
  /** Only after a change. */
  previous?: RetentionDays;
  /** Sessions older than the new retention; counted only when it was lowered. */
  purgeable?: number;
  /** A purge under way that takes what is kept now; only after the retention was raised. */
  goesOn?: GoesOnJson;
}

export interface PauseJson {
  reason: string;
  actor: string;
  at: string;
  /** `null`: until somebody resumes it. */
  until: string | null;
}

export interface ScheduleJson {
  name: ScheduleName;
  spec: string;
  timeZone: string;
  paused: PauseJson | null;
  /** `pending` until the watchdog has registered the schedules of a fresh deployment. */
  state: "registered" | "pending";
  nextAt: string | null;
  lastAt: string | null;
  lastResult: string | null;
}

/** `schedule list` */
export interface ScheduleListJson {
  schedules: ScheduleJson[];
}

/** `schedule set`, `pause` and `resume` */
export interface ScheduleChangeJson {
  revision: number;
  schedule: ScheduleJson;
  /** The next fires; empty while paused. */
  fires: string[];
  /** The run of its kind that was under way when it was paused. */
  goesOn?: GoesOnJson;
}

/** `schedule preview` */
export interface SchedulePreviewJson {
  spec: string;
  timeZone: string;
  /** Those after a pause that ends by itself. */
  fires: string[];
  /** Of these fires, those on which clocks change. */
  changes: Array<{
    at: string;
    /** The local time that the spec names, as in "2026-03-29T02:30:00". */
    local: string;
    /** It does not exist and is due as much later; or it comes twice and is due the first time. */
    change: "skipped" | "repeated";
  }>;
  /** The pause in force: without an end, nothing starts at these times. */
  paused: PauseJson | null;
}

export interface RunJson {
  runId: string;
  kind: RunKind;
  trigger: RunTrigger;
  actor: string;
  reason: string | null;
  status: RunStatus;
  cutoff: string;
  sessions: number;
  actions: number;
  quarantined: number;
  pages: number;
  maxSessions: number | null;
  ratePerSecond: number | null;
  /** Where an archived purge writes what it deletes. */
  archiveFile: string | null;
  /** Sessions it takes in all, unless `maxSessions` stops it before; `null` where nobody counted them. */
  expected: number | null;
  startedAt: string;
  progressAt: string;
  finishedAt: string | null;
  /** From its start to its end, or to its last page so far. */
  tookMs: number;
  /** Who let it go on after a stop, or took over its archive; newest last, the last few. */
  resumes: Array<{ at: string; actor: string; reason: string | null }>;
}

/** `runs list` */
export interface RunListJson {
  runs: RunJson[];
  /** Give it to `--cursor` for the next page; `null` at the end. */
  cursor: string | null;
}

/** `runs show ID` */
export interface RunShowJson extends RunJson {
  errors: Array<{ at: string; message: string; sessionId: string | null }>;
}

/** `runs cancel ID` */
export interface RunChangeJson {
  runId: string;
  changed: boolean;
  status: RunStatus;
}

/** `import FILE` */
export interface ImportJson {
  /** Valid rows that were read; each is counted once below. */
  rows: number;
  created: number;
  merged: number;
  unchanged: number;
  /** Actions that were not there before. */
  actions: number;
  invalid: number;
  olderThanRetention: number;
}

/** `export FILE` */
export interface ExportJson {
  file: string;
  sessions: number;
  actions: number;
  /** A session with very many actions takes several. */
  lines: number;
}

/** `serve`, once the deployment is ready */
export interface ServeJson {
  ready: true;
  url: string;
  /** Where the app's HTTP actions are. */
  siteUrl: string;
  dataDir: string;
  adminKeyFile: string;
}
