/**
 * Telling the app's hooks of all sessions that a page of a run has ended or erased, whatever the hooks answer: in
 * one call, and where that fails, in a call for each session, so that only those go without for whom it fails.
 */
import type { MutationCtx } from "../_generated/server.js";
import type { HookName, HookSession } from "../shared/hooks.js";
import { outOfTime, owe, tellErased } from "./hookDebts.js";
import {
  errorOf,
  failureText,
  noteFailure,
  tellHook,
  toHook,
} from "./hooks.js";
import { readHook } from "./inForce.js";

/**
 * Calls `onEnded`. A failure is noted for `status` and `doctor`.
 * @param unable why the hook is not called: it ran out of time, which no mutation can catch
 * @throws as `callForAll`
 */
export async function tellAllEnded(
  ctx: MutationCtx,
  sessions: HookSession[],
  unable?: string,
): Promise<void> {
  if (unable !== undefined) {
    await noteFailure(ctx, "onEnded", unable);
    return;
  }
  if (await callForAll(ctx, "onEnded", sessions)) return;
  for (const session of sessions) await tellHook(ctx, "onEnded", session);
}

/**
 * Calls `onPurged` for those who are erased. It owes the calls that fail.
 * @param unable why the hook is not called, but owes the calls: it ran out of time, which no mutation can catch
 * @throws as `callForAll`
 */
export async function tellAllErased(
  ctx: MutationCtx,
  sessions: HookSession[],
  unable?: string,
): Promise<void> {
  if (sessions.length === 0) return;
  if ((await readHook(ctx, "onPurged")) === null) return;
  const why = unable ?? (await outOfTime(ctx));
  if (why !== null) {
    for (const session of sessions) await owe(ctx, session, why, true);
    return;
  }
  if (await callForAll(ctx, "onPurged", sessions)) return;
  for (const session of sessions) await tellErased(ctx, session);
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/** The most sessions for each of which a hook is called. */
const MOST_ONE_BY_ONE = 100;
/** The queries that a transaction has to have left for these calls, or they would fail of what the first used up. */
const QUERIES_ONE_BY_ONE = 1_000;

/**
 * Calls a hook for all sessions in one call; nothing where the app has no such hook, or there are no sessions.
 * @returns `false` where the hook failed and is to be called for each alone
 * @throws an `Error` that names the hook, where there are too many for that: the page is to be tried with fewer
 */
async function callForAll(
  ctx: MutationCtx,
  name: HookName,
  sessions: HookSession[],
): Promise<boolean> {
  const handle = sessions.length === 0 ? null : await readHook(ctx, name);
  if (handle === null) return true;
  const error = await errorOf(() =>
    ctx.runMutation(toHook(handle), { sessions }),
  );
  if (error === null) return true;
  const { databaseQueries } = await ctx.meta.getTransactionMetrics();
  const isShort = databaseQueries.remaining < QUERIES_ONE_BY_ONE;
  const { length } = sessions;
  if (length > MOST_ONE_BY_ONE || (isShort && length > 1)) {
    throw new Error(failureText(name, handle, error));
  }
  return false;
}
