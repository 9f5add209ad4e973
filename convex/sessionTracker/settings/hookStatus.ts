/** The app's hooks as operators see them. */
import { v, type Infer } from "convex/values";
import type { QueryCtx } from "../_generated/server.js";
import { HOOK_NAMES, vHookName } from "../shared/hooks.js";
import { settingsRow } from "./inForce.js";

export const vHookStatus = v.object({
  name: vHookName,
  /** The handle of the app's mutation. */
  handle: v.string(),
  /**
   * The failures for visitors who were served all the same, since the hook was set: the first and the last, in ms
   * since the epoch, and the error of one of the last minute before `at`. `null` where there was none.
   */
  failure: v.union(
    v.object({ since: v.number(), at: v.number(), error: v.string() }),
    v.null(),
  ),
});
export type HookStatus = Infer<typeof vHookStatus>;

/** The hooks that are set. */
export async function listHooks(ctx: QueryCtx): Promise<HookStatus[]> {
  const row = await settingsRow(ctx);
  const found: HookStatus[] = [];
  for (const name of HOOK_NAMES) {
    const handle = row?.[name];
    if (handle === undefined) continue;
    const failed = await ctx.db
      .query("hookFailures")
      .withIndex("hook", (q) => q.eq("hook", name))
      .unique();
    const failure =
      failed === null
        ? null
        : { since: failed.since, at: failed.at, error: failed.error };
    found.push({ name, handle, failure });
  }
  return found;
}
