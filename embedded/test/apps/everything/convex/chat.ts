/** A chat of signed-in users, with who is in its rooms. */
import { Presence } from "@convex-dev/presence";
import type { ComponentApi } from "@convex-dev/presence/_generated/component.js";
import {
  componentsGeneric,
  paginationOptsValidator,
  type GenericQueryCtx,
} from "convex/server";
import { ConvexError, v } from "convex/values";
import { mutation, query, type DataModel } from "./server.js";

const { presence: component } = componentsGeneric() as unknown as {
  presence: ComponentApi<"presence">;
};
const presence = new Presence(component);

async function currentUser(ctx: GenericQueryCtx<DataModel>) {
  const identity = await ctx.auth.getUserIdentity();
  if (identity === null) throw new ConvexError({ kind: "notSignedIn" });
  const user = await ctx.db
    .query("users")
    .withIndex("by_token", (q) =>
      q.eq("tokenIdentifier", identity.tokenIdentifier),
    )
    .unique();
  return { identity, user };
}

/** Makes or renames the caller's user. */
export const signIn = mutation({
  args: {},
  handler: async (ctx) => {
    const { identity, user } = await currentUser(ctx);
    const team = identity["team"];
    const described = {
      tokenIdentifier: identity.tokenIdentifier,
      name: identity.name ?? "somebody",
      ...(typeof team === "string" ? { team } : {}),
    };
    if (user === null) return await ctx.db.insert("users", described);
    await ctx.db.patch(user._id, described);
    return user._id;
  },
});

export const me = query({
  args: {},
  handler: async (ctx) => (await currentUser(ctx)).user,
});

export const post = mutation({
  args: { room: v.string(), text: v.string() },
  handler: async (ctx, { room, text }) => {
    const { user } = await currentUser(ctx);
    if (user === null) throw new ConvexError({ kind: "notSignedIn" });
    await ctx.db.insert("messages", { room, text, author: user._id });
  },
});

export const read = query({
  args: { room: v.string(), paginationOpts: paginationOptsValidator },
  handler: async (ctx, { room, paginationOpts }) => {
    const found = await ctx.db
      .query("messages")
      .withIndex("by_room", (q) => q.eq("room", room))
      .order("desc")
      .paginate(paginationOpts);
    const page = found.page.map(async ({ author, text }) => {
      const user = await ctx.db.get(author);
      return `${user?.name ?? "nobody"}: ${text}`;
    });
    return { ...found, page: await Promise.all(page) };
  },
});

export const enter = mutation({
  args: { room: v.string(), session: v.string(), intervalMs: v.number() },
  handler: async (ctx, { room, session, intervalMs }) => {
    const { user } = await currentUser(ctx);
    const name = user?.name ?? "nobody";
    return await presence.heartbeat(ctx, room, name, session, intervalMs);
  },
});

export const present = query({
  args: { room: v.string() },
  handler: async (ctx, { room }) => {
    const users = await presence.listRoom(ctx, room, true);
    return users.map(({ userId }) => userId);
  },
});
