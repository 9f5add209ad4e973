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

/** The `args` of a hook mutation. */
export const vHookArgs = { sessions: v.array(vHookSession) };

type Hook = FunctionReference<
  "mutation",
  FunctionVisibility,
  { sessions: HookSession[] },
  null
>;

/** A hook left out stays as it is; `null` removes it. */
export interface SessionHooks {
  onExpired?: Hook | null;
  onPurged?: Hook | null;
}

/**
 * Names the app's mutations that are called with each page's sessions, in the page's own
 * transaction. To be called from a mutation of the app, once: only there can handles be made.
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
