/** Values that options and arguments can have, and the errors for others. */
import { InvalidArgumentError } from "commander";
import { readDuration } from "../time/time.js";
import type { HookName } from "../../convex/sessionTracker/shared/hooks.js";
import type { ScheduleName } from "../../convex/sessionTracker/shared/schedules.js";
import type { SessionState } from "../../convex/sessionTracker/shared/sessions.js";
import type { RetentionDays } from "../../convex/sessionTracker/shared/settings.js";
import type { RunKind } from "../../convex/sessionTracker/shared/runs/kinds.js";
import type {
  DeliveryStatus,
  WebhookFormat,
} from "../../convex/sessionTracker/shared/webhooks/webhook.js";

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

export const WEBHOOK_FORMATS = [
  "standard",
  "slack",
  "ping",
] as const satisfies WebhookFormat[];
export const DELIVERY_STATES = [
  "pending",
  "delivered",
  "failed",
] as const satisfies DeliveryStatus[];

/** Reads kinds of runs: "purge,expire". */
export function kinds(text: string): RunKind[] {
  return text.split(",").map((part) => {
    const kind = KINDS.find((one) => one === part.trim());
    if (kind !== undefined) return kind;
    throw new InvalidArgumentError(`They are ${KINDS.join(", ")}.`);
  });
}

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

/** The longest time that a timer can wait, which is 24 days. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Reads how long something may take: "90s", "5m". */
export function durationMs(text: string): number {
  const ms = readDuration(text);
  if (ms !== null && ms > 0 && ms <= MAX_TIMER_MS) return ms;
  throw new InvalidArgumentError("It must be a time such as 90s, 5m or 1h.");
}

/** Reads a rate: "200" or "200/s". */
export function perSecond(text: string): number {
  return positiveNumber(text.replace(/\/s$/, ""));
}

export function retentionDays(text: string): RetentionDays {
  return text === "never" ? text : positiveNumber(text);
}
