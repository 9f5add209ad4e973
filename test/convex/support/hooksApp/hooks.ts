/** The hooks of an app: ones that tidy up its own rows, and ones that call the component. */
import {
  internalMutationGeneric,
  makeFunctionReference,
  type DataModelFromSchemaDefinition,
  type GenericMutationCtx,
  type MutationBuilder,
} from "convex/server";
import { ConvexError, v } from "convex/values";
import {
  setSessionHooks,
  vHookArgs,
  type SessionHooks,
} from "../../../../client/index.js";
import { sessionTracker } from "./component.js";
import type schema from "./schema.js";
import {
  HOOK_NAMES,
  type HookSession,
} from "../../../../convex/sessionTracker/shared/hooks.js";

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
    await refuse(ctx, sessions);
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

export const noteStarted = internalMutation({
  args: vHookArgs,
  returns: v.null(),
  handler: async (ctx, { sessions }) => {
    await record(ctx, "onStarted", sessions);
    await refuse(ctx, sessions);
    return null;
  },
});

/** Notes an action of each visitor who comes, through the component itself. */
export const actOnStart = internalMutation({
  args: vHookArgs,
  returns: v.null(),
  handler: async (ctx, { sessions }) => {
    for (const { anonymousId } of sessions) {
      await ctx.runMutation(sessionTracker.visitors.action.record, {
        anonymousId,
        action: "came",
      });
    }
    return null;
  },
});

export const noteEnded = internalMutation({
  args: vHookArgs,
  returns: v.null(),
  handler: async (ctx, { sessions }) => {
    await record(ctx, "onEnded", sessions);
    await refuse(ctx, sessions);
    return null;
  },
});

/** Hands the cart of a guest to the user; refuses a refused visitor with an error for whoever links. */
export const moveCarts = internalMutation({
  args: vHookArgs,
  returns: v.null(),
  handler: async (ctx, { sessions }) => {
    await record(ctx, "onLinked", sessions);
    if (await isRefused(ctx, sessions)) {
      throw new ConvexError({
        kind: "cartLocked",
        message: "The cart is paid.",
      });
    }
    return null;
  },
});

const HOOKS = [
  "noteStarted",
  "actOnStart",
  "noteExpired",
  "editSchedule",
  "noteEnded",
  "deleteCarts",
  "moveCarts",
] as const;
const vHook = v.optional(
  v.union(v.null(), ...HOOKS.map((name) => v.literal(name))),
);

/** Sets the app's hooks, as an app does once after a deploy. */
export const install = internalMutation({
  args: {
    onStarted: vHook,
    onExpired: vHook,
    onEnded: vHook,
    onPurged: vHook,
    onLinked: vHook,
  },
  returns: v.null(),
  handler: async (ctx, hooks) => {
    const named: SessionHooks = {};
    for (const name of HOOK_NAMES) {
      const hook = hooks[name];
      if (hook !== undefined) named[name] = toReference(hook);
    }
    await setSessionHooks(ctx, sessionTracker, named);
    return null;
  },
});

function toReference(name: string | null) {
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

async function refuse(
  ctx: GenericMutationCtx<DataModel>,
  sessions: HookSession[],
): Promise<void> {
  if (await isRefused(ctx, sessions)) {
    throw new Error("this visitor's invoice is still open");
  }
}

async function isRefused(
  ctx: GenericMutationCtx<DataModel>,
  sessions: HookSession[],
): Promise<boolean> {
  const [refused] = await ctx.db.query("refused").take(1);
  return sessions.some((s) => s.anonymousId === refused?.anonymousId);
}
