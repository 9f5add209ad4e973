/** How a visit closes. */
import type { Doc } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";

/**
 * Closes the visit under way: writes its end and its number of actions to the session, and deletes the lease.
 * The counters are left to the caller, who may close many visits and count them at once.
 */
export async function closeVisit(
  ctx: MutationCtx,
  session: Doc<"sessions">,
  lease: Doc<"leases">,
  end: {
    state: "expired" | "ended";
    inactiveSince: number;
    endReason?: string;
  },
): Promise<void> {
  await ctx.db.patch("sessions", session._id, {
    ...end,
    actionCount: session.actionCount + lease.actionCount,
  });
  await ctx.db.delete("leases", lease._id);
}
