import { ConvexError, type Value } from "convex/values";

/** What went wrong, for programs. Each is thrown as `ConvexError` data `{ kind, message, … }`. */
export type ErrorKind =
  | "invalidAnonymousId"
  /** One visitor's sessionId and another's anonymousId. */
  | "ambiguousId"
  | "invalidArgument"
  | "invalidSettings"
  | "invalidSchedule"
  | "invalidCutoff"
  | "invalidRow"
  | "batchTooLarge"
  | "sessionNotFound"
  | "revisionConflict"
  | "retentionNever"
  | "runNotFound"
  | "alreadyRunning"
  /** A run that writes an archive goes on only with who writes it. */
  | "archivedRun"
  | "notArchiver"
  | "stalePage"
  /** A count of all sessions that nobody went on with. */
  | "tallyLost"
  /** Thrown by the app's functions, where `authorize` did not permit. */
  | "notAuthorized";

/** @throws always, a `ConvexError` with data `{ kind, message, ...details }`. */
export function fail(
  kind: ErrorKind,
  message: string,
  details: Record<string, Value> = {},
): never {
  throw new ConvexError({ kind, message, ...details });
}

/**
 * A reason says something: an empty one is a variable that nobody has set.
 * @throws invalidArgument
 */
export function checkReason(reason: string | undefined): void {
  if (reason === undefined || reason.trim() !== "") return;
  fail("invalidArgument", "The reason is empty: say why, or leave it out.", {
    argument: "reason",
  });
}

/** An integer from `min` to `max`, or a clear refusal. */
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
