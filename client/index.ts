/** What an app's Convex code imports: its public session functions, made in one call, and the class. */
export {
  exposeSessions,
  type Authorize,
  type CleanupResult,
  type EndResult,
  type ExposeOptions,
  type ForgetResult,
  type LinkResult,
  type Operation,
  type OwnLink,
  type UnlinkResult,
} from "./exposeSessions.js";
export type {
  Identify,
  OthersEndResult,
  OwnEndResult,
  OwnSession,
} from "./ownSessions.js";
export { setSessionHooks, vHookArgs, type SessionHooks } from "./hooks.js";
export { registerMetrics, type MetricsOptions } from "./metrics.js";
export { isSessionsError, type SessionsErrorData } from "./errors.js";
export type {
  ActiveWithin,
  DayRange,
  PageOfSession,
  PageOfUser,
} from "./reader.js";
export type {
  Ended,
  EndOf,
  ForgetOf,
  Forgotten,
  PurgeOf,
  PurgeStarted,
  UnblockOf,
  VisitorAction,
  VisitorReport,
} from "./calls.js";
export type { DoneOfUser, EndOfUser, ForgetUser } from "./ofUser.js";
export { SessionTracker } from "./tracker.js";
export type { HookSession } from "../convex/sessionTracker/shared/hooks.js";
export type { AppSession } from "../convex/sessionTracker/shared/appSessions.js";
export type {
  Action,
  ActionResult,
  ActiveSession,
  Block,
  BlockedUntil,
  Refusal,
  SessionOf,
  TrackResult,
} from "../convex/sessionTracker/shared/sessions.js";
export type { Day } from "../convex/sessionTracker/shared/days.js";
export type {
  OwnVisit,
  SessionVisit,
} from "../convex/sessionTracker/shared/sessionVisits.js";
export type {
  WebhookEvent,
  WebhookEventData,
  WebhookEventType,
  WebhookPayload,
} from "../convex/sessionTracker/shared/webhooks/events.js";
export type { ErrorKind } from "../convex/sessionTracker/shared/errors.js";
