import {
  createFunctionHandle,
  type FunctionReference,
  type FunctionVisibility,
  type GenericDataModel,
  type GenericMutationCtx,
} from "convex/server";
import { v } from "convex/values";
import type { ComponentApi } from "../convex/sessionTracker/_generated/component.js";
import {
  HOOK_NAMES,
  type HookName,
  type HookSession,
  vHookSession,
} from "../convex/sessionTracker/shared/hooks.js";

/**
 * The `args` of a mutation that is a hook: the sessions that it is told of, each with its ids and times. A page of a
 * run tells of all its sessions at once, all else of one.
 */
export const vHookArgs = { sessions: v.array(vHookSession) };

/** A mutation of the app, public or internal, with `args: vHookArgs`, that returns nothing. */
export type Hook = FunctionReference<
  "mutation",
  FunctionVisibility,
  { sessions: HookSession[] },
  null
>;

/**
 * The app's hooks: mutations that the component calls in the same transaction as what they are told of, after all
 * writes of its own, so that a hook may call the component for the same visitor. A hook left out stays as it is;
 * `null` removes the hook. An import and a restored backup call none. A hook that runs out of time fails the
 * transaction that it is called in, whatever else is said here, as no mutation can catch that.
 */
export interface SessionHooks {
  /**
   * Called when a visit starts, with its number as `visit`: 1 for a new session, then each next one. Not called for
   * heartbeats and actions within a visit. Where it throws, the visitor is tracked all the same, the hook's writes are
   * undone, and `status` and `doctor` name it; the call is not made up for.
   */
  onStarted?: Hook | null;
  /**
   * Called by runs with the sessions whose visit they expire. Not called for a visitor who comes back before a run
   * has come: that is `onStarted` with the next number. Where it throws, the run sets those sessions aside.
   */
  onExpired?: Hook | null;
  /**
   * Called when a visit is ended by the visitor, an operator, the app or a run, and when a session is blocked that had
   * ended or expired before: with `reason` and `blockedUntil`, where there are. Not called for expiry. Where it throws,
   * the session is ended and blocked all the same, by a run as well, and `status` and `doctor` name the hook; the call is
   * not made up for.
   */
  onEnded?: Hook | null;
  /**
   * Called with sessions that are purged, or whose visitor is erased, whichever state they were in. Where it throws, a
   * purge sets those sessions aside; somebody who is erased is erased all the same, and the call is owed until the hook
   * has taken it, which is tried again and again.
   */
  onPurged?: Hook | null;
  /**
   * Called when a visitor is linked to a user, or no longer: with `userId`, and with `previousUserId`, where there
   * are. Not called for a link to the same user again. Where it throws, nobody is linked: the link throws the hook's
   * `ConvexError`, or an error that names the hook.
   */
  onLinked?: Hook | null;
}

/**
 * Sets the app's hooks. To be called once, from a mutation of the app, as only mutations can make handles of
 * functions.
 *
 * @param ctx that of the mutation
 * @param component as the app has mounted it: `components.sessionTracker`
 * @param hooks a hook left out stays as it is, `null` removes it
 * @throws Error of Convex where a hook names no function of the deployed code
 *
 * @example
 * With `deleteOf` in `convex/carts.ts`, an `internalMutation` with `args: vHookArgs`:
 * ```ts
 * // convex/install.ts
 * import { makeFunctionReference } from "convex/server";
 * import { setSessionHooks, type HookSession } from "sessions-ops";
 * import { components } from "./_generated/api.js";
 * import { internalMutation } from "./_generated/server.js";
 *
 * // Or `internal.carts.deleteOf`, as Convex generates it.
 * const deleteOf = makeFunctionReference<
 *   "mutation",
 *   { sessions: HookSession[] },
 *   null
 * >("carts:deleteOf");
 *
 * export const installHooks = internalMutation({
 *   args: {},
 *   handler: async (ctx) => {
 *     const hooks = { onPurged: deleteOf };
 *     await setSessionHooks(ctx, components.sessionTracker, hooks);
 *   },
 * });
 * ```
 */
export async function setSessionHooks(
  ctx: Pick<GenericMutationCtx<GenericDataModel>, "runMutation">,
  component: ComponentApi,
  hooks: SessionHooks,
): Promise<void> {
  const args: Partial<Record<HookName, string | null>> = {};
  for (const name of HOOK_NAMES) {
    const hook = hooks[name];
    if (hook === undefined) continue;
    args[name] = hook === null ? null : await createFunctionHandle(hook);
  }
  await ctx.runMutation(component.settings.settings.setHooks, args);
}
