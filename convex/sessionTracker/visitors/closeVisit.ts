import type { Doc } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";

/** Moves a visit's end from the lease to the session. Counting is the caller's: it may batch. */
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
