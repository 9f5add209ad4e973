/** What the calls of `SessionTracker` take, the app's `ctx` first, and what they come to. */
import type {
  GenericActionCtx,
  GenericDataModel,
  GenericMutationCtx,
  GenericQueryCtx,
} from "convex/server";
import type { ComponentApi as MountedComponent } from "../convex/sessionTracker/_generated/component.js";
import type {
  Block,
  BlockedUntil,
  SessionOf,
} from "../convex/sessionTracker/shared/sessions.js";
import type { VisitReport } from "../convex/sessionTracker/shared/visits.js";

/** The component as the app has mounted it: `components.sessionTracker`. */
export type ComponentApi = MountedComponent;

/**
 * The `ctx` of any query, mutation or action of the app. That of an action has the least: its `runQuery` takes
 * no options.
 */
export type QueryRunner = Pick<GenericActionCtx<GenericDataModel>, "runQuery">;

/** The `ctx` of any mutation or action of the app; in a mutation, the call is part of its transaction. */
export type MutationRunner = Pick<
  GenericActionCtx<GenericDataModel>,
  "runMutation"
>;

/** The `ctx` that the app's `authorize` and `identify` get. */
export type AppCtx =
  GenericQueryCtx<GenericDataModel> | GenericMutationCtx<GenericDataModel>;

/** A sign of life, or the end, of a visitor's visit. */
export interface VisitorReport {
  /** The visitor's only credential, kept in the browser: 1 to 128 letters, digits and `_ - . :`. */
  anonymousId: string;
  /** What the visitor's page reports of the visit. @default nothing */
  visit?: VisitReport;
}

/** What a visitor did. */
export interface VisitorAction {
  /** The visitor's only credential, kept in the browser: 1 to 128 letters, digits and `_ - . :`. */
  anonymousId: string;
  /** Its name, of 1 to 256 characters. */
  action: string;
  /** What it was done to, of at most 1,024 characters. @default nothing */
  resourceId?: string;
  /** Any Convex value of at most `maxMetadataBytes` (a setting, 8,192 bytes). @default none */
  metadata?: unknown;
}

/** Of what is in the audit log, which names the sessionId and nothing else of the visitor. */
export interface Audited {
  /** Who does it, such as the name of an admin of the app. @default "app" */
  actor?: string;
}

/** What to purge. */
export interface PurgeOf extends Audited {
  /** Days without a sign of life, more than 0; may be a fraction. */
  daysInactive: number;
}

/** The purge that was started, or is under way. */
export interface PurgeStarted {
  /** Its id, for `sessions-ops runs show`. */
  runId: string;
  /** Sessions last active strictly before it are purged, in ms since the epoch. */
  cutoff: number;
  /** Whether this call started it, or it was under way. */
  status: "started" | "alreadyRunning";
}

/** The session to end, and for how long its visitor may not come back. */
export type EndOf = {
  /** Kept with the session until the visitor comes back, for operators; not empty. @default none */
  reason?: string;
  /** `{ forMs }`, in ms from now up to a hundred years, or `"forever"`. @default the visitor may come back at once */
  block?: Block;
} & Audited &
  SessionOf;

/** The session whose block to lift. */
export type UnblockOf = {
  /** Why, for the audit log; not empty. @default none */
  reason?: string;
} & Audited &
  SessionOf;

/** What `unblock` came to. */
export interface Unblocked {
  /** `false`: no block was in force. */
  unblocked: boolean;
  /** `null` where there is no such session. */
  sessionId: string | null;
}

/** What `end` came to. */
export interface Ended {
  /** `false`: no visit was under way. */
  ended: boolean;
  /** `null` where there is no such session. */
  sessionId: string | null;
  /** When the block in force ends, in ms since the epoch, or `"forever"`; `null` where there is none. */
  blockedUntil: BlockedUntil | null;
}

/** Whom to erase. */
export type ForgetOf = {
  /** Why, for the audit log; not empty. @default none */
  reason?: string;
  /** Whether visitors erase themselves, which is not in the audit log. @default false */
  isOwnWish?: boolean;
} & Audited &
  SessionOf;

/** What `forget` came to. */
export interface Forgotten {
  /** `false`: there was no such session. */
  erased: boolean;
  /** `null` where there was none. */
  sessionId: string | null;
  /** Number of actions erased, those included that scheduled calls are still to erase. */
  actions: number;
  /** What the app's hook `onPurged` answered; `null` where the app has no such hook. */
  told: Told | null;
}

/** What a hook of the app answered. */
export interface Told {
  /** The hook's name. */
  hook: string;
  /** What it threw; `null` where it did what it was asked. What it owes is asked again and again. */
  error: string | null;
}

/** A visitor, by the credential. */
export interface Own {
  /** The visitor's only credential, kept in the browser: 1 to 128 letters, digits and `_ - . :`. */
  anonymousId: string;
}

/** Whom to link to whom. */
export interface LinkOf extends Own {
  /** The app's own id of the user, of 1 to 1,024 characters. */
  userId: string;
}

/** What `link` came to. */
export interface Linked {
  /** The Convex id of the session, which is safe to show. */
  sessionId: string;
  /** The user whom it is linked to now. */
  userId: string;
}

/** Whom a visitor's session is linked to. */
export interface LinkTo {
  /** The app's own id of the user; `null` where it is linked to nobody. */
  userId: string | null;
}

/** What `unlink` came to. */
export interface Unlinked {
  /** `false`: it was linked to nobody. */
  unlinked: boolean;
  /** `null` where there is no such session. */
  sessionId: string | null;
}

/** The session that is named, and nothing else of what the app was given: that is no part of what is asked. */
export function idOf(of: SessionOf): SessionOf {
  return "sessionId" in of
    ? { sessionId: of.sessionId }
    : { anonymousId: of.anonymousId };
}
