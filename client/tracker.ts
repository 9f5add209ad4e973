import { ConvexError } from "convex/values";
import type {
  ActionResult,
  SessionOf,
  TrackResult,
} from "../convex/sessionTracker/shared/sessions.js";
import {
  type Ended,
  type EndOf,
  type ForgetOf,
  type Forgotten,
  idOf,
  type Linked,
  type LinkOf,
  type MutationRunner,
  type PurgeOf,
  type PurgeStarted,
  type QueryRunner,
  type UnblockOf,
  type Unblocked,
  type Unlinked,
  type VisitorAction,
  type VisitorReport,
} from "./calls.js";
import { SessionsOfUser } from "./ofUser.js";

/**
 * The component for the app's own functions: reads in queries, and all else in mutations. It asks nobody whether
 * they may: whoever calls the app's function sees and does what that does, so check there. Nothing that it returns
 * holds an anonymousId, which is the visitor's only credential. Calls in one mutation are one transaction with it.
 *
 * The examples below go on from this one.
 *
 * @example
 * ```ts
 * // convex/figures.ts
 * import { paginationOptsValidator } from "convex/server";
 * import { v } from "convex/values";
 * import { SessionTracker } from "sessions-ops";
 * import { components } from "./_generated/api.js";
 * import {
 *   internalMutation,
 *   internalQuery,
 *   mutation,
 *   query,
 * } from "./_generated/server.js";
 *
 * const sessions = new SessionTracker(components.sessionTracker);
 * ```
 */
export class SessionTracker extends SessionsOfUser {
  /**
   * A sign of life of a visitor: creates or revives the session, or keeps it alive.
   *
   * Reads one document and writes none while the last write is younger than the setting `touchAfterMs` (60 s), else
   * two and one; the start of a visit costs a few more.
   * @param ctx that of a mutation or an action of the app
   * @param report whose, and what the page reports of the visit
   * @returns `{ ok: true, sessionId, state, visitStartedAt }`, or `{ ok: false, reason, retryAfterMs? }`, such as
   *   `revoked` while the visitor is blocked, or `tooManySessions` for a new one beyond `maxNewSessionsPerMinute`
   *
   * @example
   * ```ts
   * export const opened = mutation({
   *   args: { anonymousId: v.string() },
   *   handler: (ctx, { anonymousId }) => sessions.track(ctx, { anonymousId }),
   * });
   * ```
   */
  async track(
    ctx: MutationRunner,
    { anonymousId, visit }: VisitorReport,
  ): Promise<TrackResult> {
    return await ctx.runMutation(this.component.visitors.heartbeat.beat, {
      anonymousId,
      ...(visit === undefined ? {} : { visit }),
    });
  }

  /**
   * Records what a visitor did, and starts a visit where none is under way. An action over a limit is refused whole,
   * never cut.
   *
   * Writes two documents, and reads three and the settings.
   * @param ctx that of a mutation or an action of the app
   * @param what who did what
   * @returns `{ ok: true, sessionId }`, or `{ ok: false, reason, retryAfterMs? }`; `tooManyActions` with `retryAfterMs`
   *   is of `maxActionsPerMinute`, and without it the session is full for good
   * @throws Error of Convex for `metadata` that is no Convex value, such as a function or a `Date`
   *
   * @example
   * ```ts
   * export const order = mutation({
   *   args: { anonymousId: v.string(), product: v.string() },
   *   handler: async (ctx, { anonymousId, product }) => {
   *     const what = { action: "order", resourceId: product };
   *     const recorded = await sessions.record(ctx, { anonymousId, ...what });
   *     if (!recorded.ok) console.warn(`Not recorded: ${recorded.reason}`);
   *   },
   * });
   * ```
   */
  async record(
    ctx: MutationRunner,
    { anonymousId, action, resourceId, metadata }: VisitorAction,
  ): Promise<ActionResult> {
    return await ctx.runMutation(this.component.visitors.action.record, {
      anonymousId,
      action,
      ...(resourceId === undefined ? {} : { resourceId }),
      ...(metadata === undefined ? {} : { metadata }),
    });
  }

  /**
   * Ends the visit of one session now. Without `block` the visitor's next sign of life starts the next visit. With
   * it the visitor is answered `{ ok: false, reason: "revoked", retryAfterMs? }` until the block is over, also where
   * the session had expired or ended before; it takes the place of a block that there is. A purge keeps the
   * session that long, and `forgetSession` erases it with its block. Where there is no session nobody is
   * blocked, and a browser that forgets its anonymousId is a new visitor: a block keeps out honest clients, and
   * whoever must not use the app is for the app's own sign-in to refuse.
   *
   * Costs what a visit's end costs, and one more write with a block; heartbeats of others cost nothing more.
   * @param ctx that of a mutation or an action of the app
   * @param of the session, and for how long its visitor may not come back
   * @throws ConvexError `{ kind: "invalidArgument", argument }` for a `forMs` that is not a whole number from 1, or
   *   an empty `reason`
   *
   * @example
   * ```ts
   * export const lockOut = internalMutation({
   *   args: { sessionId: v.string() },
   *   handler: async (ctx, { sessionId }) => {
   *     const block = { forMs: 24 * 3_600_000 };
   *     await sessions.end(ctx, { sessionId, reason: "lost device", block });
   *   },
   * });
   * ```
   */
  async end(ctx: MutationRunner, of: EndOf): Promise<Ended> {
    const { reason, block, actor } = of;
    return await ctx.runMutation(this.component.visitors.block.end, {
      session: idOf(of),
      ...(reason === undefined ? {} : { reason }),
      ...(block === undefined ? {} : { block }),
      ...(actor === undefined ? {} : { actor }),
    });
  }

  /**
   * Lifts the block of one session; the visitor's next sign of life starts the next visit.
   * @param ctx that of a mutation or an action of the app
   * @param of the session
   * @returns `unblocked: false` where no block was in force, `sessionId: null` where there is no such session
   * @throws ConvexError `{ kind: "invalidArgument", argument }` for an empty `reason`
   *
   * @example
   * ```ts
   * export const letIn = internalMutation({
   *   args: { sessionId: v.string() },
   *   handler: async (ctx, { sessionId }) => {
   *     await sessions.unblock(ctx, { sessionId });
   *   },
   * });
   * ```
   */
  async unblock(ctx: MutationRunner, of: UnblockOf): Promise<Unblocked> {
    const { reason, actor } = of;
    return await ctx.runMutation(this.component.visitors.block.lift, {
      session: idOf(of),
      ...(reason === undefined ? {} : { reason }),
      ...(actor === undefined ? {} : { actor }),
    });
  }

  /**
   * Ends the visit of a visitor at the visitor's own wish, such as a sign-out: neither sets nor lifts a block, and is
   * not in the audit log. A later sign of life starts the next visit.
   * @param ctx that of a mutation or an action of the app
   * @param report whose, and what the page reports of the visit
   * @returns `ended: false` where no visit was under way, `sessionId: null` where there is no such session
   *
   * @example
   * ```ts
   * export const leave = mutation({
   *   args: { anonymousId: v.string() },
   *   handler: (ctx, { anonymousId }) => sessions.endVisit(ctx, { anonymousId }),
   * });
   * ```
   */
  async endVisit(
    ctx: MutationRunner,
    { anonymousId, visit }: VisitorReport,
  ): Promise<Omit<Ended, "blockedUntil">> {
    return await ctx.runMutation(this.component.visitors.end.visit, {
      anonymousId,
      ...(visit === undefined ? {} : { visit }),
    });
  }

  /**
   * Erases a visitor: the session at once, its visits and actions in this call and in scheduled ones, and a block
   * with it. The app's hook `onPurged` is called in the same transaction; where it fails the visitor is erased all the
   * same, and what the hook owes is kept until it has taken it. A browser that comes again is a new visitor.
   * @param ctx that of a mutation or an action of the app
   * @param of whom
   * @throws ConvexError `{ kind: "invalidArgument", argument }` for an empty `reason`
   *
   * @example
   * ```ts
   * export const deleteMe = mutation({
   *   args: { anonymousId: v.string() },
   *   handler: async (ctx, { anonymousId }) => {
   *     const { told } = await sessions.forget(ctx, { anonymousId, isOwnWish: true });
   *     if (told !== null && told.error !== null) console.error(told.error);
   *   },
   * });
   * ```
   */
  async forget(
    ctx: MutationRunner & QueryRunner,
    of: ForgetOf,
  ): Promise<Forgotten> {
    const { reason, isOwnWish = false, actor = "app" } = of;
    const anonymousId = await this.#anonymousIdOf(ctx, of);
    if (anonymousId === null) {
      return { erased: false, sessionId: null, actions: 0, told: null };
    }
    return await ctx.runMutation(this.component.visitors.forget.visitor, {
      anonymousId,
      ...(isOwnWish ? {} : { actor }),
      ...(reason === undefined ? {} : { reason }),
    });
  }

  /**
   * Links a visitor's session to a user of the app, in place of any other; creates the session where there is none.
   * The visit under way becomes the user's, those that are over stay whose they were. Take the `userId` from
   * `ctx.auth`, never from what the browser sends.
   *
   * Reads three documents and writes one; one and none where the visitor is linked to this user already.
   * @param ctx that of a mutation or an action of the app
   * @param of whom to whom
   * @throws ConvexError `invalidAnonymousId`; `invalidArgument` for a `userId` that has not 1 to 1,024 characters;
   *   `revoked`, with `retryAfterMs` in ms where the block ends, while the visitor is blocked; `tooManySessions`, with
   *   `retryAfterMs`, for a new visitor beyond `maxNewSessionsPerMinute`
   *
   * @example
   * ```ts
   * export const signedIn = mutation({
   *   args: { anonymousId: v.string() },
   *   handler: async (ctx, { anonymousId }) => {
   *     const user = await ctx.auth.getUserIdentity();
   *     if (user === null) throw new Error("Nobody is signed in.");
   *     await sessions.link(ctx, { anonymousId, userId: user.subject });
   *   },
   * });
   * ```
   */
  async link(
    ctx: MutationRunner,
    { anonymousId, userId }: LinkOf,
  ): Promise<Linked> {
    return await ctx.runMutation(this.component.visitors.link.user, {
      anonymousId,
      userId,
    });
  }

  /**
   * Links a session to nobody, as after a sign-out. Ends nothing: the visit under way goes on as nobody's, and those
   * that are over stay whose they were.
   *
   * Reads three documents and writes one; one and none where it is linked to nobody already.
   * @param ctx that of a mutation or an action of the app
   * @param of the session
   * @returns `unlinked: false` where it was linked to nobody, `sessionId: null` where there is no such session
   *
   * @example
   * ```ts
   * export const signedOut = mutation({
   *   args: { anonymousId: v.string() },
   *   handler: (ctx, { anonymousId }) => sessions.unlink(ctx, { anonymousId }),
   * });
   * ```
   */
  async unlink(ctx: MutationRunner, of: SessionOf): Promise<Unlinked> {
    const session = idOf(of);
    return await ctx.runMutation(this.component.visitors.link.none, {
      session,
    });
  }

  /**
   * Starts a purge of sessions that have been inactive for so many days, by the deployment's clock, with their visits
   * and actions; where a purge is under way, names that one instead. Its first page follows at once, in a transaction of
   * its own: `sessions-ops runs show RUN_ID` tells of it. The schedule `purge` does the same by the retention.
   *
   * Writes two documents here, whatever there is to purge.
   * @param ctx that of a mutation or an action of the app
   * @param of for how long they have been inactive
   * @throws ConvexError `invalidArgument` for `daysInactive` that is not more than 0; `invalidCutoff` for less than the
   *   idle timeout
   *
   * @example
   * ```ts
   * export const cleanUp = internalMutation({
   *   args: {},
   *   handler: (ctx) => sessions.purge(ctx, { daysInactive: 30 }),
   * });
   * ```
   */
  async purge(
    ctx: MutationRunner,
    { daysInactive, actor = "app" }: PurgeOf,
  ): Promise<PurgeStarted> {
    if (!(daysInactive > 0)) {
      throw new ConvexError({
        kind: "invalidArgument",
        message: `daysInactive must be more than 0, got ${daysInactive}.`,
        argument: "daysInactive",
      });
    }
    return await ctx.runMutation(this.component.runs.control.start, {
      kind: "purge",
      cutoff: { daysAgo: daysInactive },
      actor,
      trigger: "app",
    });
  }

  async #anonymousIdOf(
    ctx: QueryRunner,
    of: SessionOf,
  ): Promise<string | null> {
    if ("anonymousId" in of) return of.anonymousId;
    const session = await ctx.runQuery(this.component.operator.show.get, {
      id: of.sessionId,
      kind: "sessionId",
    });
    return session?.anonymousId ?? null;
  }
}
