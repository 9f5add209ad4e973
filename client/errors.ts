/** Telling the component's errors from all others. */
import { ConvexError, type Value } from "convex/values";
import {
  isErrorKind,
  type ErrorKind,
} from "../convex/sessionTracker/shared/errors.js";

/** The data of an error of the component, with what else its kind tells, such as `argument` or `retryAfterMs`. */
export type SessionsErrorData = {
  /** For programs. */
  kind: ErrorKind;
  /** A sentence for people: what happened, with which value, and what to do. */
  message: string;
} & Record<string, Value>;

/**
 * Whether an error is one of the component's, on the server or in the browser; its `data.kind` is then one of
 * `ErrorKind`. Other errors, other `ConvexError`s of the app among them, are none. Throws nothing.
 *
 * @param error whatever was caught
 *
 * @example
 * ```ts
 * // convex/signIn.ts
 * import { v } from "convex/values";
 * import { isSessionsError, SessionTracker } from "sessions-ops";
 * import { components } from "./_generated/api.js";
 * import { internalMutation } from "./_generated/server.js";
 *
 * const sessions = new SessionTracker(components.sessionTracker);
 *
 * export const signedIn = internalMutation({
 *   args: { anonymousId: v.string(), userId: v.string() },
 *   handler: async (ctx, args) => {
 *     try {
 *       await sessions.link(ctx, args);
 *     } catch (error) {
 *       // Who is blocked signs in all the same, unlinked.
 *       if (!isSessionsError(error) || error.data.kind !== "revoked") throw error;
 *     }
 *   },
 * });
 * ```
 */
export function isSessionsError(
  error: unknown,
): error is ConvexError<SessionsErrorData> {
  if (!(error instanceof ConvexError)) return false;
  const data: unknown = error.data;
  return (
    typeof data === "object" &&
    data !== null &&
    "kind" in data &&
    "message" in data &&
    typeof data.message === "string" &&
    isErrorKind(data.kind)
  );
}
