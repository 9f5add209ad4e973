import {
  mutationGeneric,
  queryGeneric,
  type GenericDataModel,
  type GenericMutationCtx,
  type GenericQueryCtx,
} from "convex/server";
import { ConvexError, v, type Infer } from "convex/values";
import type { ComponentApi } from "../convex/sessionTracker/_generated/component.js";
import {
  type ActionResult,
  type TrackResult,
  vActionResult,
  vActiveSession,
  vTrackResult,
} from "../convex/sessionTracker/shared/sessions.js";
import { vVisitReport } from "../convex/sessionTracker/shared/visits.js";

/** Operations that only callers permitted by `authorize` may use. */
export type Operation = "getActiveSessions" | "cleanupOldSessions";

type Ctx =
  GenericQueryCtx<GenericDataModel> | GenericMutationCtx<GenericDataModel>;

/** Permits an operation by returning `true`, and nothing else. */
export type Authorize = (
  ctx: Ctx,
  operation: Operation,
) => boolean | Promise<boolean>;

/** The app's id of the user who calls, or `null` where nobody is logged in. */
export type Identify = (
  ctx: GenericMutationCtx<GenericDataModel>,
) => string | null | Promise<string | null>;

export interface ExposeOptions {
  /** Without it, `getActiveSessions` and `cleanupOldSessions` are refused. */
  authorize?: Authorize;
  /** Without it, `linkSession` links nobody. */
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
  return {
    /** A sign of life; creates or revives the visitor's session. */
    trackSession: mutationGeneric({
      args: { ...visitor, visit: v.optional(vVisitReport) },
      returns: vTrackResult,
      handler: (ctx, args): Promise<TrackResult> =>
        ctx.runMutation(component.visitors.heartbeat.beat, args),
    }),

    /** Records what the visitor did; creates or revives the session. */
    trackUserAction: mutationGeneric({
      args: {
        ...visitor,
        action: v.string(),
        resourceId: v.optional(v.string()),
        metadata: v.optional(v.any()),
      },
      returns: vActionResult,
      handler: (ctx, args): Promise<ActionResult> =>
        ctx.runMutation(component.visitors.action.record, args),
    }),

    /** Ends the visit; a later sign of life starts the next. */
    endSession: mutationGeneric({
      args: { ...visitor, visit: v.optional(vVisitReport) },
      returns: vEnded,
      handler: (ctx, args) =>
        ctx.runMutation(component.visitors.end.visit, args),
    }),

    /** Erases the visitor with all actions. */
    forgetSession: mutationGeneric({
      args: visitor,
      returns: vErased,
      handler: async (ctx, { anonymousId }) => {
        const { erased, sessionId, actions } = await ctx.runMutation(
          component.visitors.forget.visitor,
          { anonymousId },
        );
        // What the app's hook said is nothing for a visitor.
        return { erased, sessionId, actions };
      },
    }),

    /** Notes which of the app's users the visitor is, as `identify` says. */
    linkSession: mutationGeneric({
      args: visitor,
      returns: vLinked,
      handler: async (
        ctx: GenericMutationCtx<GenericDataModel>,
        { anonymousId },
      ) => {
        const userId = (await options.identify?.(ctx)) ?? null;
        if (userId === null) {
          return { sessionId: null, userId: null };
        }
        return await ctx.runMutation(component.visitors.link.user, {
          anonymousId,
          userId,
        });
      },
    }),

    /** Sessions last active within `minutesActive` (15), newest first, at most `limit` (100, up to 1,000). */
    getActiveSessions: queryGeneric({
      args: {
        minutesActive: v.optional(v.number()),
        limit: v.optional(v.number()),
      },
      returns: v.array(vActiveSession),
      handler: async (ctx, { minutesActive = 15, limit = 100 }) => {
        await permit(options.authorize, ctx, "getActiveSessions");
        return await ctx.runQuery(component.visitors.active.list, {
          minutesActive,
          limit,
        });
      },
    }),

    /**
     * Starts a purge of sessions that were inactive for `daysInactive` (30) days, by the
     * deployment's clock.
     * @throws notAuthorized; invalidArgument; invalidCutoff for less than the idle timeout
     */
    cleanupOldSessions: mutationGeneric({
      args: { daysInactive: v.optional(v.number()) },
      returns: vCleanup,
      handler: async (ctx, { daysInactive = 30 }) => {
        await permit(options.authorize, ctx, "cleanupOldSessions");
        if (!(daysInactive > 0)) {
          throw new ConvexError({
            kind: "invalidArgument",
            message: `daysInactive must be more than 0, got ${daysInactive}.`,
            argument: "daysInactive",
          });
        }
        return await ctx.runMutation(component.runs.control.start, {
          kind: "purge",
          cutoff: { daysAgo: daysInactive },
          actor: "app",
          trigger: "app",
        });
      },
    }),
  };
}

// ── Helpers ─────────────────────────────────────────────────────────────────

const vNullableId = v.union(v.string(), v.null());
const vEnded = v.object({ ended: v.boolean(), sessionId: vNullableId });
/** What `endSession` returns; the id is `null` where there is no session. */
export type EndResult = Infer<typeof vEnded>;

const vErased = v.object({
  erased: v.boolean(),
  sessionId: vNullableId,
  actions: v.number(),
});
/** What `forgetSession` returns. */
export type ForgetResult = Infer<typeof vErased>;

/** Both `null` where `identify` knows nobody. */
const vLinked = v.object({ sessionId: vNullableId, userId: vNullableId });
/** What `linkSession` returns. */
export type LinkResult = Infer<typeof vLinked>;

const vCleanup = v.object({
  runId: v.string(),
  cutoff: v.number(),
  status: v.union(v.literal("started"), v.literal("alreadyRunning")),
});
/** What `cleanupOldSessions` returns. */
export type CleanupResult = Infer<typeof vCleanup>;

async function permit(
  authorize: Authorize | undefined,
  ctx: Ctx,
  operation: Operation,
): Promise<void> {
  if (authorize === undefined) {
    throw new ConvexError({
      kind: "notAuthorized",
      operation,
      message: `${operation} shows or deletes other visitors' sessions, and nobody may call it yet. Pass { authorize: async (ctx, operation) => … } to exposeSessions and return true for those who may.`,
    });
  }
  // A truthy value is not a permission: a user object or a promise must not pass for one.
  const permitted: unknown = await authorize(ctx, operation);
  if (permitted === true) return;
  throw new ConvexError({
    kind: "notAuthorized",
    operation,
    message: `authorize did not return true for ${operation}.`,
  });
}
