/** The function that crons calls. */
import { v } from "convex/values";
import { internalMutation } from "../_generated/server.js";
import { vRunKind } from "../shared/runKinds.js";
import { readSettings } from "../settings/inForce.js";
import { answerDue } from "./dueFires.js";

/**
 * The one target of all crons. It only decides, and writes a run down: the work is done in
 * transactions of its own, so that nothing called from a run (an app's hook that edits schedules, say)
 * can ever delete the cron from inside the cron's own target, which cancels the job it runs in.
 */
export const tick = internalMutation({
  args: { name: vRunKind },
  returns: v.null(),
  handler: async (ctx, { name: kind }) => {
    const { schedules } = await readSettings(ctx);
    await answerDue(ctx, kind, schedules[kind], Date.now());
    return null;
  },
});
