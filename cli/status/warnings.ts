/** Warnings that an operator should see before anything else. */
import type { Status } from "../deployment/api.js";
import { adviceFor, outdatedAdvice } from "../runs/advice.js";
import { failedAdvice, owedAdvice } from "../hooks/advice.js";
import { webhookAdvice } from "../webhooks/advice.js";
import { adviceText } from "../terminal/words.js";
import { contradictionTexts } from "../settings/contradictions.js";
import { refusedAdvice } from "../settings/refused.js";
import { scheduleState } from "../schedules/table.js";
import { formatDuration, formatTime } from "../time/time.js";
import {
  HOUR_MS,
  WATCHDOG_EVERY_MINUTES,
  WATCHDOG_LATE_MS,
} from "../../convex/sessionTracker/shared/times.js";

export function statusWarnings(status: Status, now: number): string[] {
  return [
    ...watchdogWarnings(status, now),
    ...runWarnings(status, now),
    ...hookWarnings(status),
    ...webhookWarnings(status),
    ...refusedWarnings(status, now),
    ...pauseWarnings(status),
    ...contradictionTexts(status.settings, now),
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
      `The watchdog has not run yet, and registers the schedules when it does: within ${WATCHDOG_EVERY_MINUTES} minutes of a deploy, or at once with \`sessions-ops doctor --fix\`.`,
    ];
  }
  if (now - lastAt <= WATCHDOG_LATE_MS) return [];
  return [
    `The watchdog last ran ${formatDuration(now - lastAt)} ago and should every ${WATCHDOG_EVERY_MINUTES} minutes: deploy again, which registers its cron.`,
  ];
}

function runWarnings({ runs, settings }: Status, now: number): string[] {
  return runs.flatMap((run) =>
    [
      adviceFor(run, now, { isLast: true }),
      outdatedAdvice(run, settings, now),
    ].flatMap((advice) => (advice === null ? [] : adviceText(advice))),
  );
}

function hookWarnings({ hooks, hookDebts }: Status): string[] {
  return [
    ...hooks.flatMap((hook) => {
      const advice = failedAdvice(hook);
      return advice === null ? [] : [adviceText(advice)];
    }),
    ...(hookDebts === 0 ? [] : [adviceText(owedAdvice(hookDebts))]),
  ];
}

function webhookWarnings({ webhooks }: Status): string[] {
  return webhooks.flatMap((webhook) => {
    const advice = webhookAdvice(webhook);
    return advice === null ? [] : [adviceText(advice)];
  });
}

/** Those of the last hour; `doctor` has those of a day. */
function refusedWarnings(status: Status, now: number): string[] {
  const { lastAt } = status.refused;
  if (lastAt === null || now - lastAt > HOUR_MS) return [];
  return refusedAdvice(status, now).map(adviceText);
}

function pauseWarnings({ schedules }: Status): string[] {
  return schedules
    .filter(({ paused }) => paused !== null)
    .map(
      (schedule) =>
        `The ${schedule.name} schedule is ${scheduleState(schedule)} (${schedule.paused?.actor ?? ""}). \`sessions-ops schedule resume ${schedule.name}\` ends it.`,
    );
}
