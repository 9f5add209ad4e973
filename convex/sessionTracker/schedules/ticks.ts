/** The ticks: what each schedule and the watchdog did last, which crons itself does not remember. */
import type { WithoutSystemFields } from "convex/server";
import type { Doc } from "../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../_generated/server.js";
import type { Patch } from "../rows/patch.js";

export type TickRow = Doc<"ticks">;
type Tick = WithoutSystemFields<TickRow>;

export function findTick(ctx: QueryCtx, name: Tick["name"]) {
  return ctx.db
    .query("ticks")
    .withIndex("name", (q) => q.eq("name", name))
    .unique();
}

export async function writeTick(
  ctx: MutationCtx,
  name: Tick["name"],
  patch: Patch<Omit<Tick, "name">>,
): Promise<void> {
  const tick = await findTick(ctx, name);
  const id = tick?._id ?? (await ctx.db.insert("ticks", { name }));
  await ctx.db.patch("ticks", id, patch);
}
