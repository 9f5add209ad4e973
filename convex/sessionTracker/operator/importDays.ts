/** Importing the figures of days, which outlive the visitors. To import the same days again changes nothing. */
import { v } from "convex/values";
import { mutation } from "../_generated/server.js";
import { type Day, vDay } from "../shared/days.js";
import { fail } from "../shared/errors.js";
import { MAX_IMPORT_DAYS } from "../shared/limits.js";
import { problemOfDay } from "../shared/transfer/dayRules.js";
import { raiseDay } from "../rows/days.js";

/**
 * Raises the figures of each day to those given, where they are lower. What the deployment has counted itself
 * stays, so that days of two deployments do not add up.
 * @throws invalidRow `{ index }` (nothing of the call is written); batchTooLarge
 */
export const batch = mutation({
  args: { days: v.array(vDay) },
  returns: v.object({ changed: v.number(), unchanged: v.number() }),
  handler: async (ctx, { days }) => {
    check(days, Date.now());
    const imported = { changed: 0, unchanged: 0 };
    for (const { day, ...counts } of days) {
      const isRaised = await raiseDay(ctx, day, counts);
      imported[isRaised ? "changed" : "unchanged"] += 1;
    }
    return imported;
  },
});

// ── Helpers ─────────────────────────────────────────────────────────────────

function check(days: Day[], now: number): void {
  if (days.length > MAX_IMPORT_DAYS) {
    fail(
      "batchTooLarge",
      `A call takes ${MAX_IMPORT_DAYS} days, got ${days.length}: send them in several.`,
    );
  }
  for (const [index, day] of days.entries()) {
    const problem = problemOfDay(day, now);
    if (problem === null) continue;
    fail("invalidRow", `Day ${index}: ${problem}.`, { index, problem });
  }
}
