/** Values that options and arguments can have, and the errors for others. */
import { InvalidArgumentError } from "commander";
import type { HookName } from "../../convex/sessionTracker/shared/hooks.js";
import type { ScheduleName } from "../../convex/sessionTracker/shared/schedules.js";
import type { SessionState } from "../../convex/sessionTracker/shared/sessions.js";
import type { RetentionDays } from "../../convex/sessionTracker/shared/settings.js";
import type { RunKind } from "../../convex/sessionTracker/shared/runs/kinds.js";

// Written out here: to load the component's lists costs every command.
export const SCHEDULES = ["expire", "purge"] as const satisfies ScheduleName[];
/** The kinds of runs. */
export const KINDS = [
  ...SCHEDULES,
  "end",
  "forget",
] as const satisfies RunKind[];
export const STATES = [
  "active",
  "expired",
  "ended",
] as const satisfies SessionState[];
export const HOOKS = [
  "onStarted",
  "onExpired",
  "onEnded",
  "onPurged",
  "onLinked",
] as const satisfies HookName[];

export function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER) {
  return (text: string): number => {
    const value = Number(text);
    if (
      text.trim() !== "" &&
      Number.isInteger(value) &&
      value >= min &&
      value <= max
    ) {
      return value;
    }
    const range =
      max === Number.MAX_SAFE_INTEGER
        ? `of at least ${min}`
        : `from ${min} to ${max}`;
    throw new InvalidArgumentError(`It must be a whole number ${range}.`);
  };
}

export function positiveNumber(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError("It must be a number above 0.");
}

/** Reads a rate: "200" or "200/s". */
export function perSecond(text: string): number {
  return positiveNumber(text.replace(/\/s$/, ""));
}

export function retentionDays(text: string): RetentionDays {
  return text === "never" ? text : positiveNumber(text);
}
