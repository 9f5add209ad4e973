/** The hooks of an app: one that tidies up its own rows, and one that edits a schedule. */
import {
  internalMutationGeneric,
  makeFunctionReference,
  type DataModelFromSchemaDefinition,
  type GenericMutationCtx,
  type MutationBuilder,
} from "convex/server";
import { v } from "convex/values";
import { setSessionHooks, vHookArgs } from "../../../../client/index.js";
import { sessionTracker } from "./component.js";
import type schema from "./schema.js";
import type { HookSession } from "../../../../convex/sessionTracker/shared/hooks.js";

type DataModel = DataModelFromSchemaDefinition<typeof schema>;
const internalMutation = internalMutationGeneric as MutationBuilder<
  DataModel,
  "internal"
>;

/** Deletes the carts of purged sessions; refuses a page that holds a refused visitor. */
export const deleteCarts = internalMutation({
  args: vHookArgs,
  returns: v.null(),
  handler: async (ctx, { sessions }) => {
    await record(ctx, "onPurged", sessions);
    for (const { sessionId } of sessions) {
      const cart = await ctx.db
        .query("carts")
        .withIndex("sessionId", (q) => q.eq("sessionId", sessionId))
        .unique();
      if (cart !== null) await ctx.db.delete("carts", cart._id);
    }
    const [refused] = await ctx.db.query("refused").take(1);
    if (sessions.some((s) => s.anonymousId === refused?.anonymousId)) {
      throw new Error("this visitor's invoice is still open");
    }
    return null;
  },
});

export const noteExpired = internalMutation({
  args: vHookArgs,
  returns: v.null(),
  handler: async (ctx, { sessions }) => {
    await record(ctx, "onExpired", sessions);
    return null;
  },
});

/** Changes the schedule whose run calls the hook, which no operator would do, but an app may. */
export const editSchedule = internalMutation({
  args: vHookArgs,
  returns: v.null(),
  handler: async (ctx, { sessions }) => {
    await record(ctx, "onExpired", sessions);
    await ctx.runMutation(sessionTracker.schedules.change.set, {
      name: "expire",
      spec: "*/20 * * * *",
      actor: "hook",
    });
    return null;
  },
});

const vHookName = v.union(
  v.literal("deleteCarts"),
  v.literal("noteExpired"),
  v.literal("editSchedule"),
  v.null(),
);

/** Sets the app's hooks, as an app does once after a deploy. */
export const install = internalMutation({
  args: { onExpired: vHookName, onPurged: vHookName },
  returns: v.null(),
  handler: async (ctx, { onExpired, onPurged }) => {
    await setSessionHooks(ctx, sessionTracker, {
      onExpired: hook(onExpired),
      onPurged: hook(onPurged),
    });
    return null;
  },
});

function hook(name: string | null) {
  return name === null
    ? null
    : makeFunctionReference<"mutation", { sessions: HookSession[] }, null>(
        `hooks:${name}`,
      );
}

async function record(
  ctx: GenericMutationCtx<DataModel>,
  hook: string,
  sessions: HookSession[],
): Promise<void> {
  const anonymousIds = sessions.map((session) => session.anonymousId);
  await ctx.db.insert("calls", { hook, anonymousIds, sessions });
}
