/** Schedules, the watchdog and runs: whether those that should be alive are. */
import type { CliContext } from "../context.js";
import type { ComponentClient } from "../deployment/client.js";
import { byDeploymentClock } from "../deployment/clock.js";
import { adviceFor } from "../runs/advice.js";
import { scheduleState } from "../schedules/table.js";
import { formatDuration, formatTime } from "../time/time.js";
import { ok, problem, warning, type Finding } from "./finding.js";
import {
  repairedSchedule,
  repairedWatchdog,
  restartedRun,
  restartedRuns,
  type Repaired,
} from "./repaired.js";
import {
  MINUTE_MS,
  WATCHDOG_EVERY_MINUTES,
  WATCHDOG_LATE_MS,
} from "../../convex/sessionTracker/shared/times.js";

const FIX = "`sessions-ops doctor --fix` mends it.";
/**
 * The delay from which a fire counts as late. Crons is built on the scheduler, which runs seconds late
 * at worst.
 */
const LATE_MS = 5 * MINUTE_MS;

export async function checkSchedules(
  client: ComponentClient,
  repaired: readonly Repaired[],
): Promise<Finding[]> {
  const now = await client.mutation("operator/health:clock", {});
  const alive = await client.query("operator/health:schedules", {});
  const schedules = await client.query("schedules/show:list", {});
  return alive.map(({ name, inCrons, overdueSince }) => {
    const check = `schedule ${name}`;
    if (inCrons === "missing") {
      return problem(check, "crons does not have it, so it never fires", FIX);
    }
    if (inCrons === "different") {
      return problem(
        check,
        "crons has another spec than the settings, or a function of an earlier version",
        FIX,
      );
    }
    if (overdueSince !== null && now - overdueSince > LATE_MS) {
      return problem(
        check,
        `should have fired at ${formatTime(overdueSince)} and did not`,
        FIX,
      );
    }
    const mended = repairedSchedule(check, name, repaired);
    if (mended !== null) return mended;
    const schedule = schedules.find((one) => one.name === name);
    if (schedule?.paused) {
      return warning(
        check,
        `is ${scheduleState(schedule)} (${schedule.paused.actor})`,
        `\`sessions-ops schedule resume ${name}\` ends the pause.`,
      );
    }
    return ok(
      check,
      schedule?.nextAt
        ? `next fires at ${formatTime(schedule.nextAt)}`
        : "alive",
    );
  });
}

export async function checkWatchdog(
  context: CliContext,
  client: ComponentClient,
  repaired: readonly Repaired[],
): Promise<Finding> {
  const { watchdog } = await client.query("operator/status:get", {});
  const { gaveUp, lastAt } = watchdog;
  if (gaveUp) {
    return problem(
      "watchdog",
      `gave up at ${formatTime(gaveUp.at)}: ${gaveUp.why}`,
      "Look at `sessions-ops runs list` and the deployment's logs for why; then `sessions-ops doctor --fix` makes it start anew.",
    );
  }
  const mended = repairedWatchdog(repaired);
  if (mended !== null) return mended;
  const there = await byDeploymentClock(context, client);
  const silentMs = there.now() - (lastAt ?? 0);
  if (lastAt !== null && silentMs <= WATCHDOG_LATE_MS) {
    return ok("watchdog", watchdog.lastResult ?? "alive");
  }
  return problem(
    "watchdog",
    lastAt === null
      ? "has not run yet"
      : `last ran ${formatDuration(silentMs)} ago, and should every ${WATCHDOG_EVERY_MINUTES} minutes`,
    "Deploy again: its cron comes with the component. `sessions-ops doctor --fix` does its work once.",
  );
}

export async function checkRuns(
  context: CliContext,
  client: ComponentClient,
  repaired: readonly Repaired[],
): Promise<Finding[]> {
  const { runs } = await client.query("operator/status:get", {});
  const now = (await byDeploymentClock(context, client)).now();
  const restarted = restartedRuns(repaired);
  const wrong = runs.flatMap((run) => {
    // The restarted run moves with its next page, which is not done yet.
    if (restarted.some(({ runId }) => runId === run.runId)) return [];
    const advice = adviceFor(run, now, { isLast: true });
    if (advice === null) return [];
    return [problem("runs", advice.what, advice.remedy)];
  });
  const found = [...restarted.map(restartedRun), ...wrong];
  return found.length === 0
    ? [ok("runs", "none stands still or failed")]
    : found;
}
