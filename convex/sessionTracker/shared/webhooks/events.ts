/**
 * The events that webhooks are told of, and what is said of each. Nothing here names a visitor or a user: no id, no
 * filter, no text that the app or a visitor wrote.
 */
import type { HookName } from "../hooks.js";
import type { RunKind } from "../runs/kinds.js";
import type { RunTrigger } from "../runs/run.js";
import type { Schedule, ScheduleName } from "../schedules.js";
import type { Policy } from "../settings.js";

/** The types of events, in the order in which documents list them. */
export const EVENT_TYPES = [
  "run.completed",
  "run.failed",
  "run.stuck",
  "watchdog.gaveUp",
  "schedule.missed",
  "backlog.high",
  "settings.changed",
  "hook.failed",
] as const;
export type WebhookEventType = (typeof EVENT_TYPES)[number];

/** A run that is over. All times are ISO 8601 in UTC. */
export interface RunEnded {
  runId: string;
  kind: RunKind;
  /** `maxReached`: it has taken as many sessions as it was to take at most, and more are due. */
  status: "completed" | "maxReached" | "failed";
  trigger: RunTrigger;
  /** Who started it or let it go on last: an operator's name, `app`, `schedule`. */
  actor: string;
  startedAt: string;
  finishedAt: string;
  pages: number;
  /** Number of sessions expired (expire), deleted (purge, forget), or ended (end). */
  sessions: number;
  /** Number of visits deleted. */
  visits: number;
  /** Number of actions deleted. */
  actions: number;
  /** Number of sessions that failed alone and were left as they are. */
  setAside: number;
}

/** A run that had stood still, and was restarted by the watchdog. */
export interface RunStuck {
  runId: string;
  kind: RunKind;
  startedAt: string;
  /** When it last did something. */
  progressAt: string;
}

/** The watchdog no longer restarts what it has restarted too often. */
export interface WatchdogGaveUp {
  /** What it gave up on, in words that name runs and schedules. */
  why: string;
}

/** A schedule did not fire when it was to. */
export interface ScheduleMissed {
  schedule: ScheduleName;
  /** The first fire that was missed. */
  dueAt: string;
  /** When that was noticed. */
  noticedAt: string;
}

/** Sessions have been due to be expired or purged for longer than the setting `backlogAlertMs` allows. */
export interface BacklogHigh {
  kind: ScheduleName;
  /** Number of sessions that have been due for so long, counted up to 1,000. */
  sessions: number;
  /** Whether there are more of them. */
  isMore: boolean;
  backlogAlertMs: number;
}

/** Settings or schedules were changed. */
export interface SettingsChanged {
  /** The revision after the change. */
  revision: number;
  actor: string;
  /** The changed settings only, by name. */
  before: ToldSettings;
  after: ToldSettings;
}

/** Settings by name; of the schedules only those that were changed, a pause without its reason. */
export interface ToldSettings extends Partial<Policy> {
  schedules?: Partial<Record<ScheduleName, ToldSchedule>>;
}

export interface ToldSchedule extends Omit<Schedule, "paused"> {
  paused?: { actor: string; at: string; until?: string };
}

/** A hook of the app failed, for the first time or after it had answered for a day. */
export interface HookFailed {
  hook: HookName;
  /** What it was called for: a visitor who was served all the same, or a person who was erased. */
  call: "visitor" | "erasure";
}

/** What each event says, by its type. */
export interface WebhookEventData {
  "run.completed": RunEnded;
  "run.failed": RunEnded;
  "run.stuck": RunStuck;
  "watchdog.gaveUp": WatchdogGaveUp;
  "schedule.missed": ScheduleMissed;
  "backlog.high": BacklogHigh;
  "settings.changed": SettingsChanged;
  "hook.failed": HookFailed;
}

/** An event: its type, and what it says. */
export type WebhookEvent = {
  [Type in WebhookEventType]: { type: Type; data: WebhookEventData[Type] };
}[WebhookEventType];

/** What `sessions-ops webhooks test` sends. */
interface TestEvent {
  type: "webhook.test";
  data: { webhookId: string };
}

/** The body of a delivery, as JSON. */
export type WebhookPayload = (WebhookEvent | TestEvent) & {
  /** When it happened, in ISO 8601. A delivery may come much later. */
  timestamp: string;
  /** The name of the Convex deployment. */
  deployment: string;
  /** The event in a sentence, for people. */
  message: string;
};
