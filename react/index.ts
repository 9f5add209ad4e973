"use client";
/**
 * What an app's React code imports. All of it goes within a `ConvexProvider`, and does nothing on a server but render
 * the status `starting`.
 *
 * @packageDocumentation
 */
export type {
  AppMutation,
  Consent,
  SessionFunctions,
  SessionTrackerOptions,
  TrackedAction,
  VisitFacts,
} from "./engine/options.js";
export type { SessionActions } from "./engine/registry.js";
export type {
  SessionError,
  SessionSnapshot,
  SessionStatus,
} from "./engine/snapshot.js";
export { SessionTracker, type SessionTrackerProps } from "./SessionTracker.js";
export {
  useLinkUser,
  type LinkUserOptions,
  type UserLink,
} from "./useLinkUser.js";
export {
  useAnonymousId,
  useSessionTracker,
  type SessionTracking,
} from "./useSessionTracker.js";
export {
  useOwnVisit,
  type OwnVisitOptions,
  type OwnVisitResult,
} from "./useOwnVisit.js";
export {
  useActiveSessions,
  type ActiveSessions,
  type ActiveSessionsOptions,
} from "./useActiveSessions.js";
