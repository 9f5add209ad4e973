import { mutationGeneric, queryGeneric } from "convex/server";
import { ConvexError, v, type Infer } from "convex/values";
import type { ComponentApi } from "../convex/sessionTracker/_generated/component.js";
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
import type { AppCtx } from "./calls.js";
import { exposeOwnSessions, type Identify } from "./ownSessions.js";
import { SessionTracker } from "./tracker.js";

/** The operations that only callers permitted by `authorize` may use. */
export type Operation = "getActiveSessions" | "cleanupOldSessions";

/** Says whether the caller may use an operation: only a returned `true` permits it. */
export type Authorize = (
  ctx: AppCtx,
  operation: Operation,
) => boolean | Promise<boolean>;

export interface ExposeOptions {
  /** Without `authorize`, `getActiveSessions` and `cleanupOldSessions` are refused. */
  authorize?: Authorize;
  /** Without `identify`, `linkSession` links nobody, and nobody has sessions of their own to see or end. */
  identify?: Identify;
}

const visitor = { anonymousId: v.string() };

/**
 * The public functions of an app, to be exported from one of its modules:
 * `export const { trackSession, … } = exposeSessions(components.sessionTracker, options)`.
 * Visitors reach only their own session, by the anonymousId that their browser keeps.
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
     * @throws invalidAnonymousId; revoked `{ retryAfterMs? }` while the visitor is blocked; tooManySessions
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
      handler: async (ctx, { daysInactive = 30 }) => {
        await permit(options.authorize, ctx, "cleanupOldSessions");
        return await sessions.purge(ctx, { daysInactive });
      },
    }),
  };
}

// ── Helpers ─────────────────────────────────────────────────────────────────

const vNullableId = v.union(v.string(), v.null());
const vEnded = v.object({ ended: v.boolean(), sessionId: vNullableId });
/** The answer of `endSession`; the sessionId is `null` where there is no session. */
export type EndResult = Infer<typeof vEnded>;

const vErased = v.object({
  erased: v.boolean(),
  sessionId: vNullableId,
  actions: v.number(),
});
/** The answer of `forgetSession`; `actions` is the number of actions erased. */
export type ForgetResult = Infer<typeof vErased>;

const vLinked = v.object({ sessionId: vNullableId, userId: vNullableId });
/** The answer of `linkSession`; both ids are `null` where `identify` names nobody. */
export type LinkResult = Infer<typeof vLinked>;

const vUnlinked = v.object({ unlinked: v.boolean(), sessionId: vNullableId });
/** The answer of `unlinkSession`; `unlinked` is `false` where the session was linked to nobody. */
export type UnlinkResult = Infer<typeof vUnlinked>;

const vOwnLink = v.object({
  userId: vNullableId,
  isLinked: v.union(v.boolean(), v.null()),
});
/** The answer of `getOwnLink`. */
export type OwnLink = Infer<typeof vOwnLink>;

const vCleanup = v.object({
  runId: v.string(),
  cutoff: v.number(),
  status: v.union(v.literal("started"), v.literal("alreadyRunning")),
});
/**
 * The answer of `cleanupOldSessions`; sessions last active before `cutoff`, in ms since the epoch, are
 * purged.
 */
export type CleanupResult = Infer<typeof vCleanup>;

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
