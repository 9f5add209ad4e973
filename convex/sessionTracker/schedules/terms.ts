/** What a schedule has beside its spec: jitter, window, pause on failure. */
import { v, type ObjectType } from "convex/values";
import { fail } from "../shared/errors.js";
import { isInside, minuteOf, minutesOpen } from "../shared/fires/windows.js";
import {
  type Schedule,
  type ScheduleWindow,
  vWindow,
} from "../shared/schedules.js";
import { DAY_MS, WATCHDOG_EVERY_MINUTES } from "../shared/times.js";
import { checkSpec, tidySpec } from "./cronSpecs.js";
import { MAX_FAILURES } from "./failures.js";
import { readFields } from "./fires.js";

export const vChangedTerms = {
  spec: v.optional(v.string()),
  timeZone: v.optional(v.string()),
  /** A fire comes up to so many ms later than it is due, from a second to a day; `null`: when it is due. */
  jitterMs: v.optional(v.union(v.number(), v.null())),
  /** The part of the day in which its runs work, a quarter of an hour at least; `null`: all day. */
  window: v.optional(v.union(vWindow, v.null())),
  /** The number of failed runs in a row after which it pauses, up to 100; `null`: it goes on. */
  pauseOnFailure: v.optional(v.union(v.number(), v.null())),
};

/** The schedule with what is named changed. */
export function withTerms(
  schedule: Schedule,
  { spec, timeZone, ...terms }: Partial<ObjectType<typeof vChangedTerms>>,
): Schedule {
  const { jitterMs, window, pauseOnFailure, ...rest } = {
    ...schedule,
    ...terms,
  };
  return {
    ...rest,
    ...(spec === undefined ? {} : { spec: tidySpec(spec) }),
    ...(timeZone === undefined ? {} : { timeZone }),
    ...(typeof jitterMs === "number" ? { jitterMs } : {}),
    ...(window ? { window } : {}),
    ...(typeof pauseOnFailure === "number" ? { pauseOnFailure } : {}),
  };
}

/**
 * Refuses a schedule whose spec or zone is not valid, whose window it never falls into, and jitter, window and number of
 * failures that cannot be.
 * @throws invalidSchedule `{ field, value }`
 */
export function checkSchedule(schedule: Schedule): void {
  checkSpec(schedule);
  const { jitterMs, window, pauseOnFailure } = schedule;
  if (jitterMs !== undefined && !isWhole(jitterMs, 1_000, DAY_MS)) {
    const message = `The jitter must be from one second to a day, in whole milliseconds, got ${jitterMs}.`;
    fail("invalidSchedule", message, { field: "jitterMs", value: jitterMs });
  }
  if (
    pauseOnFailure !== undefined &&
    !isWhole(pauseOnFailure, 1, MAX_FAILURES)
  ) {
    const message = `The number of failed runs after which a schedule pauses must be from 1 to ${MAX_FAILURES}, got ${pauseOnFailure}.`;
    const details = { field: "pauseOnFailure", value: pauseOnFailure };
    fail("invalidSchedule", message, details);
  }
  if (window === undefined) return;
  const message = windowFault(window, schedule);
  if (message === null) return;
  fail("invalidSchedule", message, { field: "window", value: window });
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/** The shortest window: so the watchdog looks at least once while it is open. */
const MIN_WINDOW_MINUTES = WATCHDOG_EVERY_MINUTES;

function windowFault(
  window: ScheduleWindow,
  { spec }: Pick<Schedule, "spec">,
): string | null {
  const { opens, closes } = window;
  const quoted = `${opens}-${closes}`;
  if (minuteOf(opens) === null || minuteOf(closes) === null) {
    return `The window ${JSON.stringify(quoted)} must be two times of the day from 00:00 to 23:59, as in 01:00-05:00.`;
  }
  if (opens === closes) {
    return `The window ${quoted} opens when it closes: leave it out for one that is always open.`;
  }
  if (minutesOpen(window) < MIN_WINDOW_MINUTES) {
    return `The window ${quoted} is open for ${minutesOpen(window)} minutes: it must be ${MIN_WINDOW_MINUTES} at least, or a fire that comes a little late waits for the next day.`;
  }
  const { hours, minutes } = readFields(spec);
  const falls = hours.some((hour) =>
    minutes.some((minute) => isInside(window, hour * 60 + minute)),
  );
  return falls
    ? null
    : `${JSON.stringify(spec)} never fires within the window ${quoted}, so it would start nothing: change one of them.`;
}

function isWhole(value: number, min: number, max: number): boolean {
  return Number.isInteger(value) && value >= min && value <= max;
}
