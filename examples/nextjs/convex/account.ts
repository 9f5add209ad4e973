import { getAuthUserId } from "@convex-dev/auth/server";
import { query } from "./_generated/server";

/** Who is signed in; `null` where nobody is. */
export const me = query({
  args: {},
  handler: async (ctx) => {
    const userId = await getAuthUserId(ctx);
    const user = userId && (await ctx.db.get(userId));
    return user && { email: user.email ?? "" };
  },
});
