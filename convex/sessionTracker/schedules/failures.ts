/** Schedules that pause themselves after so many failed runs in a row. */
import type { Doc } from "../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../_generated/server.js";
import {
  pauseInForce,
  type Schedule,
  type ScheduleName,
} from "../shared/schedules.js";
import { walkRuns } from "../rows/walks.js";
import { readSettings } from "../settings/inForce.js";
import { writeSettings } from "../settings/settings.js";
import { findTick } from "./ticks.js";

/** The most failed runs that `pauseOnFailure` may ask for. */
export const MAX_FAILURES = 100;

/**
 * Pauses a schedule whose last `pauseOnFailure` runs have all failed, those since its last resume. A run that somebody
 * resumed and that then completed has not failed; one that was canceled tells nothing.
 * @returns the schedule as it is then
 */
export async function pauseFailing(
  ctx: MutationCtx,
  kind: ScheduleName,
  schedule: Schedule,
  now: number,
): Promise<Schedule> {
  const { pauseOnFailure: most } = schedule;
  if (most === undefined || pauseInForce(schedule, now) !== null) {
    return schedule;
  }
  const from = (await findTick(ctx, kind))?.failuresFrom ?? 0;
  const failed = await failedInARow(ctx, kind, from, most);
  const [last] = failed;
  if (last === undefined || failed.length < most) return schedule;
  const [why = "no reason was recorded"] =
    last.errors.at(-1)?.message.split("\n") ?? [];
  const which =
    most === 1
      ? `its run ${last._id} failed`
      : `${most} of its runs in a row failed, the last one ${last._id}`;
  const actor = "schedule";
  const reason = `${which}: ${why}`;
  const paused = { reason, actor, at: now };
  const { schedules } = await readSettings(ctx);
  const changed = { ...schedules, [kind]: { ...schedule, paused } };
  await writeSettings(ctx, { schedules: changed }, { actor, reason });
  return changed[kind];
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/** The failed runs of the schedule, newest first, back to one that did not fail: `most` of them at most. */
async function failedInARow(
  ctx: QueryCtx,
  kind: ScheduleName,
  from: number,
  most: number,
): Promise<Doc<"runs">[]> {
  const stretch = { order: "desc" as const, after: null, from };
  // Those of operators and canceled ones in between are bounded, too.
  const runs = await walkRuns(ctx, kind, stretch).take(2 * most + 20);
  const failed: Doc<"runs">[] = [];
  for (const run of runs) {
    if (run.status === "completed" || run.status === "maxReached") break;
    if (run.status !== "failed" || run.trigger !== "schedule") continue;
    failed.push(run);
    if (failed.length === most) break;
  }
  return failed;
}
