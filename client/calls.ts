/** What the calls of `SessionTracker` take, the app's `ctx` first, and what they come to. */
import type {
  GenericActionCtx,
  GenericDataModel,
  GenericMutationCtx,
  GenericQueryCtx,
} from "convex/server";
import type {
  Block,
  BlockedUntil,
  SessionOf,
} from "../convex/sessionTracker/shared/sessions.js";
import type { VisitReport } from "../convex/sessionTracker/shared/visits.js";

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
  anonymousId: string;
  /** What the visitor's page reports of the visit. */
  visit?: VisitReport;
}

/** What a visitor did. */
export interface VisitorAction {
  anonymousId: string;
  /** Its name, of 1 to 256 characters. */
  action: string;
  /** What it was done to, of at most 1,024 characters. */
  resourceId?: string;
  /** Any Convex value up to the setting `maxMetadataBytes`. @default none */
  metadata?: unknown;
}

/** Of what is in the audit log, which names the sessionId and nothing else of the visitor. */
interface Audited {
  /** Who does it, such as the name of an admin of the app. @default "app" */
  actor?: string;
}

/** What to purge. */
export interface PurgeOf extends Audited {
  /** Days without a sign of life, more than 0; may be a fraction. */
  daysInactive: number;
}

/** The purge that was started, or is under way; sessions last active before `cutoff`, in ms since the epoch, go. */
export interface PurgeStarted {
  runId: string;
  cutoff: number;
  status: "started" | "alreadyRunning";
}

/** The session to end, and for how long its visitor may not come back. */
export type EndOf = {
  /** Kept with the session until the visitor comes back, for operators. */
  reason?: string;
  /** `{ forMs }`, in ms from now up to a hundred years, or `"forever"`. @default the visitor may come back at once */
  block?: Block;
} & Audited &
  SessionOf;

/** The session whose block to lift. */
export type UnblockOf = {
  /** Why, for the audit log. */
  reason?: string;
} & Audited &
  SessionOf;

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
  /** Why, for the audit log. */
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
  /** What the app's hook `onPurged` answered: its `error`, or `null`; `null` where the app has no such hook. */
  told: { hook: string; error: string | null } | null;
}

/** The session that is named, and nothing else of what the app was given: that is no part of what is asked. */
export function idOf(of: SessionOf): SessionOf {
  return "sessionId" in of
    ? { sessionId: of.sessionId }
    : { anonymousId: of.anonymousId };
}
