/** Writing the audit log. */
import type { Id } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";
import type { AuditEntry } from "../shared/audit.js";

/**
 * Writes one entry, in the transaction of what it tells of. Nothing of a visitor but the sessionId may be in it:
 * see `vAuditEntry`.
 */
export async function audit(
  ctx: MutationCtx,
  entry: AuditEntry,
): Promise<Id<"audit">> {
  return await ctx.db.insert("audit", { at: Date.now(), ...entry });
}
