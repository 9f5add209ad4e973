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
  type HookSession,
  vHookSession,
} from "../convex/sessionTracker/shared/hooks.js";

/** The `args` of a mutation that is a hook: the sessions of one page, each with its ids and times. */
export const vHookArgs = { sessions: v.array(vHookSession) };

type Hook = FunctionReference<
  "mutation",
  FunctionVisibility,
  { sessions: HookSession[] },
  null
>;

/** The app's hooks. A hook left out stays as it is; `null` removes the hook. */
export interface SessionHooks {
  /** Called with sessions whose visit has expired. */
  onExpired?: Hook | null;
  /** Called with sessions that are purged, or whose visitor is erased. */
  onPurged?: Hook | null;
}

/**
 * Sets the app's hooks: mutations that the component calls with each page's sessions, in the page's own
 * transaction. To be called once, from a mutation of the app, as only mutations can make handles of functions.
 *
 * @example
 * export const installHooks = internalMutation({
 *   args: {},
 *   handler: async (ctx) => {
 *     const hooks = { onPurged: internal.carts.deleteOf };
 *     await setSessionHooks(ctx, components.sessionTracker, hooks);
 *   },
 * });
 */
export async function setSessionHooks(
  ctx: Pick<GenericMutationCtx<GenericDataModel>, "runMutation">,
  component: ComponentApi,
  hooks: SessionHooks,
): Promise<void> {
  const args: { onExpired?: string | null; onPurged?: string | null } = {};
  for (const name of ["onExpired", "onPurged"] as const) {
    const hook = hooks[name];
    if (hook === undefined) continue;
    args[name] = hook === null ? null : await createFunctionHandle(hook);
  }
  await ctx.runMutation(component.settings.settings.setHooks, args);
}
