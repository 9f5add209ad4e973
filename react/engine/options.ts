import type { FunctionReference_future } from "convex/server";
import type { ActiveSession, OwnLink, OwnVisit } from "../../client/index.js";

/** `pending` stores and sends nothing; `denied` also forgets what is stored and ends the session. */
export type Consent = "granted" | "pending" | "denied";

/** What a visitor did. */
export interface TrackedAction {
  /** Its name, of 1 to 256 characters. */
  action: string;
  /** What it was done to, of at most 1,024 characters. @default nothing */
  resourceId?: string | undefined;
  /** Any Convex value of at most `maxMetadataBytes` (a setting, 8,192 bytes). @default none */
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
  /** `utm_medium`, as above. */
  utmMedium?: string | undefined;
  /** `utm_campaign`, as above. */
  utmCampaign?: string | undefined;
  /** What the browser runs on, as far as it tells. */
  device?: "desktop" | "mobile" | "tablet" | undefined;
}

/** What goes to the deployment with a heartbeat. */
export interface VisitReport extends VisitFacts {
  /** The visit that `engagedMs` is of, as the deployment named it. */
  startedAt?: number | undefined;
  engagedMs?: number | undefined;
  isLeaving?: boolean | undefined;
}

/** A public mutation of the app, by its reference in `api`. */
export type AppMutation<Args extends Record<string, unknown>> =
  FunctionReference_future<"mutation", "public", Args, unknown>;

/** The app's functions that are called: what `exposeSessions` returns has them all. */
export interface SessionFunctions {
  /**
   * Is also called with `visit`, and answers `visitStartedAt`, as those of `exposeSessions`. One that does not
   * take it is called without once it has refused it or thrown.
   */
  trackSession: AppMutation<{ anonymousId: string }>;
  /** Records what the visitor did. */
  trackUserAction: AppMutation<{
    anonymousId: string;
    action: string;
    resourceId?: string;
    metadata?: unknown;
  }>;
  /** Ends the visit. */
  endSession: AppMutation<{ anonymousId: string }>;
  /** Erases the visitor, where consent is denied and `forgetOnDenied` set. */
  forgetSession: AppMutation<{ anonymousId: string }>;
  /** Links the visitor to the user who is signed in. */
  linkSession: AppMutation<{ anonymousId: string }>;
  /** Links the visitor to nobody. */
  unlinkSession: AppMutation<{ anonymousId: string }>;
  /** Says whether the visitor is linked to the user who is signed in. */
  getOwnLink: FunctionReference_future<
    "query",
    "public",
    { anonymousId: string },
    OwnLink
  >;
  /** Returns the visitor's own visit. */
  getOwnVisit: FunctionReference_future<
    "query",
    "public",
    { anonymousId: string },
    OwnVisit | null
  >;
  /** Returns the sessions active now, for whom the app's `authorize` permits. */
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
  /** Whether the visitor has agreed. What is none of the three, but for `undefined` and `null`, counts as pending. @default "granted" */
  consent?: Consent | undefined;
  /** Whether denied consent erases the session on the server, rather than only ending it. @default false */
  forgetOnDenied?: boolean | undefined;
  /** Whether Do Not Track and Global Privacy Control count as denied consent. @default false */
  respectPrivacySignals?: boolean | undefined;
  /** Whether browsers that say they are bots are left alone. @default false */
  skipBots?: boolean | undefined;
  /** Whether a heartbeat needs a click, key, touch or scroll since the last one. @default false */
  requireInput?: boolean | undefined;
  /** Sees each action before it is stored or sent: returns what may be sent, or `null` for nothing. @default all is sent */
  beforeSend?: ((action: TrackedAction) => TrackedAction | null) | undefined;
  /**
   * How the time is told that somebody was there. `exact` also tells it when the page is left or hidden,
   * `beats` only with heartbeats, `false` does not measure it. @default "exact"
   */
  engagement?: "exact" | "beats" | false | undefined;
  /**
   * Sees what is told of a visit before it is sent: returns what may be, or `null` for nothing. `false`
   * looks at nothing of it.
   * @default all is sent
   */
  visit?: false | ((facts: VisitFacts) => VisitFacts | null) | undefined;
  /** The app's functions. @default those of `api.sessions`, by name */
  functions?: Partial<SessionFunctions> | undefined;
}

/** The options that hold for all members of an engine. */
export interface CommonOptions extends SessionTrackerOptions {
  consent: Consent;
  heartbeatInterval: number;
}
