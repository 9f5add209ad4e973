/**
 * The topics of the page's feed; each is sent whole whenever it changes. And what the page asks for. Type imports
 * only.
 */
import type { Returns } from "../deployment/api.js";
import type { RunShowJson } from "../json/run.js";
import type { SessionJson, VisitJson } from "../json/session.js";
import type { FireJson } from "../json/schedule.js";
import type { LogEntryJson } from "../json/settings.js";
import type { StatusJson } from "../json/status/status.js";
import type { DeliveryJson, WebhookJson } from "../json/webhooks/webhooks.js";

export interface Topics {
  status: StatusJson;
  /** Newest first. */
  runs: RunShowJson[];
  /** Newest first. */
  log: LogEntry[];
  /** Sampled since the command started, oldest first. */
  activity: Sample[];
  /** By UTC day, oldest first. */
  created: Bar[];
  purged: Bar[];
  /** Inactive sessions by the time since they were last active, from young to old. */
  ages: AgeBar[];
  /** The connection to the deployment. */
  connection: { isConnected: boolean };
  /** What the fires of schedules came to, newest first. */
  fires: FireRow[];
  /** In the order in which they were added. */
  webhooks: WebhookRow[];
  /** Newest first. */
  deliveries: DeliveryRow[];
  /** What the bounds on strangers refused in the last 24 hours. */
  bounds: BoundRow[];
  /** What visits came to, for a year back. */
  days: Days;
  /** Where the visits of the last days came from. */
  sources: Sources;
}
export type Topic = keyof Topics;

export interface LogEntry extends LogEntryJson {
  /** A line for each field, as in "retentionDays: 14 days → 7 days". */
  changes: string[];
}

export interface FireRow extends FireJson {
  /** What came of it, and why, in words. */
  text: string;
}

export interface WebhookRow extends Pick<
  WebhookJson,
  "webhookId" | "disabled" | "failingSince"
> {
  /** Its name, where it has one, and its address in short. */
  which: string;
  /** What it is told of, in words. */
  tellsOf: string;
  last: DeliveryRow | null;
}

export interface DeliveryRow extends Pick<
  DeliveryJson,
  "deliveryId" | "webhookId" | "at" | "status" | "nextAt"
> {
  /** What it tells of, as "run.failed (purge)". */
  event: string;
  /** The number of attempts so far. */
  attempts: number;
  /** What the last attempt came to, as "200 in 35 ms". */
  answer: string;
}

export interface BoundRow {
  /** The setting's name. */
  setting: string;
  /** What is bounded, in words. */
  what: string;
  bound: number | "never";
  refused: number;
}

export interface Sample {
  /** In ms since the epoch. */
  at: number;
  /** The number of sessions that were active. */
  active: number;
}

export interface Bar {
  /** The first moment of the day, in ms since the epoch. */
  startsAt: number;
  count: number;
  /** Whether there are more than `count`. */
  isCapped: boolean;
}

/** The answer to `session?id=ID`, or `null` where there is no such session. */
export interface SessionDetails {
  /** Without the visitor's credential. */
  session: Omit<SessionJson, "anonymousId">;
  /** Newest first, the one under way included. */
  visits: VisitJson[];
  /** Whether there are earlier ones. */
  hasMore: boolean;
}

export interface Days {
  /** The UTC day that it is, `YYYY-MM-DD`. */
  today: string;
  /** The days that have figures. */
  days: Returns<"operator/stats:days">;
}

export interface Sources extends Returns<"operator/stats:sources"> {
  /** The first of the days whose visits are counted, `YYYY-MM-DD`. */
  from: string;
}

export interface AgeBar {
  fromDays: number;
  /** The first age that is not included; `null`: no end. */
  toDays: number | null;
  count: number;
  isCapped: boolean;
}
