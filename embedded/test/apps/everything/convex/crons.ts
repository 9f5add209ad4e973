/** The grammar of cron expressions, and a cron that ticks. */
import { cronJobs, makeFunctionReference } from "convex/server";
import { v } from "convex/values";
import { internalMutation, query } from "./server.js";

const tickRef = makeFunctionReference<"mutation", { cron: string }>(
  "crons:tick",
);

export const tick = internalMutation({
  args: { cron: v.string() },
  handler: async (ctx, { cron }) => {
    await ctx.db.insert("ticks", { cron });
  },
});

export const ticks = query({
  args: { cron: v.string() },
  handler: async (ctx, { cron }) => {
    const found = await ctx.db
      .query("ticks")
      .withIndex("by_cron", (q) => q.eq("cron", cron))
      .take(1_000);
    return found.length;
  },
});

const crons = cronJobs();
crons.interval("often", { seconds: 1 }, tickRef, { cron: "often" });
crons.hourly("hourly", { minuteUTC: 17 }, tickRef, { cron: "hourly" });
crons.daily("daily", { hourUTC: 3, minuteUTC: 5 }, tickRef, { cron: "daily" });
crons.weekly(
  "weekly",
  { dayOfWeek: "monday", hourUTC: 3, minuteUTC: 5 },
  tickRef,
  { cron: "weekly" },
);
crons.monthly("monthly", { day: 31, hourUTC: 3, minuteUTC: 5 }, tickRef, {
  cron: "monthly",
});
for (const expression of [
  "*/15 * * * *",
  "0 22-2 * * *",
  "0,30 9-17/2 * * MON-FRI",
  "0 9 L * *",
  "0 9 L-3 * *",
  "0 9 15W * *",
  "0 9 LW * *",
  "0 9 * * FRIL",
  "0 9 * * 2#3",
  "0 0 1 JAN,JUL *",
]) {
  crons.cron(expression, expression, tickRef, { cron: expression });
}
export default crons;
