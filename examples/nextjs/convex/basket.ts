import { getAuthUserId } from "@convex-dev/auth/server";
import { v } from "convex/values";
import { SessionTracker, vHookArgs } from "sessions-ops";
import { components } from "./_generated/api";
import type { Doc, Id } from "./_generated/dataModel";
import {
  internalMutation,
  mutation,
  query,
  type MutationCtx,
  type QueryCtx,
} from "./_generated/server";

const sessions = new SessionTracker(components.visitors);

/** A basket has a line for each product, of which there are fewer. */
const MAX_LINES = 1_000;

type Owner = Doc<"basketLines">["owner"];

/** The basket of the user who is signed in, else of the visitor. */
export const get = query({
  args: { anonymousId: v.union(v.string(), v.null()) },
  handler: async (ctx, { anonymousId }) => {
    const owner = await ownerOf(ctx, anonymousId);
    if (owner === null) return [];
    const lines = await linesOf(ctx, owner).take(MAX_LINES);
    return await Promise.all(
      lines.map(async ({ product, quantity }) => ({
        product: await ctx.db.get(product),
        quantity,
      })),
    );
  },
});

/** Adds one of a product, and records that as an action of the visitor. */
export const add = mutation({
  args: { anonymousId: v.string(), product: v.id("products") },
  handler: async (ctx, { anonymousId, product }) => {
    const found = await ctx.db.get(product);
    if (found === null) return { ok: false as const, reason: "noSuchProduct" };
    const recorded = await sessions.record(ctx, {
      anonymousId,
      action: "add to basket",
      resourceId: found.slug,
    });
    // Such as too many actions in a minute: then nothing is added either.
    if (!recorded.ok) return { ok: false as const, reason: recorded.reason };
    const userId = await getAuthUserId(ctx);
    await put(
      ctx,
      userId === null
        ? { kind: "session", id: recorded.sessionId }
        : { kind: "user", id: userId },
      product,
      1,
    );
    return { ok: true as const };
  },
});

/** The tracker's hook: what a visitor had in the basket is the user's from when the visitor is linked. */
export const linked = internalMutation({
  args: vHookArgs,
  handler: async (ctx, args) => {
    for (const { sessionId, userId } of args.sessions) {
      const id =
        userId === undefined ? null : ctx.db.normalizeId("users", userId);
      if (id === null) continue;
      const lines = await linesOf(ctx, { kind: "session", id: sessionId }).take(
        MAX_LINES,
      );
      for (const { _id, product, quantity } of lines) {
        await ctx.db.delete(_id);
        await put(ctx, { kind: "user", id }, product, quantity);
      }
    }
  },
});

/** The tracker's hook: the basket of a visitor who never signed in goes with the session. */
export const purged = internalMutation({
  args: vHookArgs,
  handler: async (ctx, args) => {
    for (const { sessionId } of args.sessions) {
      const lines = await linesOf(ctx, { kind: "session", id: sessionId }).take(
        MAX_LINES,
      );
      for (const { _id } of lines) await ctx.db.delete(_id);
    }
  },
});

// ── Helpers ─────────────────────────────────────────────────────────────────

async function ownerOf(
  ctx: QueryCtx,
  anonymousId: string | null,
): Promise<Owner | null> {
  const userId = await getAuthUserId(ctx);
  if (userId !== null) return { kind: "user", id: userId };
  if (anonymousId === null) return null;
  const session = await sessions.get(ctx, { anonymousId });
  return session && { kind: "session", id: session.sessionId };
}

function linesOf(ctx: QueryCtx, { id }: Owner) {
  return ctx.db
    .query("basketLines")
    .withIndex("by_owner_and_product", (q) => q.eq("owner.id", id));
}

async function put(
  ctx: MutationCtx,
  owner: Owner,
  product: Id<"products">,
  quantity: number,
): Promise<void> {
  const line = await ctx.db
    .query("basketLines")
    .withIndex("by_owner_and_product", (q) =>
      q.eq("owner.id", owner.id).eq("product", product),
    )
    .unique();
  if (line === null) {
    await ctx.db.insert("basketLines", { owner, product, quantity });
  } else {
    await ctx.db.patch(line._id, { quantity: line.quantity + quantity });
  }
}
