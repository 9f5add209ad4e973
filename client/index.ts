/**
 * What an app's Convex code imports: its public session functions, made in one call, and the class for functions of its
 * own. What the component throws is a `ConvexError` whose `data.kind` is an {@link ErrorKind}.
 *
 * @packageDocumentation
 */
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
export {
  setSessionHooks,
  vHookArgs,
  type Hook,
  type SessionHooks,
} from "./hooks.js";
export { registerMetrics, type MetricsOptions } from "./metrics.js";
export { isSessionsError, type SessionsErrorData } from "./errors.js";
export type {
  ActiveWithin,
  DayRange,
  Paged,
  PageOfSession,
  PageOfUser,
} from "./reader.js";
export type {
  AppCtx,
  Audited,
  ComponentApi,
  Ended,
  EndOf,
  ForgetOf,
  Forgotten,
  Linked,
  LinkOf,
  LinkTo,
  MutationRunner,
  Own,
  PurgeOf,
  PurgeStarted,
  QueryRunner,
  Told,
  Unblocked,
  Unlinked,
  UnblockOf,
  VisitorAction,
  VisitorReport,
} from "./calls.js";
export type {
  DoneAtOnce,
  DoneByRun,
  DoneOfUser,
  EndOfUser,
  ForgetUser,
} from "./ofUser.js";
export { SessionTracker } from "./tracker.js";
export type {
  HookName,
  HookSession,
} from "../convex/sessionTracker/shared/hooks.js";
export type { AppSession } from "../convex/sessionTracker/shared/appSessions.js";
export type {
  Action,
  ActionResult,
  ActiveSession,
  AnyValue,
  Block,
  BlockedUntil,
  Recorded,
  Refusal,
  Refused,
  SessionOf,
  SessionState,
  Tracked,
  TrackResult,
} from "../convex/sessionTracker/shared/sessions.js";
export type {
  Entry,
  Visit,
  VisitEnd,
  VisitReport,
} from "../convex/sessionTracker/shared/visits.js";
export type { Day, DayCounts } from "../convex/sessionTracker/shared/days.js";
export type { RunKind } from "../convex/sessionTracker/shared/runs/kinds.js";
export type { RunTrigger } from "../convex/sessionTracker/shared/runs/run.js";
export type {
  Pause,
  Schedule,
  ScheduleName,
  ScheduleWindow,
} from "../convex/sessionTracker/shared/schedules.js";
export type {
  Bound,
  OwnRetentionDays,
  Policy,
  RetentionDays,
} from "../convex/sessionTracker/shared/settings.js";
export type {
  OwnVisit,
  SessionVisit,
} from "../convex/sessionTracker/shared/sessionVisits.js";
export type {
  BacklogHigh,
  HookFailed,
  RunEnded,
  RunStuck,
  ScheduleMissed,
  SettingsChanged,
  TestEvent,
  ToldPause,
  ToldSchedule,
  ToldSettings,
  WatchdogGaveUp,
  WebhookEvent,
  WebhookEventData,
  WebhookEventType,
  WebhookPayload,
} from "../convex/sessionTracker/shared/webhooks/events.js";
export type { ErrorKind } from "../convex/sessionTracker/shared/errors.js";
