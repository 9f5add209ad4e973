/** What an app's Convex code imports: its public session functions, made in one call, and the class. */
export {
  exposeSessions,
  type Authorize,
  type CleanupResult,
  type EndResult,
  type ExposeOptions,
  type ForgetResult,
  type Identify,
  type LinkResult,
  type Operation,
} from "./exposeSessions.js";
export { setSessionHooks, vHookArgs, type SessionHooks } from "./hooks.js";
export {
  SessionTracker,
  type DayRange,
  type Ended,
  type EndOf,
  type SessionOf,
  type VisitsOf,
} from "./tracker.js";
export type { HookSession } from "../convex/sessionTracker/shared/hooks.js";
export type {
  ActionResult,
  ActiveSession,
  Block,
  BlockedUntil,
  Refusal,
  TrackResult,
} from "../convex/sessionTracker/shared/sessions.js";
export type { Day } from "../convex/sessionTracker/shared/days.js";
export type {
  OwnVisit,
  SessionVisit,
} from "../convex/sessionTracker/shared/sessionVisits.js";
export type { ErrorKind } from "../convex/sessionTracker/shared/errors.js";
