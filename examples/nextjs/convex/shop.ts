import { setSessionHooks } from "sessions-ops";
import { components, internal } from "./_generated/api";
import { internalMutation } from "./_generated/server";

const PRODUCTS = [
  ["lamp", "Lamp", "Bends to wherever you read.", 4_900],
  ["teapot", "Teapot", "Pours four cups without a drop beside.", 3_200],
  ["chair", "Chair", "Of ash, with a seat of cord.", 18_000],
] as const;

/** Run once after the first deploy, and as often as you like: fills the shop, and names the tracker's hooks. */
export const open = internalMutation({
  args: {},
  handler: async (ctx) => {
    await setSessionHooks(ctx, components.visitors, {
      onLinked: internal.basket.linked,
      onPurged: internal.basket.purged,
    });
    if ((await ctx.db.query("products").first()) !== null) return;
    for (const [slug, name, text, priceCents] of PRODUCTS) {
      await ctx.db.insert("products", { slug, name, text, priceCents });
    }
  },
});
