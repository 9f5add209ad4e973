/** The component's errors: their kinds, and how they are thrown. */
import { ConvexError, type Value } from "convex/values";

/** The kinds of errors, for programs. Each error is a `ConvexError` with the data `{ kind, message, … }`. */
export type ErrorKind =
  /** The anonymousId is not 1 to 128 letters, digits and `_ - . :`. */
  | "invalidAnonymousId"
  /** The id is one visitor's sessionId and another visitor's anonymousId. */
  | "ambiguousId"
  /** An argument is not within its bounds: `argument` is its name. */
  | "invalidArgument"
  /** A setting is not within its bounds, or contradicts another. */
  | "invalidSettings"
  /** A schedule has no spec, zone, jitter or window that can be understood, or never fires. */
  | "invalidSchedule"
  /** The cutoff of a purge is younger than the idle timeout, or is no time. */
  | "invalidCutoff"
  /** A row of an import is not of the form that it must have. */
  | "invalidRow"
  /** A call of an import has more rows than one transaction takes. */
  | "batchTooLarge"
  /** There is no such session, or it is not of the user who asks. */
  | "sessionNotFound"
  /** The visitor's session is blocked; `retryAfterMs` says for how long, where the block ends. */
  | "revoked"
  /** More new visitors come than the settings let in; `retryAfterMs` says when to try again. */
  | "tooManySessions"
  /** The settings have been changed since the revision that the change was made to. */
  | "revisionConflict"
  /** The retention is `never`, so that there is no cutoff to purge by. */
  | "retentionNever"
  /** There is no such run. */
  | "runNotFound"
  /** Another run of the kind is under way: `runId` is its id. */
  | "alreadyRunning"
  /** A run that writes an archive is resumed only by a client that writes the archive on. */
  | "archivedRun"
  /** The run does not wait for a client that writes an archive. */
  | "notArchiver"
  /** The page of a run that a client asks for is no longer the one that is next. */
  | "stalePage"
  /** The exact count of all sessions was given up: another was begun, or no page was asked for in a minute. */
  | "tallyLost"
  /** There is no such webhook. */
  | "webhookNotFound"
  /** There is no such delivery. */
  | "deliveryNotFound"
  /** It was disabled after a day of failures, or because its endpoint is gone: enable it first. */
  | "webhookDisabled"
  /** Thrown by the app's functions, where `authorize` did not permit, or nobody is signed in. */
  | "notAuthorized";

const KINDS: Record<ErrorKind, true> = {
  invalidAnonymousId: true,
  ambiguousId: true,
  invalidArgument: true,
  invalidSettings: true,
  invalidSchedule: true,
  invalidCutoff: true,
  invalidRow: true,
  batchTooLarge: true,
  sessionNotFound: true,
  revoked: true,
  tooManySessions: true,
  revisionConflict: true,
  retentionNever: true,
  runNotFound: true,
  alreadyRunning: true,
  archivedRun: true,
  notArchiver: true,
  stalePage: true,
  tallyLost: true,
  webhookNotFound: true,
  deliveryNotFound: true,
  webhookDisabled: true,
  notAuthorized: true,
};

export function isErrorKind(value: unknown): value is ErrorKind {
  return typeof value === "string" && Object.hasOwn(KINDS, value);
}

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
