/** What an operator should see before anything else. */
import {
  STUCK_AFTER_MS,
  WATCHDOG_LATE_MS,
} from "../../convex/sessionTracker/shared.js";
import type { Status } from "./api.js";
import { settingsWarnings } from "./settingsWarnings.js";
import { scheduleState } from "./tables.js";
import { formatDuration, formatTime } from "./time.js";

export function statusWarnings(status: Status, now: number): string[] {
  return [
    ...watchdogWarnings(status, now),
    ...runWarnings(status, now),
    ...pauseWarnings(status),
    ...settingsWarnings(status.settings, now),
  ];
}

function watchdogWarnings({ watchdog }: Status, now: number): string[] {
  const { gaveUp, lastAt } = watchdog;
  if (gaveUp) {
    return [
      `The watchdog gave up at ${formatTime(gaveUp.at)}: ${gaveUp.why}. See \`sessions-ops doctor\`; with --fix it starts anew.`,
    ];
  }
  if (lastAt === null) {
    return [
      "The watchdog has not run yet, and registers the schedules when it does: within 15 minutes of a deploy, or at once with `sessions-ops doctor --fix`.",
    ];
  }
  if (now - lastAt <= WATCHDOG_LATE_MS) return [];
  return [
    `The watchdog last ran ${formatDuration(now - lastAt)} ago and should every 15 minutes: deploy again, which registers its cron.`,
  ];
}

function runWarnings({ runs }: Status, now: number): string[] {
  return runs.flatMap(({ runId, kind, status, progressAt, errors }) => {
    if (status === "running" && now - progressAt > STUCK_AFTER_MS) {
      return [
        `Run ${runId} (${kind}) has stood still for ${formatDuration(now - progressAt)}. See \`sessions-ops doctor\`; with --fix it is restarted.`,
      ];
    }
    if (status === "failed") {
      return [
        `The last ${kind} run, ${runId}, failed: ${reason(errors)} \`sessions-ops runs resume ${runId}\` goes on where it stopped.`,
      ];
    }
    return [];
  });
}

/** Without the stack, which `runs show` has. */
function reason(errors: Status["runs"][number]["errors"]): string {
  const [line] = errors.at(-1)?.message.split("\n") ?? [];
  return (line || "no reason was recorded").replace(/([^.?!])$/, "$1.");
}

function pauseWarnings({ schedules }: Status): string[] {
  return schedules
    .filter(({ paused }) => paused !== null)
    .map(
      (schedule) =>
        `The ${schedule.name} schedule is ${scheduleState(schedule)} (${schedule.paused?.actor ?? ""}). \`sessions-ops schedule resume ${schedule.name}\` ends it.`,
    );
}
