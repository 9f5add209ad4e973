import { mutationGeneric, queryGeneric } from "convex/server";
import { ConvexError, v } from "convex/values";
import {
  type ActionResult,
  type ActiveSession,
  type TrackResult,
  vActionResult,
  vActiveSession,
  vTrackResult,
} from "../convex/sessionTracker/shared/sessions.js";
import {
  type OwnVisit,
  vOwnVisit,
} from "../convex/sessionTracker/shared/sessionVisits.js";
import { vVisitReport } from "../convex/sessionTracker/shared/visits.js";
import type { AppCtx, ComponentApi } from "./calls.js";
import { exposeOwnSessions, type Identify } from "./ownSessions.js";
import { SessionTracker } from "./tracker.js";

/** The operations that only callers permitted by `authorize` may use. */
export type Operation = "getActiveSessions" | "cleanupOldSessions";

/** Says whether the caller may use an operation: only a returned `true` permits it. */
export type Authorize = (
  ctx: AppCtx,
  operation: Operation,
) => boolean | Promise<boolean>;

/** Who may do what, and who is signed in. */
export interface ExposeOptions {
  /** Says who may see and clean up other visitors' sessions. Without `authorize`, `getActiveSessions` and `cleanupOldSessions` are refused. */
  authorize?: Authorize;
  /** Says who is signed in. Without `identify`, `linkSession` links nobody, and nobody has sessions of their own to see or end. */
  identify?: Identify;
}

const visitor = { anonymousId: v.string() };

/**
 * The public functions of an app, to be exported from one of its modules:
 * `export const { trackSession, … } = exposeSessions(components.sessionTracker, options)`.
 * Visitors reach only their own session, by the anonymousId that their browser keeps.
 *
 * @param component as the app has mounted it: `components.sessionTracker`
 * @param options who may see and clean up other visitors' sessions, and who is signed in. Without it nobody may, and nobody
 *   is
 *
 * @example
 * ```ts
 * // convex/visitors.ts
 * import { exposeSessions } from "sessions-ops";
 * import { components } from "./_generated/api.js";
 *
 * export const { trackSession, trackUserAction, endSession, forgetSession } =
 *   exposeSessions(components.sessionTracker, {
 *     authorize: async (ctx) =>
 *       (await ctx.auth.getUserIdentity())?.["role"] === "admin",
 *   });
 * ```
 */
export function exposeSessions(
  component: ComponentApi,
  options: ExposeOptions = {},
) {
  const sessions = new SessionTracker(component);
  return {
    ...exposeOwnSessions(sessions, options.identify),

    /**
     * A sign of life of the visitor: creates or revives the session, or keeps it alive.
     * @returns `{ ok: true, sessionId, state }`, or `{ ok: false, reason, retryAfterMs? }` for an invalid anonymousId, or
     *   `reason: "revoked"` while an operator or the app has blocked the visitor, or `"tooManySessions"` for a new
     *   visitor beyond the setting `maxNewSessionsPerMinute`
     */
    trackSession: mutationGeneric({
      args: { ...visitor, visit: v.optional(vVisitReport) },
      returns: vTrackResult,
      handler: (ctx, args): Promise<TrackResult> => sessions.track(ctx, args),
    }),

    /**
     * Records what the visitor did, and creates or revives the session.
     * @returns `{ ok: true, sessionId }`, or `{ ok: false, reason, retryAfterMs? }` for an action over a limit of the
     *   settings, or of a blocked visitor. `"tooManyActions"` with `retryAfterMs` is of `maxActionsPerMinute`, and the
     *   action may be sent again then; without it the session is full for good
     */
    trackUserAction: mutationGeneric({
      args: {
        ...visitor,
        action: v.string(),
        resourceId: v.optional(v.string()),
        metadata: v.optional(v.any()),
      },
      returns: vActionResult,
      handler: (ctx, args): Promise<ActionResult> => sessions.record(ctx, args),
    }),

    /**
     * Ends the visit under way; a later sign of life starts the next visit. It can neither set nor lift a block:
     * that is `SessionTracker.end`.
     */
    endSession: mutationGeneric({
      args: { ...visitor, visit: v.optional(vVisitReport) },
      returns: vEnded,
      handler: (ctx, args): Promise<EndResult> => sessions.endVisit(ctx, args),
    }),

    /** Erases the visitor's session with all its actions, and has the app's hook erase the app's rows. */
    forgetSession: mutationGeneric({
      args: visitor,
      returns: vErased,
      handler: async (ctx, { anonymousId }): Promise<ForgetResult> => {
        const { erased, sessionId, actions } = await sessions.forget(ctx, {
          anonymousId,
          isOwnWish: true,
        });
        // The answer of the app's hook is left out, as it is no business of the visitor's.
        return { erased, sessionId, actions };
      },
    }),

    /**
     * Links the visitor's session to the user of the app that `identify` names. Call it after each sign-in; where the
     * visitor is linked to that user already it reads one document and writes none.
     * @throws invalidAnonymousId; invalidArgument where what `identify` returns has not 1 to 1,024 characters; revoked `{ retryAfterMs? }` while the visitor is blocked; tooManySessions
     *   `{ retryAfterMs }` for a new visitor beyond the setting `maxNewSessionsPerMinute`
     */
    linkSession: mutationGeneric({
      args: visitor,
      returns: vLinked,
      handler: async (ctx, { anonymousId }): Promise<LinkResult> => {
        const userId = (await options.identify?.(ctx)) ?? null;
        return userId === null
          ? { sessionId: null, userId: null }
          : await sessions.link(ctx, { anonymousId, userId });
      },
    }),

    /**
     * Links the visitor's session to nobody, as after a sign-out, when nobody may be signed in any more. Ends nothing:
     * the visit under way goes on as nobody's, and those that are over stay whose they were.
     */
    unlinkSession: mutationGeneric({
      args: visitor,
      returns: vUnlinked,
      handler: (ctx, { anonymousId }): Promise<UnlinkResult> =>
        sessions.unlink(ctx, { anonymousId }),
    }),

    /**
     * Whether the visitor is linked to the user of the app that `identify` names, live: what `linkUser` of the React
     * component goes by. Of another user it says nothing.
     * @returns `userId: null` where nobody is signed in, and `isLinked` then whether the visitor is anybody's; `isLinked:
     *   null` where there is no session
     */
    getOwnLink: queryGeneric({
      args: visitor,
      returns: vOwnLink,
      handler: async (ctx, args): Promise<OwnLink> => {
        const userId = (await options.identify?.(ctx)) ?? null;
        const linked = await sessions.linkOf(ctx, args);
        const isLinked =
          linked &&
          (userId === null ? linked.userId !== null : linked.userId === userId);
        return { userId, isLinked };
      },
    }),

    /**
     * The visitor's own visit, live: the one under way, else the last.
     * @returns `null` where none is known, such as for an anonymousId that is nobody's
     * @example `useQuery(api.sessions.getOwnVisit, anonymousId ? { anonymousId } : "skip")`
     */
    getOwnVisit: queryGeneric({
      args: visitor,
      returns: v.union(vOwnVisit, v.null()),
      handler: (ctx, args): Promise<OwnVisit | null> =>
        sessions.ownVisit(ctx, args),
    }),

    /**
     * The sessions last active within the last `minutesActive` minutes (15), newest first, at most `limit` (100, up
     * to 1,000).
     * @throws notAuthorized; invalidArgument
     */
    getActiveSessions: queryGeneric({
      args: {
        minutesActive: v.optional(v.number()),
        limit: v.optional(v.number()),
      },
      returns: v.array(vActiveSession),
      handler: async (ctx, args): Promise<ActiveSession[]> => {
        await permit(options.authorize, ctx, "getActiveSessions");
        return await sessions.active(ctx, args);
      },
    }),

    /**
     * Starts a purge of sessions that have been inactive for `daysInactive` days (30), by the deployment's clock;
     * where a purge is under way, names that one instead.
     * @throws notAuthorized; invalidArgument; invalidCutoff for less than the idle timeout
     */
    cleanupOldSessions: mutationGeneric({
      args: { daysInactive: v.optional(v.number()) },
      returns: vCleanup,
      handler: async (ctx, { daysInactive = 30 }): Promise<CleanupResult> => {
        await permit(options.authorize, ctx, "cleanupOldSessions");
        return await sessions.purge(ctx, { daysInactive });
      },
    }),
  };
}

// ── Helpers ─────────────────────────────────────────────────────────────────

const vNullableId = v.union(v.string(), v.null());
const vEnded = v.object({ ended: v.boolean(), sessionId: vNullableId });
/** The answer of `endSession`. */
export type EndResult = {
  /** `false`: no visit was under way. */
  ended: boolean;
  /** `null` where there is no session. */
  sessionId: string | null;
};

const vErased = v.object({
  erased: v.boolean(),
  sessionId: vNullableId,
  actions: v.number(),
});
/** The answer of `forgetSession`. */
export type ForgetResult = {
  /** `false`: there was no session. */
  erased: boolean;
  /** `null` where there was none. */
  sessionId: string | null;
  /** Number of actions erased, those included that scheduled calls are still to erase. */
  actions: number;
};

const vLinked = v.object({ sessionId: vNullableId, userId: vNullableId });
/** The answer of `linkSession`; both ids are `null` where `identify` names nobody. */
export type LinkResult = {
  /** The visitor's session. */
  sessionId: string | null;
  /** The user whom it is linked to now. */
  userId: string | null;
};

const vUnlinked = v.object({ unlinked: v.boolean(), sessionId: vNullableId });
/** The answer of `unlinkSession`. */
export type UnlinkResult = {
  /** `false`: the session was linked to nobody. */
  unlinked: boolean;
  /** `null` where there is no session. */
  sessionId: string | null;
};

const vOwnLink = v.object({
  userId: vNullableId,
  isLinked: v.union(v.boolean(), v.null()),
});
/** The answer of `getOwnLink`. */
export type OwnLink = {
  /** The user whom `identify` names; `null` where nobody is signed in. */
  userId: string | null;
  /** Whether the visitor is linked to that user, or, where nobody is signed in, to anybody; `null`: there is no session. */
  isLinked: boolean | null;
};

const vCleanup = v.object({
  runId: v.string(),
  cutoff: v.number(),
  status: v.union(v.literal("started"), v.literal("alreadyRunning")),
});
/** The answer of `cleanupOldSessions`. */
export type CleanupResult = {
  /** The id of the run, for `sessions-ops runs show`. */
  runId: string;
  /** Sessions last active strictly before it are purged, in ms since the epoch. */
  cutoff: number;
  /** Whether this call started the run, or it was under way. */
  status: "started" | "alreadyRunning";
};

async function permit(
  authorize: Authorize | undefined,
  ctx: AppCtx,
  operation: Operation,
): Promise<void> {
  if (authorize === undefined) {
    throw new ConvexError({
      kind: "notAuthorized",
      operation,
      message: `${operation} shows or deletes other visitors' sessions, and nobody may call it yet. Pass { authorize: async (ctx, operation) => … } to exposeSessions and return true for those who may.`,
    });
  }
  // Any other truthy value is no permission: a user object or a promise must not pass for one.
  const permitted: unknown = await authorize(ctx, operation);
  if (permitted === true) return;
  throw new ConvexError({
    kind: "notAuthorized",
    operation,
    message: `authorize did not return true for ${operation}.`,
  });
}
