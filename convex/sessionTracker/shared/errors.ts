/** The component's errors: their kinds, and how they are thrown. */
import { ConvexError, type Value } from "convex/values";

/** The kinds of errors, for programs. Each error is a `ConvexError` with the data `{ kind, message, … }`. */
export const ERROR_KINDS = [
  "invalidAnonymousId",
  /** The id is one visitor's sessionId and another visitor's anonymousId. */
  "ambiguousId",
  "invalidArgument",
  "invalidSettings",
  "invalidSchedule",
  "invalidCutoff",
  "invalidRow",
  "batchTooLarge",
  "sessionNotFound",
  /** The visitor's session is blocked; `retryAfterMs` says for how long, where the block ends. */
  "revoked",
  /** More new visitors come than the settings let in; `retryAfterMs` says when to try again. */
  "tooManySessions",
  "revisionConflict",
  "retentionNever",
  "runNotFound",
  "alreadyRunning",
  /** A run that writes an archive is resumed only by a client that writes the archive on. */
  "archivedRun",
  "notArchiver",
  "stalePage",
  /**
   * The exact count of all sessions was given up: another was begun, or no page was asked for in a minute.
   */
  "tallyLost",
  "webhookNotFound",
  "deliveryNotFound",
  /** It was disabled after a day of failures, or because its endpoint is gone: enable it first. */
  "webhookDisabled",
  /** Thrown by the app's functions, where `authorize` did not permit, or nobody is signed in. */
  "notAuthorized",
] as const;
export type ErrorKind = (typeof ERROR_KINDS)[number];

/**
 * Throws an error that programs can tell by its kind.
 * @param message a sentence for people: what happened, with which value, and what to do
 * @throws always, a `ConvexError` with the data `{ kind, message, ...details }`
 */
export function fail(
  kind: ErrorKind,
  message: string,
  details: Record<string, Value> = {},
): never {
  throw new ConvexError({ kind, message, ...details });
}

/**
 * Refuses an empty reason, which is most likely a variable in a script that was never set. No reason at all
 * (`undefined`) is fine.
 * @throws invalidArgument `{ argument: "reason" }`
 */
export function checkReason(reason: string | undefined): void {
  if (reason === undefined || reason.trim() !== "") return;
  fail("invalidArgument", "The reason is empty: say why, or leave it out.", {
    argument: "reason",
  });
}

/**
 * Returns the value where it is a whole number from `min` to `max`, both included.
 * @param name the argument's name, for the error
 * @throws invalidArgument `{ argument: name }`
 */
export function checkInteger(
  name: string,
  value: number,
  min: number,
  max: number,
): number {
  if (!Number.isInteger(value) || value < min || value > max) {
    fail(
      "invalidArgument",
      `${name} must be a whole number from ${min} to ${max}, got ${value}.`,
      { argument: name },
    );
  }
  return value;
}
