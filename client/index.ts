/** What an app's Convex code imports: its public session functions, made in one call. */
export {
  exposeSessions,
  type Authorize,
  type ExposeOptions,
  type Identify,
  type Operation,
} from "./exposeSessions.js";
export { setSessionHooks, vHookArgs, type SessionHooks } from "./hooks.js";
export type {
  ActionResult,
  ActiveSession,
  HookSession,
  Refusal,
  RunStarted,
  TrackResult,
} from "../convex/sessionTracker/shared.js";
export type { ErrorKind } from "../convex/sessionTracker/errors.js";
