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
] as const satisfies readonly WebhookEventType[];
/** The type of an event, such as `run.failed`. */
export type WebhookEventType = keyof WebhookEventData;

/** A run that is over. */
export interface RunEnded {
  /** The run's id, for `sessions-ops runs show`. */
  runId: string;
  /** What it did. */
  kind: RunKind;
  /** `maxReached`: it has taken as many sessions as it was to take at most, and more are due. */
  status: "completed" | "maxReached" | "failed";
  /** What started it. */
  trigger: RunTrigger;
  /** Who started it or let it go on last: an operator's name, `app`, `schedule`. */
  actor: string;
  /** When it started, in ISO 8601. */
  startedAt: string;
  /** When it was over, in ISO 8601. */
  finishedAt: string;
  /** Number of transactions that it took. */
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
  /** The run's id, for `sessions-ops runs show`. */
  runId: string;
  /** What it does. */
  kind: RunKind;
  /** When it started, in ISO 8601. */
  startedAt: string;
  /** When it last did something, in ISO 8601. */
  progressAt: string;
}

/** The watchdog no longer restarts what it has restarted too often. */
export interface WatchdogGaveUp {
  /** What it gave up on, in words that name runs and schedules. */
  why: string;
}

/** A schedule did not fire when it was to. */
export interface ScheduleMissed {
  /** Which schedule. */
  schedule: ScheduleName;
  /** The first fire that was missed, in ISO 8601. */
  dueAt: string;
  /** When that was noticed, in ISO 8601. */
  noticedAt: string;
}

/** Sessions have been due to be expired or purged for longer than the setting `backlogAlertMs` allows. */
export interface BacklogHigh {
  /** The kind of run that they are due for. */
  kind: ScheduleName;
  /** Number of sessions that have been due for so long, counted up to 1,000. */
  sessions: number;
  /** Whether there are more of them. */
  isMore: boolean;
  /** The setting, in ms. */
  backlogAlertMs: number;
}

/** Settings or schedules were changed. */
export interface SettingsChanged {
  /** The revision after the change. */
  revision: number;
  /** Who changed them. */
  actor: string;
  /** The changed settings only, by name, as they were. */
  before: ToldSettings;
  /** The same, as they are. */
  after: ToldSettings;
}

/** Settings by name; of the schedules only those that were changed, a pause without its reason. */
export interface ToldSettings extends Partial<Policy> {
  /** The schedules that were changed, by name. */
  schedules?: Partial<Record<ScheduleName, ToldSchedule>>;
}

/** A schedule, without the reason of its pause. */
export interface ToldSchedule extends Omit<Schedule, "paused"> {
  /** The pause that it is in; absent where there is none. */
  paused?: ToldPause;
}

/** A pause, without its reason. */
export interface ToldPause {
  /** Who paused it. */
  actor: string;
  /** When the pause began, in ISO 8601. */
  at: string;
  /** When the pause ends by itself, in ISO 8601; absent where only a resume ends it. */
  until?: string;
}

/** A hook of the app failed, for the first time or after it had answered for a day. */
export interface HookFailed {
  /** Which hook. */
  hook: HookName;
  /** What it was called for: a visitor who was served all the same, or a person who was erased. */
  call: "visitor" | "erasure";
}

/** What each event says, by its type. */
export interface WebhookEventData {
  /** A run did what it was to do. */
  "run.completed": RunEnded;
  /** A run failed. */
  "run.failed": RunEnded;
  /** A run had stood still, and was restarted. */
  "run.stuck": RunStuck;
  /** What was restarted too often is restarted no more. */
  "watchdog.gaveUp": WatchdogGaveUp;
  /** A schedule did not fire when it was to. */
  "schedule.missed": ScheduleMissed;
  /** More sessions are due for longer than the setting `backlogAlertMs` allows. */
  "backlog.high": BacklogHigh;
  /** Settings or schedules were changed. */
  "settings.changed": SettingsChanged;
  /** A hook of the app failed. */
  "hook.failed": HookFailed;
}

/** An event: its type, and what it says. */
export type WebhookEvent = {
  [Type in WebhookEventType]: {
    /** Which event, such as `run.failed`. */
    type: Type;
    /** What it says. */
    data: WebhookEventData[Type];
  };
}[WebhookEventType];

/** What `sessions-ops webhooks test` sends. */
export interface TestEvent {
  /** Always `webhook.test`. */
  type: "webhook.test";
  /** Which webhook was tested. */
  data: {
    /** Its id, as `sessions-ops webhooks list` shows it. */
    webhookId: string;
  };
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
