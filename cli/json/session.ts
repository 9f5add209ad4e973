import type {
  Action,
  SessionVisit,
  SessionWithLease,
} from "../deployment/api.js";
import { iso, isoOrNull } from "../time/time.js";
import type { TargetJson } from "./target.js";
import { toValueJson } from "./convexValue.js";
import type { HookName } from "../../convex/sessionTracker/shared/hooks.js";
import {
  sourceOf,
  type Entry,
  type VisitEnd,
} from "../../convex/sessionTracker/shared/visits.js";
import type {
  BlockedUntil,
  SessionState,
} from "../../convex/sessionTracker/shared/sessions.js";

/** A session. */
export interface SessionJson {
  /** The Convex id of the session, which is safe to show. */
  sessionId: string;
  /** The visitor's only credential. */
  anonymousId: string;
  /** `active`, `expired` or `ended`. */
  state: SessionState;
  /** When the visitor first came. */
  createdAt: string;
  /** The last sign of life that was written down. */
  lastActive: string;
  /** Number of visits. */
  visits: number;
  /** Number of actions. */
  actions: number;
  /** How long the visitor was really there in all visits, the one under way included. */
  engagedMs: number;
  /** Where the first visit came from: its `utm_source`, else the other site's host, else "direct". */
  source: string;
  /** The app's id of the user whom the visitor is linked to. */
  userId?: string;
  /** Why it was ended, where whoever ended it said so. */
  endReason?: string;
  /** When the block in force ends, or "forever"; absent where the visitor may come back. */
  blockedUntil?: string;
}

/** The time at which a block ends, or "forever". */
export function blockedUntilJson(until: BlockedUntil): string {
  return until === "forever" ? until : iso(until);
}

export function toSessionJson(session: SessionWithLease): SessionJson {
  const { lease, userId, endReason, blockedUntil } = session;
  return {
    sessionId: session.sessionId,
    anonymousId: session.anonymousId,
    state: lease?.idle ? "expired" : session.state,
    createdAt: iso(session.createdAt),
    lastActive: iso(
      lease?.lastActive ?? session.inactiveSince ?? session.createdAt,
    ),
    visits: session.visits,
    actions: session.actionCount + (lease?.actionCount ?? 0),
    engagedMs: session.engagedMs + (lease?.engagedMs ?? 0),
    source: sourceOf(session.firstEntry),
    ...(userId === undefined ? {} : { userId }),
    ...(endReason === undefined ? {} : { endReason }),
    ...(blockedUntil === undefined
      ? {}
      : { blockedUntil: blockedUntilJson(blockedUntil) }),
  };
}

/** Output of `list` */
export interface ListJson {
  /** The sessions. */
  sessions: SessionJson[];
  /** The `--cursor` for the next page; `null` at the end. */
  cursor: string | null;
  /** The rows that were looked at to find them. */
  scanned: number;
}

/** Output of `show ID` */
export interface ShowJson extends SessionJson {
  /** Newest first. */
  timeline: ActionJson[];
  /** The `--cursor` for earlier actions; `null` at the end. */
  cursor: string | null;
  /** Newest first, the visit under way included; those that are kept one by one. */
  visitList: VisitJson[];
  /** The `--visits-cursor` for earlier visits; `null` at the end. */
  visitsCursor: string | null;
}

/** A visit. */
export interface VisitJson {
  /** When it began. */
  startedAt: string;
  /** `null` while the visit is under way. */
  endedAt: string | null;
  /** How long the visitor was really there. */
  engagedMs: number;
  /** Number of actions in it. */
  actions: number;
  /** `utm_source` of the entry, else the other site's host, else "direct". */
  source: string;
  /** Where it came from, and on what device. */
  entry?: Entry;
  /** The last page; where the visitor is, while the visit is under way. */
  exitPath?: string;
  /** `null` while the visit is under way. */
  why: VisitEnd | null;
  /** The app's id of the user whom the visitor was linked to when it closed. */
  userId?: string;
}

export function toVisitJson(visit: SessionVisit): VisitJson {
  const { startedAt, endedAt, engagedMs, actions, ...rest } = visit;
  return {
    startedAt: iso(startedAt),
    endedAt: isoOrNull(endedAt),
    engagedMs,
    actions,
    source: sourceOf(rest.entry),
    ...rest,
  };
}

/** What a visitor did. */
export interface ActionJson {
  /** When. */
  at: string;
  /** Its name. */
  action: string;
  /** What it was done to. */
  resourceId?: string;
  /** What else the app recorded with it. */
  metadata?: unknown;
}

export function toActionJson({ at, metadata, ...action }: Action): ActionJson {
  return {
    at: iso(at),
    ...action,
    ...(metadata === undefined ? {} : { metadata: toValueJson(metadata) }),
  };
}

/** Output of `end ID` */
export interface EndJson {
  /** The Convex id of the session, which is safe to show. */
  sessionId: string;
  /** The visitor's only credential. */
  anonymousId: string;
  /** `false`: the session was not active. */
  ended: boolean;
  /** `active`, `expired` or `ended`. */
  state: SessionState;
  /** When the block in force ends, or "forever"; `null` where the visitor may come back. */
  blockedUntil: string | null;
}

/** Output of `unblock ID` */
export interface UnblockJson {
  /** The Convex id of the session, which is safe to show. */
  sessionId: string;
  /** The visitor's only credential. */
  anonymousId: string;
  /** `false`: the session was not blocked. */
  unblocked: boolean;
  /** `active`, `expired` or `ended`. */
  state: SessionState;
}

/** Output of `forget ID`: the receipt */
export interface ForgetJson {
  /** The Convex id of the session, which is safe to show. */
  sessionId: string;
  /** The visitor's only credential. */
  anonymousId: string;
  /** The app's id of the user whom the visitor was linked to. */
  userId?: string;
  /** The number of actions that were erased. */
  actions: number;
  /** When the visitor was erased. */
  erasedAt: string;
  /** Who did it. */
  actor: string;
  /** The deployment. */
  target: TargetJson;
  /** Result of the app's hook; absent where there is none. */
  hook?: {
    /** Its name. */
    name: HookName;
    /** The hook's error; `null`: it has done its part. Else its call is owed, see `hooks`. */
    error: string | null;
  };
}
