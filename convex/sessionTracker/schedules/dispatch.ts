/** The tick: the function that crons calls when a schedule fires. */
import { v } from "convex/values";
import { internalMutation } from "../_generated/server.js";
import { vScheduleName } from "../shared/schedules.js";
import { readSettings } from "../settings/inForce.js";
import { answerDue } from "./dueFires.js";
import { pauseFailing } from "./failures.js";

/**
 * The one target of all crons. A tick only decides, and may write a run down; the run's work is done in other
 * transactions. Otherwise a hook of the app that edits schedules could delete the cron from inside the cron's
 * own target, which would cancel the very job that the hook runs in.
 */
export const tick = internalMutation({
  args: { name: vScheduleName },
  returns: v.null(),
  handler: async (ctx, { name: kind }) => {
    const now = Date.now();
    const { schedules } = await readSettings(ctx);
    const schedule = await pauseFailing(ctx, kind, schedules[kind], now);
    await answerDue(ctx, kind, schedule, now);
    return null;
  },
});
