/** Hooks that fail on purpose, so that tests can make a page fail through the public seam. */
import { createFunctionHandle, makeFunctionReference } from "convex/server";
import { v } from "convex/values";
import { vHookArgs } from "../../../client/hooks.js";
import { api } from "../../../convex/sessionTracker/_generated/api.js";
import { internalMutation } from "../../../convex/sessionTracker/_generated/server.js";
import type { Component } from "./rows.js";
import { setUpComponent } from "./setup.js";

/** Refuses each page that holds a visitor whose id starts with "poison". */
export const refusePoison = internalMutation({
  args: vHookArgs,
  returns: v.null(),
  handler: (_ctx, { sessions }) => {
    const poison = sessions.find(({ anonymousId }) =>
      anonymousId.startsWith("poison"),
    );
    if (poison !== undefined) throw new Error(`${poison.anonymousId} refused`);
    return null;
  },
});

/** The component with all hooks refusing poison. */
export async function setUpWithFaults(): Promise<Component> {
  const t = setUpComponent({
    faults: () => import("./faults.js"),
  });
  await t.mutation(async (ctx) => {
    const hook = await createFunctionHandle(
      makeFunctionReference<"mutation">("faults:refusePoison"),
    );
    await ctx.runMutation(api.settings.settings.setHooks, allHooks(hook));
  });
  return t;
}

/** Removes the hooks that refuse poison: the fault is mended. */
export async function removeFaults(t: Component): Promise<void> {
  await t.mutation(api.settings.settings.setHooks, allHooks(null));
}

/** The same handle for each hook; `null` removes them. */
export function allHooks(hook: string | null) {
  return {
    onStarted: hook,
    onExpired: hook,
    onEnded: hook,
    onPurged: hook,
    onLinked: hook,
  };
}
