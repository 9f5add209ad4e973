/** What the class does to all sessions of a user at once. */
import type { Block } from "../convex/sessionTracker/shared/sessions.js";
import type { MutationRunner } from "./calls.js";
import { SessionReader } from "./reader.js";

/** Whose sessions to end, and for how long their visitors may not come back. */
export interface EndOfUser {
  /** The app's own id of the user, as the sessions were linked to it. */
  userId: string;
  /** `{ forMs }`, in ms from now up to a hundred years, or `"forever"`. @default the visitors may come back at once */
  block?: Block;
  /** Kept with the sessions until the visitors come back, and with the run; not empty. @default none */
  reason?: string;
  /** The session that stays as it is, such as the one from which the user asks. @default none does */
  exceptSessionId?: string;
  /** Who does it, for the run and the audit log. @default app */
  actor?: string;
}

/** Whom to erase. */
export interface ForgetUser {
  /** The app's own id of the user, as the sessions were linked to it. */
  userId: string;
  /** Why, for the run and the audit log; not empty. @default none */
  reason?: string;
  /** Who does it, for the run and the audit log. @default app */
  actor?: string;
}

/** Done in the caller's transaction, or by a run that goes on after it. */
export type DoneOfUser = DoneAtOnce | DoneByRun;

/** Done in the caller's transaction. */
export interface DoneAtOnce {
  /** Always `true`. */
  done: true;
  /** Number of sessions ended or blocked, or erased. */
  sessions: number;
}

/** Done by a run, whose first page follows at once. */
export interface DoneByRun {
  /** Always `false`. */
  done: false;
  /** Its id, for `sessions-ops runs show`. */
  runId: string;
}

/** The part of `SessionTracker` that ends and erases all sessions of a user. */
export class SessionsOfUser extends SessionReader {
  /**
   * Ends the visits under way of a user, however many there are. With `block` all of the user's sessions are kept
   * from coming back, also those that are not active; a block that lasts longer stays. Up to a hundred sessions are
   * ended in this transaction (twenty where the app has the hook `onEnded`); those of a user with more by a run,
   * whose first page follows at once: `sessions-ops runs show RUN_ID` tells of it.
   *
   * Costs six reads and two writes a session with a visit under way, three and one for the block of another.
   * @param ctx that of a mutation or an action of the app
   * @param of whose sessions, and for how long their visitors may not come back
   * @returns `{ done: true, sessions }`, the number ended or blocked, or `{ done: false, runId }`
   * @throws ConvexError `alreadyRunning`, with its `runId`, where it takes a run while another ends sessions, and then
   *   nothing is done; `invalidArgument` for an empty `userId` or `reason`, or a `forMs` that is not a whole number
   *   from 1
   *
   * @example
   * ```ts
   * export const signOutEverywhere = mutation({
   *   args: { exceptSessionId: v.optional(v.string()) },
   *   handler: async (ctx, args) => {
   *     const user = await ctx.auth.getUserIdentity();
   *     if (user === null) throw new Error("Nobody is signed in.");
   *     const { subject: userId } = user;
   *     await sessions.endAllOfUser(ctx, { userId, ...args });
   *   },
   * });
   * ```
   */
  async endAllOfUser(ctx: MutationRunner, of: EndOfUser): Promise<DoneOfUser> {
    const { userId, block, reason, exceptSessionId, actor } = of;
    return await ctx.runMutation(this.component.runs.many.ofUser.end, {
      userId,
      ...(block === undefined ? {} : { block }),
      ...(reason === undefined ? {} : { reason }),
      ...(exceptSessionId === undefined ? {} : { exceptSessionId }),
      ...(actor === undefined ? {} : { actor }),
    });
  }

  /**
   * Erases all visitors who are linked to a user, with their visits, actions and blocks, as `forget` does for one.
   * Up to a hundred sessions with up to three hundred visits and actions are erased in this transaction (twenty
   * sessions where the app has the hook `onPurged`); what is more by a run, whose first page follows at once. A hook
   * that fails keeps nobody from being erased: it owes the call.
   *
   * Costs three reads and two writes a session, three and one more with a visit under way, and two and one for each
   * visit and action.
   * @param ctx that of a mutation or an action of the app
   * @param of whom
   * @returns `{ done: true, sessions }`, the number erased, or `{ done: false, runId }`
   * @throws ConvexError `alreadyRunning`, with its `runId`, where it takes a run while another erases, and then
   *   nothing is done; `invalidArgument` for an empty `userId` or `reason`
   *
   * @example
   * ```ts
   * export const deleteAccount = internalMutation({
   *   args: { userId: v.string() },
   *   handler: (ctx, { userId }) =>
   *     sessions.forgetUser(ctx, { userId, reason: "account deleted" }),
   * });
   * ```
   */
  async forgetUser(ctx: MutationRunner, of: ForgetUser): Promise<DoneOfUser> {
    const { userId, reason, actor } = of;
    return await ctx.runMutation(this.component.runs.many.ofUser.forget, {
      userId,
      ...(reason === undefined ? {} : { reason }),
      ...(actor === undefined ? {} : { actor }),
    });
  }
}
