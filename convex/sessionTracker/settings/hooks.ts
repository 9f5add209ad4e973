/**
 * Calling the app's hooks, and keeping what they owe. A hook may hold up a run, whose rows it set aside
 * are for the next; it never keeps a person from being erased.
 */
import type { FunctionHandle } from "convex/server";
import { v, type Infer } from "convex/values";
import type { Doc } from "../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../_generated/server.js";
import { type HookName, type HookSession, vHookName } from "../shared/hooks.js";
import { readHook } from "./inForce.js";

/**
 * In the page's own transaction, so that the app's rows go exactly when the sessions do.
 * @throws with the name of the hook, which fails the page
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
  /** What it threw, or why it was not called; `null` where it answered. */
  error: v.union(v.string(), v.null()),
});
export type Told = Infer<typeof vTold>;

/**
 * Tells `onPurged` of somebody who is being erased whatever it answers; where it fails, what it did
 * is undone, and it is owed.
 * @param unable why it is not to be called at all: it ran out of time, which nothing here can catch
 * @returns `null` where there is no hook
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

/** Calls a hook for one session; `null` where there is no such hook. */
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

/** What a call of app code threw, rolled back whole; `null` where it answered. */
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

/** A hook that ran out of time once would take the next erasure with it, too. */
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
