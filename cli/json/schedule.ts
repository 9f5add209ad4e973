import type { Returns, Schedule } from "../deployment/api.js";
import { iso, isoOrNull } from "../time/time.js";
import type {
  Pause,
  ScheduleName,
} from "../../convex/sessionTracker/shared/schedules.js";
import type { GoesOnJson } from "./run.js";

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

export interface PauseJson {
  reason: string;
  actor: string;
  at: string;
  /** The end of the pause; `null`: until somebody resumes the schedule. */
  until: string | null;
}

export function toPauseJson({ reason, actor, at, until }: Pause): PauseJson {
  return { reason, actor, at: iso(at), until: isoOrNull(until) };
}

/** Output of `schedule list` */
export interface ScheduleListJson {
  schedules: ScheduleJson[];
}

/** Output of `schedule set`, `pause` and `resume` */
export interface ScheduleChangeJson {
  revision: number;
  schedule: ScheduleJson;
  /** The next fires; empty while paused. */
  fires: string[];
  /** The run of the schedule's kind that was under way when it was paused. */
  goesOn?: GoesOnJson;
}

/** Output of `schedule preview` */
export interface SchedulePreviewJson {
  spec: string;
  timeZone: string;
  /** The next fires, from the end of a pause that ends by itself. */
  fires: string[];
  /** The fires among these on which clocks change. */
  changes: Array<{
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
  fires,
  changes,
  paused,
}: Returns<"schedules/show:preview">): SchedulePreviewJson {
  return {
    spec,
    timeZone,
    fires: fires.map(iso),
    changes: changes.map((one) => ({ ...one, at: iso(one.at) })),
    paused: paused && toPauseJson(paused),
  };
}
