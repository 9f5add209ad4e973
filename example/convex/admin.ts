import type { Auth } from "convex/server";
import { ConvexError } from "convex/values";

/** Whether the caller's token says so. */
export async function isAdmin(ctx: { auth: Auth }): Promise<boolean> {
  return (await ctx.auth.getUserIdentity())?.role === "admin";
}

export async function requireAdmin(ctx: { auth: Auth }): Promise<void> {
  if (await isAdmin(ctx)) return;
  throw new ConvexError({
    kind: "notAuthorized",
    message: "Only users whose token says role admin may see this.",
  });
}
