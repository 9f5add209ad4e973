/**
 * Support for tests of due times: a purge schedule that always has one session to take, and the runs that
 * it made.
 */
import { createFunctionHandle, makeFunctionReference } from "convex/server";
import { v } from "convex/values";
import { vHookArgs } from "../../../client/hooks.js";
import {
  api,
  internal,
} from "../../../convex/sessionTracker/_generated/api.js";
import { internalMutation } from "../../../convex/sessionTracker/_generated/server.js";
import { countStates } from "../../../convex/sessionTracker/rows/counters.js";
import type { Component } from "./rows.js";
import { seedExpired, visitors } from "./runKit.js";
import { setUpComponent } from "./setup.js";

/**
 * Puts back the sessions that a purge takes, in the purge's own transaction, so that the next fire finds one too.
 * The new session is older than the one taken, so that the same purge does not come by it.
 */
export const refill = internalMutation({
  args: vHookArgs,
  returns: v.null(),
  handler: async (ctx, { sessions }) => {
    for (const { anonymousId, lastActive } of sessions) {
      await ctx.db.insert("sessions", {
        anonymousId,
        createdAt: 0,
        state: "expired",
        visits: 1,
        actionCount: 0,
        inactiveSince: lastActive - 1,
      });
    }
    await countStates(ctx, { expired: sessions.length });
    return null;
  },
});

/** The component, where each purge finds one session; the expire schedule keeps out of the way. */
export async function setUpWithRefill(): Promise<Component> {
  const t = setUpComponent({
    fireKit: () => import("./fireKit.js"),
  });
  await t.mutation(async (ctx) => {
    const onPurged = await createFunctionHandle(
      makeFunctionReference<"mutation">("fireKit:refill"),
    );
    await ctx.runMutation(api.settings.settings.setHooks, { onPurged });
  });
  await seedExpired(t, visitors(1, 1_000_000));
  await setSpec(t, "expire", "59 23 * * 6", "UTC");
  return t;
}

export async function setSpec(
  t: Component,
  name: "expire" | "purge",
  spec: string,
  timeZone: string,
): Promise<void> {
  await t.mutation(api.schedules.change.set, {
    name,
    spec,
    timeZone,
    actor: "test",
  });
}

export async function checkWatchdog(t: Component): Promise<void> {
  await t.mutation(internal.schedules.watchdog.check, {});
}

/** The starts of all purges so far, as ISO 8601, oldest first. */
export async function purgesOf(t: Component): Promise<string[]> {
  const runs = await t.run((ctx) =>
    ctx.db
      .query("runs")
      .withIndex("kind_startedAt", (q) => q.eq("kind", "purge"))
      .collect(),
  );
  return runs.map(({ startedAt }) => new Date(startedAt).toISOString());
}
