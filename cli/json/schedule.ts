import type { Fire, Returns, Schedule } from "../deployment/api.js";
import { iso, isoOrNull } from "../time/time.js";
import type {
  Pause,
  ScheduleName,
} from "../../convex/sessionTracker/shared/schedules.js";
import type { FireOutcome } from "../../convex/sessionTracker/shared/fires/fire.js";
import type { RunStatus } from "../../convex/sessionTracker/shared/runs/run.js";
import type { GoesOnJson } from "./run.js";

/** A schedule. */
export interface ScheduleJson {
  /** Its name. */
  name: ScheduleName;
  /** Five fields of a cron, or six with seconds first. */
  spec: string;
  /** The IANA name of the zone that the spec is read in. */
  timeZone: string;
  /** A fire comes up to so much later than it is due; `null`: when it is due. */
  jitterMs: number | null;
  /** The part of the day in which its runs work, by the clocks of its zone; `null`: all day. */
  window: WindowJson | null;
  /** The number of failed runs in a row after which it pauses; `null`: it goes on. */
  pauseOnFailure: number | null;
  /** The pause in force; `null` where there is none. */
  paused: PauseJson | null;
  /** `pending` until the watchdog has registered the schedules of a fresh deployment. */
  state: "registered" | "pending";
  /** When it fires next; `null` where that is not known, such as while it is paused. */
  nextAt: string | null;
  /** When it fired last; `null` where it never has. */
  lastAt: string | null;
  /** What came of that. */
  lastResult: string | null;
}

/** Local times such as "01:00"; one that closes no later than it opens closes on the next day. */
export interface WindowJson {
  /** The local time from which it is open, such as `01:00`. */
  opens: string;
  /** The local time from which it is closed. */
  closes: string;
}

export function toScheduleJson(schedule: Schedule): ScheduleJson {
  const { name, spec, timeZone, paused, state, nextAt, lastAt, lastResult } =
    schedule;
  return {
    name,
    spec,
    timeZone,
    jitterMs: schedule.jitterMs ?? null,
    window: schedule.window ?? null,
    pauseOnFailure: schedule.pauseOnFailure ?? null,
    paused: paused && toPauseJson(paused),
    state,
    nextAt: isoOrNull(nextAt),
    lastAt: isoOrNull(lastAt),
    lastResult,
  };
}

/** A pause of a schedule. */
export interface PauseJson {
  /** Why, for whoever finds it paused. */
  reason: string;
  /** Who paused it. */
  actor: string;
  /** When the pause began. */
  at: string;
  /** The end of the pause; `null`: until somebody resumes the schedule. */
  until: string | null;
}

export function toPauseJson({ reason, actor, at, until }: Pause): PauseJson {
  return { reason, actor, at: iso(at), until: isoOrNull(until) };
}

/** Output of `schedule list` */
export interface ScheduleListJson {
  /** Both schedules. */
  schedules: ScheduleJson[];
}

/** Output of `schedule set`, `pause` and `resume` */
export interface ScheduleChangeJson {
  /** The revision of the settings. */
  revision: number;
  /** The schedule, as it is now. */
  schedule: ScheduleJson;
  /** The next fires; empty while paused. */
  fires: string[];
  /** The run of the schedule's kind that was under way when it was paused. */
  goesOn?: GoesOnJson;
}

/** Output of `schedule preview` */
export interface SchedulePreviewJson {
  /** Five fields of a cron, or six with seconds first. */
  spec: string;
  /** The IANA name of the zone that the spec is read in. */
  timeZone: string;
  /** A fire is put off by a part of this time. */
  jitterMs: number | null;
  /** The part of each day in which its runs may work. */
  window: WindowJson | null;
  /** The next fires within the window, with their jitter, from the end of a pause that ends by itself. */
  fires: string[];
  /** The fires among these on which clocks change. */
  changes: Array<{
    /** When. */
    at: string;
    /** The local time that the spec names, as in "2026-03-29T02:30:00". */
    local: string;
    /**
     * `skipped`: the time does not exist and is due as much later; `repeated`: it comes twice and is
     * due the first time.
     */
    change: "skipped" | "repeated";
  }>;
  /** The pause in force: without an end, nothing starts at these times. */
  paused: PauseJson | null;
}

export function toSchedulePreviewJson({
  spec,
  timeZone,
  jitterMs,
  window,
  fires,
  changes,
  paused,
}: Returns<"schedules/show:preview">): SchedulePreviewJson {
  return {
    spec,
    timeZone,
    jitterMs: jitterMs ?? null,
    window: window ?? null,
    fires: fires.map(iso),
    changes: changes.map((one) => ({ ...one, at: iso(one.at) })),
    paused: paused && toPauseJson(paused),
  };
}

/** Output of `schedule history` */
export interface ScheduleHistoryJson {
  /** Newest first. */
  fires: FireJson[];
  /** The `--cursor` for the next page; `null` at the end. */
  cursor: string | null;
}

/** A fire, or several in a row with the same outcome. */
export interface FireJson {
  /** Which schedule. */
  name: ScheduleName;
  /**
   * `waitingForWindow`: it came when its window had closed, so that its run waits for the next; `outsideWindow`: it was
   * due outside of the window, and started nothing; `missed`: nobody came in time, and a later one was answered for both.
   */
  outcome: FireOutcome;
  /** When it was due by the spec, without jitter; of several, the last. */
  dueAt: string;
  /** When the first of several was due. */
  firstDueAt: string;
  /** When it was decided for; of several, the last. */
  at: string;
  /** The fires that this stands for. */
  count: number;
  /** The run that was started, or was under way. */
  runId: string | null;
  /** What has become of that run; `null` where the ledger has it no more. */
  run: {
    /** How it stands with it. */
    status: RunStatus;
    /** Number of sessions that it has taken. */
    sessions: number;
    /** When its window opens; `null` where it does not wait. */
    waitingUntil: string | null;
  } | null;
  /** Why, where there is more to say than the outcome; else `null`. */
  reason: string | null;
}

export function toFireJson(fire: Fire): FireJson {
  const { name, outcome, dueAt, firstDueAt, at, count, run } = fire;
  return {
    name,
    outcome,
    dueAt: iso(dueAt),
    firstDueAt: iso(firstDueAt),
    at: iso(at),
    count,
    runId: fire.runId ?? null,
    run: run && {
      status: run.status,
      sessions: run.sessions,
      waitingUntil: isoOrNull(run.waitingUntil),
    },
    reason: fire.reason ?? null,
  };
}
