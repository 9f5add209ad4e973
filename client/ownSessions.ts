/** What users who are signed in see and do of their own devices: the sessions that are linked to them. */
import {
  mutationGeneric,
  paginationOptsValidator,
  paginationResultValidator,
  queryGeneric,
  type PaginationResult,
} from "convex/server";
import { ConvexError, v } from "convex/values";
import {
  type AppSession,
  vAppSession,
} from "../convex/sessionTracker/shared/appSessions.js";
import {
  type Block,
  type BlockedUntil,
  vBlock,
} from "../convex/sessionTracker/shared/sessions.js";
import type { AppCtx } from "./calls.js";
import { noItems } from "./pages.js";
import type { SessionTracker } from "./tracker.js";

/** Returns the app's id of the user who calls, or `null` where nobody is signed in. */
export type Identify = (ctx: AppCtx) => string | null | Promise<string | null>;

const { sessionId, state, createdAt, lastActive, visits, entry, path } =
  vAppSession.fields;
const { blockedUntil } = vAppSession.fields;

const vOwnSession = v.object({
  sessionId,
  state,
  createdAt,
  lastActive,
  visits,
  entry,
  path,
  blockedUntil,
});
/** A session of the user who asks. Times are in ms since the epoch, by the deployment's clock. */
export type OwnSession = Pick<
  AppSession,
  | "sessionId"
  | "state"
  | "createdAt"
  | "lastActive"
  | "visits"
  | "entry"
  | "path"
  | "blockedUntil"
>;

const vOwnEnded = v.object({ ended: v.boolean(), blockedUntil });
/** The answer of `endOwnSession`. */
export type OwnEndResult = {
  /** `false`: no visit was under way. */
  ended: boolean;
  /** When the block in force ends, in ms since the epoch; `null` where there is none. */
  blockedUntil: BlockedUntil | null;
};

const vOthersEnded = v.union(
  v.object({ done: v.literal(true), sessions: v.number() }),
  v.object({ done: v.literal(false) }),
);
/** The answer of `endOtherSessions`: how many were ended or blocked, or that a run goes on with them. */
export type OthersEndResult =
  | {
      /** They are ended. */
      done: true;
      /** Number of sessions ended or blocked. */
      sessions: number;
    }
  | {
      /** A run goes on with them. */
      done: false;
    };

/** The functions of `exposeSessions` by which users see and end their own sessions, and nobody else's. */
export function exposeOwnSessions(
  sessions: SessionTracker,
  identify: Identify | undefined,
) {
  return {
    /**
     * The sessions of the user whom `identify` names, newest first by creation, in pages; none where nobody is
     * signed in. That of this browser has the sessionId which `trackSession` answers. No anonymousIds.
     *
     * Reads one document a session, and one more where it is active; only this user's heartbeats re-run it.
     * @throws invalidArgument for a `numItems` under 1, or a cursor that no page has returned
     * @example With `usePaginatedQuery` of `convex-helpers/react`, which keeps pages where they ended:
     *   `usePaginatedQuery(api.sessions.getOwnSessions, {}, { initialNumItems: 20 })`
     */
    getOwnSessions: queryGeneric({
      args: { paginationOpts: paginationOptsValidator },
      returns: paginationResultValidator(vOwnSession),
      handler: async (
        ctx,
        { paginationOpts },
      ): Promise<PaginationResult<OwnSession>> => {
        const userId = (await identify?.(ctx)) ?? null;
        if (userId === null) return noItems();
        const found = await sessions.ofUser(ctx, { userId, paginationOpts });
        return { ...found, page: found.page.map(toOwnSession) };
      },
    }),

    /**
     * Ends a session of the user whom `identify` names, such as that of a lost device. Without `block` a page that is
     * open there starts the next visit; with it the device is answered `revoked` until the block is over, and only
     * `SessionTracker.unblock` or an operator lifts it. No block is made shorter. It signs nobody out of the app:
     * that is for the app's own sign-in.
     *
     * Reads two documents more than the end of a visit.
     * @throws notAuthorized where nobody is signed in; sessionNotFound for a session that is not the user's, whether or
     *   not there is one; invalidArgument
     */
    endOwnSession: mutationGeneric({
      args: { sessionId, block: v.optional(vBlock) },
      returns: vOwnEnded,
      handler: async (ctx, { sessionId, block }): Promise<OwnEndResult> => {
        const userId = await signedIn(identify, ctx, "endOwnSession");
        const session = await sessions.get(ctx, { sessionId });
        if (session?.userId !== userId) {
          throw new ConvexError({
            kind: "sessionNotFound",
            message: `There is no session ${sessionId} of yours. It may have been signed out or erased meanwhile: look at the list again.`,
            sessionId,
          });
        }
        if (outlasts(session.blockedUntil, block)) {
          return { ended: false, blockedUntil: session.blockedUntil };
        }
        const { ended, blockedUntil } = await sessions.end(ctx, {
          sessionId,
          ...BY_USER,
          ...(block === undefined ? {} : { block }),
        });
        return { ended, blockedUntil };
      },
    }),

    /**
     * Ends all sessions of the user whom `identify` names but that of this browser, as `endOwnSession` does one, however
     * many there are. With `block` those that are not active are blocked, too.
     *
     * Costs what `SessionTracker.endAllOfUser` costs, and two reads.
     * @returns `{ done: true, sessions }`, the number ended or blocked; `{ done: false }` where they are more than fit
     *   one transaction, and a run goes on with them
     * @throws notAuthorized where nobody is signed in; alreadyRunning where it takes a run, and another ends sessions;
     *   invalidArgument
     */
    endOtherSessions: mutationGeneric({
      args: { anonymousId: v.string(), block: v.optional(vBlock) },
      returns: vOthersEnded,
      handler: async (
        ctx,
        { anonymousId, block },
      ): Promise<OthersEndResult> => {
        const userId = await signedIn(identify, ctx, "endOtherSessions");
        const own = await sessions.get(ctx, { anonymousId });
        const ended = await sessions.endAllOfUser(ctx, {
          userId,
          ...BY_USER,
          ...(own === null ? {} : { exceptSessionId: own.sessionId }),
          ...(block === undefined ? {} : { block }),
        });
        return ended.done ? ended : { done: false };
      },
    }),
  };
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/** What operators read of it. */
const BY_USER = { reason: "ended by its user", actor: "its user" };

/** What is the user's business: not the app's id of the user, nor what operators write down. */
function toOwnSession(session: AppSession): OwnSession {
  const { sessionId, state, createdAt, lastActive, visits } = session;
  const { entry, path, blockedUntil } = session;
  return {
    sessionId,
    state,
    createdAt,
    lastActive,
    visits,
    ...(entry === undefined ? {} : { entry }),
    ...(path === undefined ? {} : { path }),
    blockedUntil,
  };
}

/** Whether a block in force, if any, is at least as long as what is asked for. */
function outlasts(until: BlockedUntil | null, block: Block | undefined) {
  if (until === null || block === "forever") return until === "forever";
  if (until === "forever" || block === undefined) return true;
  return until >= Date.now() + block.forMs;
}

async function signedIn(
  identify: Identify | undefined,
  ctx: AppCtx,
  operation: string,
): Promise<string> {
  const userId = (await identify?.(ctx)) ?? null;
  if (userId !== null) return userId;
  throw new ConvexError({
    kind: "notAuthorized",
    operation,
    message:
      identify === undefined
        ? `${operation} is for users who are signed in, and nobody is known yet. Pass { identify: async (ctx) => … } to exposeSessions and return your user's id.`
        : `${operation} is for users who are signed in, and identify named nobody.`,
  });
}
