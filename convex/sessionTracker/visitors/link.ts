/** Linking a visitor to the user of the app that the visitor turned out to be, and undoing that. */
import { v, type Infer } from "convex/values";
import type { Doc } from "../_generated/dataModel.js";
import { mutation, type MutationCtx } from "../_generated/server.js";
import { checkReason, fail } from "../shared/errors.js";
import {
  ANONYMOUS_ID_RULE,
  blockOf,
  isAnonymousId,
  MAX_USER_ID,
  revoked,
  vSessionOf,
} from "../shared/sessions.js";
import { whyOver } from "../shared/visits.js";
import { audit } from "../rows/audit.js";
import { findLease, findOne, findSession } from "../rows/sessions.js";
import { callHook, toHookSession } from "../settings/hooks.js";
import { startVisit, tellStarted } from "./startVisit.js";

const vBy = v.object({
  /** Who does it, for the audit log; left out where visitors do it themselves, which is not in it. */
  actor: v.optional(v.string()),
  /** Why, for the audit log. */
  reason: v.optional(v.string()),
});

/**
 * Links the visitor's session to a user of the app, in place of any other user; creates the session where there
 * is none. Visits that are over stay those of whoever was linked when they were; the one under way becomes the
 * user's. Of a visitor who is linked to this user already it reads one document and writes none. The app's hook
 * `onLinked` hears of it in the same transaction; where it fails, nobody is linked, and its own `ConvexError` is
 * thrown on.
 * @param userId the app's own id of the user
 * @throws invalidAnonymousId; invalidArgument `{ argument: "userId" }` for none or one of more than 1,024 characters;
 *   revoked `{ retryAfterMs? }` while the visitor is blocked; tooManySessions `{ retryAfterMs }` for a
 *   new visitor beyond the bounds of the settings
 */
export const user = mutation({
  args: { anonymousId: v.string(), userId: v.string(), ...vBy.fields },
  returns: v.object({ sessionId: v.string(), userId: v.string() }),
  handler: async (ctx, { anonymousId, userId, ...by }) => {
    checkReason(by.reason);
    checkUserId(userId);
    const existing = isAnonymousId(anonymousId)
      ? await findSession(ctx, anonymousId)
      : fail("invalidAnonymousId", ANONYMOUS_ID_RULE);
    const now = Date.now();
    const block = existing && blockOf(existing, now);
    if (block !== null) {
      const { retryAfterMs } = revoked(block, now);
      fail(
        "revoked",
        "The visitor's session was ended and is blocked: it can be linked to nobody until the block is over or lifted.",
        retryAfterMs === undefined ? {} : { retryAfterMs },
      );
    }
    if (existing !== null) {
      if (existing.userId !== userId) {
        await auditLink(ctx, "session.linked", existing._id, by);
        await hand(ctx, existing, userId);
      }
      return { sessionId: existing._id, userId };
    }
    const visit = await create(ctx, anonymousId, now);
    const { session: sessionId } = visit;
    await ctx.db.patch("sessions", sessionId, { userId });
    await auditLink(ctx, "session.linked", sessionId, by);
    await tellStarted(ctx, visit);
    const created = { _id: sessionId, anonymousId, createdAt: now };
    await tellLinked(ctx, created, userId, now);
    return { sessionId, userId };
  },
});

/**
 * Links the session to nobody, as after a sign-out. Ends nothing: the visit under way goes on as nobody's, and
 * those that are over stay those of whoever was linked when they were. The app's hook `onLinked` hears of it, as of
 * a link.
 * @returns `unlinked: false` where it was linked to nobody; `sessionId: null` where there is no session
 */
export const none = mutation({
  args: { session: vSessionOf, ...vBy.fields },
  returns: v.object({
    unlinked: v.boolean(),
    sessionId: v.union(v.string(), v.null()),
  }),
  handler: async (ctx, { session: of, ...by }) => {
    checkReason(by.reason);
    const session = await findOne(ctx, of);
    if (session === null) return { unlinked: false, sessionId: null };
    const { _id: sessionId, userId } = session;
    if (userId === undefined) return { unlinked: false, sessionId };
    await auditLink(ctx, "session.unlinked", sessionId, by);
    await hand(ctx, session, undefined);
    return { unlinked: true, sessionId };
  },
});

// ── Helpers ─────────────────────────────────────────────────────────────────

/** Says in the audit log that a session was linked or unlinked, where somebody else than the visitor did it. */
async function auditLink(
  ctx: MutationCtx,
  what: "session.linked" | "session.unlinked",
  target: string,
  { actor, reason }: Infer<typeof vBy>,
): Promise<void> {
  if (actor === undefined) return;
  const why = reason === undefined ? {} : { reason };
  await audit(ctx, { what, actor, ...why, target });
}

function checkUserId(userId: string): void {
  if (userId !== "" && userId.length <= MAX_USER_ID) return;
  fail(
    "invalidArgument",
    `userId must have 1 to ${MAX_USER_ID} characters, got ${userId.length}.`,
    { argument: "userId" },
  );
}

/**
 * Hands a session to another user, or to nobody. A visit that is over and that no run has come by yet was over
 * before, and is not to become the next user's.
 */
async function hand(
  ctx: MutationCtx,
  session: Doc<"sessions">,
  userId: string | undefined,
): Promise<void> {
  const { _id, state, anonymousId, userId: former, inactiveSince } = session;
  const lease = state === "active" ? await findLease(ctx, anonymousId) : null;
  const isOver = lease !== null && whyOver(lease, Date.now()) !== null;
  if (isOver && lease.formerUserId === undefined) {
    const formerUserId = former ?? null;
    await ctx.db.patch("leases", lease._id, { formerUserId });
  }
  await ctx.db.patch("sessions", _id, { userId });
  const lastActive = lease?.lastActive ?? inactiveSince ?? session.createdAt;
  await tellLinked(ctx, session, userId, lastActive);
}

type Linked = Pick<Doc<"sessions">, "_id" | "anonymousId" | "createdAt"> &
  Partial<Pick<Doc<"sessions">, "userId">>;

/**
 * Tells the app's hook, as the last thing that a mutation does: the hook may call the component.
 * @param session as it was before
 */
async function tellLinked(
  ctx: MutationCtx,
  { _id, anonymousId, createdAt, userId: previousUserId }: Linked,
  userId: string | undefined,
  lastActive: number,
): Promise<void> {
  await callHook(ctx, "onLinked", [
    {
      ...toHookSession({ _id, anonymousId, createdAt }, lastActive),
      ...(userId === undefined ? {} : { userId }),
      ...(previousUserId === undefined ? {} : { previousUserId }),
    },
  ]);
}

async function create(ctx: MutationCtx, anonymousId: string, now: number) {
  const visit = await startVisit(ctx, anonymousId, null, null, now);
  if (visit.ok) return visit;
  if (visit.reason === "invalidAnonymousId") {
    fail(
      "invalidAnonymousId",
      "anonymousId must not be the sessionId of another visitor",
    );
  }
  const { reason, retryAfterMs } = visit;
  fail(
    reason,
    `More new visitors come than maxNewSessionsPerMinute lets in; try again in ${retryAfterMs} ms.`,
    { retryAfterMs },
  );
}
