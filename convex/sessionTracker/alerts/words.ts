/** Events in words: one sentence or two for people, who read them in a chat or at night. */
import type { RunKind } from "../shared/runs/kinds.js";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../shared/times.js";
import type {
  BacklogHigh,
  RunEnded,
  SettingsChanged,
  WebhookPayload,
} from "../shared/webhooks/events.js";

type Said = Pick<WebhookPayload, "type" | "data">;

/** The event in words. */
export function sentenceOf(event: Said): string {
  const said = event as WebhookPayload;
  switch (said.type) {
    case "run.completed":
      return completed(said.data);
    case "run.failed":
      return `The ${said.data.kind} run ${said.data.runId} failed, after it had ${did(said.data)}. \`sessions-ops runs show ${said.data.runId}\` says why.`;
    case "run.stuck":
      return `The ${said.data.kind} run ${said.data.runId} had stood still since ${said.data.progressAt}; the watchdog has restarted it.`;
    case "watchdog.gaveUp":
      return `The watchdog gave up: ${said.data.why}. \`sessions-ops doctor\` says more; with --fix it starts anew.`;
    case "schedule.missed":
      return `The ${said.data.schedule} schedule did not fire at ${said.data.dueAt}. \`sessions-ops schedule history ${said.data.schedule}\` says what came of it.`;
    case "backlog.high":
      return backlog(said.data);
    case "settings.changed":
      return changed(said.data);
    case "hook.failed":
      return `The app's hook ${said.data.hook} failed for ${said.data.call === "visitor" ? "a visitor, who was served all the same" : "somebody who was erased all the same"}. \`sessions-ops hooks\` says why.`;
    case "webhook.test":
      return `This is a test of the webhook ${said.data.webhookId}.`;
  }
}

// ── Helpers ─────────────────────────────────────────────────────────────────

function completed(run: RunEnded): string {
  const aside =
    run.setAside === 0
      ? ""
      : ` ${run.setAside} failed alone and were left as they are: \`sessions-ops runs show ${run.runId}\` says why.`;
  const end =
    run.status === "maxReached"
      ? "reached its maximum, and more is due: it has"
      : "completed: it has";
  return `The ${run.kind} run ${run.runId} ${end} ${did(run)}.${aside}`;
}

const PAST: Record<RunKind, string> = {
  expire: "expired",
  purge: "deleted",
  end: "ended",
  forget: "erased",
};

function did({ kind, sessions }: RunEnded): string {
  return `${PAST[kind]} ${sessions} ${sessions === 1 ? "session" : "sessions"}`;
}

function backlog({ kind, sessions, isMore, backlogAlertMs }: BacklogHigh) {
  const what = kind === "expire" ? "expired" : "purged";
  return `${isMore ? "More than " : ""}${sessions} sessions have been due to be ${what} for ${spanText(backlogAlertMs)} or longer. \`sessions-ops status\` says what keeps the runs.`;
}

function spanText(ms: number): string {
  if (ms % DAY_MS === 0) return counted(ms / DAY_MS, "day");
  if (ms % HOUR_MS === 0) return counted(ms / HOUR_MS, "hour");
  return counted(Math.round(ms / MINUTE_MS), "minute");
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function changed({ actor, revision, after }: SettingsChanged): string {
  const names = Object.entries(after).flatMap(([field, value]) =>
    field === "schedules"
      ? Object.keys(value as object).map((name) => `schedule ${name}`)
      : [field],
  );
  return `${actor} changed ${[...new Set(names)].join(", ")} (revision ${revision}). \`sessions-ops settings log\` has the values.`;
}
