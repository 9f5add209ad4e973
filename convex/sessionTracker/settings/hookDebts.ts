/**
 * The calls that hooks owe for people who were erased: a hook never keeps a person from being erased, and the
 * call is kept until the app's hook has taken it.
 */
import { v, type Infer } from "convex/values";
import type { MutationCtx, QueryCtx } from "../_generated/server.js";
import { type HookName, type HookSession, vHookName } from "../shared/hooks.js";
import { tellWebhooks } from "../rows/outbox/outbox.js";
import { errorOf, failureText, toHook } from "./hooks.js";
import { readHook } from "./inForce.js";

export const vTold = v.object({
  hook: vHookName,
  /** The error that the hook threw, or why it was not called; `null` where the hook answered. */
  error: v.union(v.string(), v.null()),
});
export type Told = Infer<typeof vTold>;

/**
 * Calls the hook `onPurged` for a visitor who is erased whatever the hook answers. Where the hook fails, its
 * writes are undone, and it owes the call, which is kept in `hookDebts`.
 * @param unable why the hook is not to be called but owes the call: it ran out of time before, which no
 *   mutation can catch
 * @returns `null` where the app has no such hook
 */
export async function tellErased(
  ctx: MutationCtx,
  session: HookSession,
  unable?: string,
): Promise<Told | null> {
  const hook = "onPurged" as const;
  const handle = await readHook(ctx, hook);
  if (handle === null) return null;
  const why = unable ?? (await outOfTime(ctx));
  const told =
    why === null ? await tell(ctx, hook, session) : { hook, error: why };
  if (told !== null && told.error !== null) {
    await owe(ctx, session, told.error, why !== null);
  }
  return told;
}

/**
 * Calls a hook for one session, and undoes its writes where it throws; `null` where the app has no such
 * hook.
 */
export async function tell(
  ctx: MutationCtx,
  hook: HookName,
  session: HookSession,
): Promise<Told | null> {
  const handle = await readHook(ctx, hook);
  if (handle === null) return null;
  const error = await errorOf(() =>
    ctx.runMutation(toHook(handle), { sessions: [session] }),
  );
  return {
    hook,
    error: error === null ? null : failureText(hook, handle, error),
  };
}

/** Keeps the call that `onPurged` owes for somebody who has been erased, and tells webhooks of the first. */
export async function owe(
  ctx: MutationCtx,
  session: HookSession,
  error: string,
  isOutOfTime: boolean,
): Promise<void> {
  const now = Date.now();
  const hook = "onPurged" as const;
  const debts = ctx.db.query("hookDebts").withIndex("by_creation_time");
  if ((await debts.first()) === null) {
    const data = { hook, call: "erasure" } as const;
    await tellWebhooks(ctx, { type: "hook.failed", data });
  }
  await ctx.db.insert("hookDebts", {
    hook,
    session,
    error,
    erasedAt: now,
    triedAt: now,
    ...(isOutOfTime ? { isOutOfTime: true as const } : {}),
  });
}

/**
 * Why `onPurged` is not called: after it ran out of time once, it would undo the next erasure too. Else
 * `null`.
 */
export async function outOfTime(ctx: QueryCtx): Promise<string | null> {
  const debt = await ctx.db
    .query("hookDebts")
    .withIndex("isOutOfTime", (q) => q.eq("isOutOfTime", true))
    .first();
  return debt === null
    ? null
    : "The app's hook onPurged was not called: it ran out of time for somebody else, and that is still owed.";
}
