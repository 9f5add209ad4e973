/** Values that options and arguments can have, and the errors for others. */
import { InvalidArgumentError } from "commander";
import { readDuration } from "../time/time.js";
import type { HookName } from "../../convex/sessionTracker/shared/hooks.js";
import type { ScheduleName } from "../../convex/sessionTracker/shared/schedules.js";
import type { SessionState } from "../../convex/sessionTracker/shared/sessions.js";
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

// ── Readers ─────────────────────────────────────────────────────────────────

/** What the values of an option must be, in words, by what reads them. */
const taken = new WeakMap<object, string>();

/** What the values must be that are read so, in words; `null` where that is not declared. */
export function takenBy(read: object | undefined): string | null {
  return (read && taken.get(read)) ?? null;
}

/**
 * Makes what reads the values of an option, and refuses others.
 * @param what they must be, in words, as in "It must be …"
 * @param read returns `null` for others
 */
export function reader<Value>(
  what: string,
  read: (text: string) => Value | null,
): (text: string) => Value {
  const reads = (text: string): Value => {
    const value = read(text);
    if (value !== null) return value;
    throw new InvalidArgumentError(`It must be ${what}.`);
  };
  taken.set(reads, what);
  return reads;
}

/** Makes what takes a word beside what another reads. */
export function orWord<Word extends string, Value>(
  word: Word,
  read: (text: string) => Value,
): (text: string) => Word | Value {
  const reads = (text: string) => (text === word ? word : read(text));
  taken.set(reads, `${takenBy(read)}, or ${word}`);
  return reads;
}

function toPositive(text: string): number | null {
  const value = toNumber(text);
  return Number.isFinite(value) && value > 0 ? value : null;
}

function toNumber(text: string): number {
  return text.trim() === "" ? NaN : Number(text);
}

// ── What they read ──────────────────────────────────────────────────────────

export function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER) {
  const range =
    max === Number.MAX_SAFE_INTEGER
      ? `of at least ${min}`
      : `from ${min} to ${max}`;
  return reader(`a whole number ${range}`, (text) => {
    const value = toNumber(text);
    return Number.isInteger(value) && value >= min && value <= max
      ? value
      : null;
  });
}

export const positiveNumber = reader("a number above 0", toPositive);

/** The longest time that a timer can wait, which is 24 days. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Reads how long something may take: "90s", "5m". */
export const durationMs = reader(
  "a time such as 90s, 5m or 1h, of 24 days at most",
  (text) => {
    const ms = readDuration(text);
    return ms !== null && ms > 0 && ms <= MAX_TIMER_MS ? ms : null;
  },
);

/** Reads a rate: "200" or "200/s". */
export const perSecond = reader("a number above 0", (text) =>
  toPositive(text.replace(/\/s$/, "")),
);

export const retentionDays = orWord("never", positiveNumber);
