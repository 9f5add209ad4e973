import type { Run } from "../deployment/api.js";
import { iso, isoOrNull } from "../time/time.js";
import type { Filter } from "../many/filter.js";
import type { SessionState } from "../../convex/sessionTracker/shared/sessions.js";
import { blockedUntilJson } from "./session.js";
import type {
  RunStatus,
  RunTrigger,
} from "../../convex/sessionTracker/shared/runs/run.js";
import type { RunKind } from "../../convex/sessionTracker/shared/runs/kinds.js";
import type { RunLeft } from "../runs/countLeft.js";
import type { LeftByAge } from "../runs/leftByAge.js";

/** A run. */
export interface RunJson {
  /** The id of the run. */
  runId: string;
  /** `expire`, `purge`, `end` or `forget`. */
  kind: RunKind;
  /** What started it. */
  trigger: RunTrigger;
  /** Who started it. */
  actor: string;
  /** Why, where whoever did it said so. */
  reason: string | null;
  /** How it stands with the run. */
  status: RunStatus;
  /** By `expire` and `purge` those last active strictly before it are taken; by `end` and `forget` none that was created later. */
  cutoff: string;
  /** The cutoffs of visits and actions that go while their session stays; `null` where they do not. */
  cutoffs: { visits: string | null; actions: string | null } | null;
  /** Which sessions an `end` or a `forget` takes; `null` for other kinds, which go by their cutoff. */
  filter: FilterJson | null;
  /** Until when an `end` blocks its visitors, or "forever"; `null` where it does not. */
  blockedUntil: string | null;
  /** Number of sessions taken so far. */
  sessions: number;
  /** Visits deleted, with their session or before it. */
  visits: number;
  /** Actions deleted, with their session or before it. */
  actions: number;
  /** Number of sessions that failed alone, and were left as they are. */
  quarantined: number;
  /** Number of transactions that it took. */
  pages: number;
  /** As many as it takes at most; `null` where there is no bound. */
  maxSessions: number | null;
  /** As many a second as it takes at most; `null` where there is no bound. */
  ratePerSecond: number | null;
  /** When the window opens for which the run waits, which is `running` all the same; `null`: it does not wait. */
  waitingUntil: string | null;
  /** The file to which an archived purge writes the sessions that it deletes. */
  archiveFile: string | null;
  /**
   * Sessions that the run takes in all, unless `maxSessions` stops it before; `null` where nobody
   * counted them.
   */
  expected: number | null;
  /** When it started. */
  startedAt: string;
  /** When it last did something. */
  progressAt: string;
  /** When it was over; `null` while it is not. */
  finishedAt: string | null;
  /** Time from the run's start to its end, or to its last page so far. */
  tookMs: number;
  /** The operators who let it go on after a stop, or took over its archive; newest last, the last few. */
  resumes: Array<{ at: string; actor: string; reason: string | null }>;
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
    cutoffs:
      run.cutoffs === undefined
        ? null
        : {
            visits: isoOrNull(run.cutoffs.visits),
            actions: isoOrNull(run.cutoffs.actions),
          },
    filter: run.filter === undefined ? null : toFilterJson(run.filter),
    blockedUntil:
      run.blockedUntil === undefined
        ? null
        : blockedUntilJson(run.blockedUntil),
    sessions: run.sessions,
    visits: run.visits ?? 0,
    actions: run.actions,
    quarantined: run.quarantined,
    pages: run.pages,
    maxSessions: run.maxSessions ?? null,
    ratePerSecond: run.ratePerSecond ?? null,
    waitingUntil: isoOrNull(run.waitingUntil),
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

/** The sessions that an `end` or a `forget` takes: those to which all fields apply that are not `null`. */
export interface FilterJson {
  /** Only those linked to this user. */
  userId: string | null;
  /** Only those in this state. */
  state: SessionState | null;
  /** Strictly before it. */
  createdBefore: string | null;
  /** At it or later. */
  createdAfter: string | null;
  /** Only those last active before. */
  activeBefore: string | null;
  /** Only those last active since. */
  activeAfter: string | null;
  /** The one session that stays as it is. */
  exceptSessionId: string | null;
}

export function toFilterJson(filter: Filter): FilterJson {
  return {
    userId: filter.userId ?? null,
    state: filter.state ?? null,
    createdBefore: isoOrNull(filter.createdBefore),
    createdAfter: isoOrNull(filter.createdAfter),
    activeBefore: isoOrNull(filter.activeBefore),
    activeAfter: isoOrNull(filter.activeAfter),
    exceptSessionId: filter.exceptSessionId ?? null,
  };
}

/** Output of `runs show ID` */
export interface RunShowJson extends RunJson {
  /** What failed. */
  errors: Array<{ at: string; message: string; sessionId: string | null }>;
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

/** Output of `runs list` */
export interface RunListJson {
  /** The runs, newest first. */
  runs: RunJson[];
  /** The `--cursor` for the next page; `null` at the end. */
  cursor: string | null;
}

/** Output of `runs cancel ID` */
export interface RunChangeJson {
  /** The id of the run. */
  runId: string;
  /** Whether the command changed something. */
  changed: boolean;
  /** How it stands with the run. */
  status: RunStatus;
}

/** Output of `purge`, `expire`, `end` and `forget` of many, `runs watch` and `runs resume` */
export interface RunResultJson extends Pick<
  RunJson,
  | "status"
  | "cutoff"
  | "sessions"
  | "visits"
  | "actions"
  | "quarantined"
  | "pages"
  | "waitingUntil"
> {
  /** `null` when nothing was due, so that no run was started. */
  runId: string | null;
  /** Result of `purge --archive`. */
  archive?: {
    /** The path of the file. */
    file: string;
    /** Sessions in the archive that were not deleted; the archive names them. */
    stayed: number;
  };
  /** Another run of this kind was in progress, with its own cutoff, and was followed instead. */
  alreadyRunning?: true;
  /** Result of `runs resume`: `false` where the run was under way already. */
  changed?: boolean;
}

export function toRunResultJson(run: Run): RunResultJson {
  const { runId, status, cutoff, sessions, actions, quarantined, pages } = run;
  const { visits = 0 } = run;
  return {
    runId,
    status,
    cutoff: iso(cutoff),
    sessions,
    visits,
    actions,
    quarantined,
    pages,
    waitingUntil: isoOrNull(run.waitingUntil),
  };
}

/** A run that goes on, or was canceled, after a change of the policy behind it */
export interface GoesOnJson {
  /** The id of the run. */
  runId: string;
  /** Those last active strictly before it are taken. */
  cutoff: string;
  /** Sessions that the run still takes. */
  left: number;
  /** Sessions among them that the retention in force keeps. */
  kept: number;
  /** Visits and actions that the run still takes of sessions that stay. */
  leftByRetention: { visits: number; actions: number };
  /** Those among them that the retentions in force keep. */
  keptByRetention: { visits: number; actions: number };
  /** Whether it was canceled with the change. */
  canceled: boolean;
}

export function toGoesOnJson(
  run: Run,
  left: RunLeft,
  byAge: LeftByAge,
  canceled: boolean,
): GoesOnJson {
  const { runId, cutoff } = run;
  const { sessions, kept } = left;
  return {
    runId,
    cutoff: iso(cutoff),
    left: sessions,
    kept,
    leftByRetention: byAge.left,
    keptByRetention: byAge.kept,
    canceled,
  };
}
