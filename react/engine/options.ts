import type { FunctionReference_future } from "convex/server";
import type { ActiveSession, OwnLink, OwnVisit } from "../../client/index.js";

/** `pending` stores and sends nothing; `denied` also forgets what is stored and ends the session. */
export type Consent = "granted" | "pending" | "denied";

/** What a visitor did. */
export interface TrackedAction {
  action: string;
  resourceId?: string | undefined;
  /** Any Convex value. */
  metadata?: unknown;
}

/** What is told of a visit beside its engaged time. */
export interface VisitFacts {
  /** The page that the visitor is on, such as `/pricing`: no query, no fragment. At most 512 characters. */
  path?: string | undefined;
  /** The host of the other site that led here, without `www.`, such as `news.example.com`; never an IP address. */
  referrer?: string | undefined;
  /** Of the address that was opened: `utm_source` and so on, at most 128 characters each. */
  utmSource?: string | undefined;
  utmMedium?: string | undefined;
  utmCampaign?: string | undefined;
  device?: "desktop" | "mobile" | "tablet" | undefined;
}

/** What goes to the deployment with a heartbeat. */
export interface VisitReport extends VisitFacts {
  /** The visit that `engagedMs` is of, as the deployment named it. */
  startedAt?: number | undefined;
  engagedMs?: number | undefined;
  isLeaving?: boolean | undefined;
}

type Mutation<Args extends Record<string, unknown>> = FunctionReference_future<
  "mutation",
  "public",
  Args,
  unknown
>;

/** The app's functions that are called: what `exposeSessions` returns has them all. */
export interface SessionFunctions {
  /**
   * Is also called with `visit`, and answers `visitStartedAt`, as those of `exposeSessions`. One that does not
   * take it is called without once it has refused it or thrown.
   */
  trackSession: Mutation<{ anonymousId: string }>;
  trackUserAction: Mutation<{
    anonymousId: string;
    action: string;
    resourceId?: string;
    metadata?: unknown;
  }>;
  endSession: Mutation<{ anonymousId: string }>;
  forgetSession: Mutation<{ anonymousId: string }>;
  linkSession: Mutation<{ anonymousId: string }>;
  unlinkSession: Mutation<{ anonymousId: string }>;
  getOwnLink: FunctionReference_future<
    "query",
    "public",
    { anonymousId: string },
    OwnLink
  >;
  getOwnVisit: FunctionReference_future<
    "query",
    "public",
    { anonymousId: string },
    OwnVisit | null
  >;
  getActiveSessions: FunctionReference_future<
    "query",
    "public",
    { minutesActive?: number; limit?: number },
    ActiveSession[]
  >;
}

/**
 * How visitors are tracked. Hooks and components that share an engine may each give some of these:
 * the smallest interval and the strictest consent win, of everything else the first that is given. What
 * none gives any more stays as it was.
 */
export interface SessionTrackerOptions {
  /**
   * The key in the browser's storage that holds the anonymousId. Without it a hook joins the engine
   * that its client already has.
   * @default "anonymousUserId"
   */
  storageKey?: string | undefined;
  /** Milliseconds between heartbeats, 5 s to a day; each is up to a tenth earlier or later. @default 300_000 */
  heartbeatInterval?: number | undefined;
  /** What is none of the three, but for `undefined` and `null`, counts as pending. @default "granted" */
  consent?: Consent | undefined;
  /** Whether denied consent erases the session on the server, rather than only ending it. @default false */
  forgetOnDenied?: boolean | undefined;
  /** Whether Do Not Track and Global Privacy Control count as denied consent. @default false */
  respectPrivacySignals?: boolean | undefined;
  /** Whether browsers that say they are bots are left alone. @default false */
  skipBots?: boolean | undefined;
  /** Whether a heartbeat needs a click, key, touch or scroll since the last one. @default false */
  requireInput?: boolean | undefined;
  /** Sees each action before it is stored or sent: returns what may be sent, or `null` for nothing. */
  beforeSend?: ((action: TrackedAction) => TrackedAction | null) | undefined;
  /**
   * How the time is told that somebody was there. `exact` also tells it when the page is left or hidden,
   * `beats` only with heartbeats, `false` does not measure it. @default "exact"
   */
  engagement?: "exact" | "beats" | false | undefined;
  /**
   * Sees what is told of a visit before it is sent: returns what may be, or `null` for nothing. `false`
   * looks at nothing of it.
   */
  visit?: false | ((facts: VisitFacts) => VisitFacts | null) | undefined;
  /** By default those of `api.sessions`, by name. */
  functions?: Partial<SessionFunctions> | undefined;
}

/** The options that hold for all members of an engine. */
export interface CommonOptions extends SessionTrackerOptions {
  consent: Consent;
  heartbeatInterval: number;
}
