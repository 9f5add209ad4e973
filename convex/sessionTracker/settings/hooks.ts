/**
 * Calling the app's hooks, and keeping the calls that they owe. A hook that fails may hold up a run: the rows
 * that the run set aside are left for the next run. A hook never keeps a person from being erased.
 */
import type { FunctionHandle } from "convex/server";
import { v, type Infer } from "convex/values";
import type { Doc } from "../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../_generated/server.js";
import { type HookName, type HookSession, vHookName } from "../shared/hooks.js";
import { readHook } from "./inForce.js";

/**
 * Calls a hook with a page's sessions, in the page's own transaction, so that the app's rows go exactly when the
 * sessions do. Does nothing where the app has no such hook, or there are no sessions.
 * @throws an `Error` that names the hook, which fails the page
 */
export async function callHook(
  ctx: MutationCtx,
  name: HookName,
  sessions: HookSession[],
): Promise<void> {
  if (sessions.length === 0) return;
  const handle = await readHook(ctx, name);
  if (handle === null) return;
  const error = await errorOf(() =>
    ctx.runMutation(toHook(handle), { sessions }),
  );
  if (error !== null) throw new Error(failureText(name, handle, error));
}

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
    const now = Date.now();
    await ctx.db.insert("hookDebts", {
      hook,
      session,
      error: told.error,
      erasedAt: now,
      triedAt: now,
      ...(why === null ? {} : { isOutOfTime: true }),
    });
  }
  return told;
}

export function toHookSession(
  session: Doc<"sessions">,
  lastActive: number,
): HookSession {
  const { _id, anonymousId, createdAt, userId } = session;
  return {
    sessionId: _id,
    anonymousId,
    createdAt,
    lastActive,
    ...(userId === undefined ? {} : { userId }),
  };
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

type Hook = FunctionHandle<"mutation", { sessions: HookSession[] }>;

export function toHook(handle: string): Hook {
  return handle as Hook;
}

/** The message of the error that a call of app code threw; `null` where the call answered. */
export async function errorOf(
  call: () => Promise<unknown>,
): Promise<string | null> {
  try {
    await call();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/**
 * Why `onPurged` is not called: after it ran out of time once, it would undo the next erasure too. Else
 * `null`.
 */
async function outOfTime(ctx: QueryCtx): Promise<string | null> {
  const debt = await ctx.db
    .query("hookDebts")
    .withIndex("isOutOfTime", (q) => q.eq("isOutOfTime", true))
    .first();
  return debt === null
    ? null
    : "The app's hook onPurged was not called: it ran out of time for somebody else, and that is still owed.";
}

function failureText(name: HookName, handle: string, error: string): string {
  return `The app's hook ${name} (${handle.split(";").at(-1) ?? handle}) failed: ${error}`.slice(
    0,
    1_000,
  );
}
