/** Linking a visitor to the user of the app that the visitor turned out to be. */
import { v } from "convex/values";
import { mutation } from "../_generated/server.js";
import { fail } from "../shared/errors.js";
import {
  ANONYMOUS_ID_RULE,
  blockOf,
  isAnonymousId,
  revoked,
} from "../shared/sessions.js";
import { findSession } from "../rows/sessions.js";
import { startVisit } from "./startVisit.js";

/**
 * Links the visitor's session to a user of the app, in place of any other user; creates the session where there
 * is none.
 * @param userId the app's own id of the user
 * @throws invalidAnonymousId; revoked `{ retryAfterMs? }` while the visitor is blocked
 */
export const user = mutation({
  args: { anonymousId: v.string(), userId: v.string() },
  returns: v.object({ sessionId: v.string(), userId: v.string() }),
  handler: async (ctx, { anonymousId, userId }) => {
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
    const sessionId =
      existing?._id ??
      (await startVisit(ctx, anonymousId, null, null, now))?.session ??
      fail(
        "invalidAnonymousId",
        "anonymousId must not be the sessionId of another visitor",
      );
    if (existing?.userId !== userId) {
      await ctx.db.patch("sessions", sessionId, { userId });
    }
    return { sessionId, userId };
  },
});
