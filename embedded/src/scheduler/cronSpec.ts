import { createHash } from "node:crypto";
import cronParser from "cron-parser";
import type { JSONValue } from "convex/values";
import { EmbeddedError } from "../errors.js";

/** The times at which a static cron fires, as `cronJobs().export()` writes them. */
export type CronSchedule =
  | { type: "interval"; seconds: number }
  | { type: "interval"; minutes: number }
  | { type: "interval"; hours: number }
  | { type: "hourly"; minuteUTC?: number }
  | { type: "daily"; hourUTC: number; minuteUTC?: number }
  | { type: "weekly"; dayOfWeek: string; hourUTC: number; minuteUTC?: number }
  | { type: "monthly"; day: number; hourUTC: number; minuteUTC?: number }
  | { type: "cron"; cron: string };

/** One entry of a `crons.ts`: a function, its arguments and its schedule. */
export interface CronSpec {
  name: string;
  args: JSONValue[];
  schedule: CronSchedule;
}

/**
 * The first fire strictly after `afterMs`; for an interval, one interval after it.
 *
 * @param identifier - spreads schedules without a minute over the hour, always the same way.
 */
export function nextFireMs(
  schedule: CronSchedule,
  identifier: string,
  afterMs: number,
): number {
  if (schedule.type === "interval") {
    return afterMs + intervalMs(schedule);
  }
  const expression = cronExpression(schedule, identifier);
  try {
    return cronParser
      .parseExpression(expression, {
        currentDate: new Date(afterMs),
        utc: true,
      })
      .next()
      .getTime();
  } catch (cause) {
    throw new EmbeddedError(
      "invalidPush",
      `Cron "${identifier}" has a schedule that never fires or cannot be read: "${expression}" (${cause instanceof Error ? cause.message : String(cause)})`,
      { cause },
    );
  }
}

function intervalMs(
  schedule: Extract<CronSchedule, { type: "interval" }>,
): number {
  if ("seconds" in schedule) {
    return schedule.seconds * 1_000;
  }
  return "minutes" in schedule
    ? schedule.minutes * 60_000
    : schedule.hours * 3_600_000;
}

const DAYS_OF_WEEK = [
  "sunday",
  "monday",
  "tuesday",
  "wednesday",
  "thursday",
  "friday",
  "saturday",
];

function cronExpression(
  schedule: Exclude<CronSchedule, { type: "interval" }>,
  identifier: string,
): string {
  if (schedule.type === "cron") {
    return fiveFields(schedule.cron, identifier);
  }
  const minute = schedule.minuteUTC ?? chosenMinute(identifier);
  switch (schedule.type) {
    case "hourly":
      return `${minute} * * * *`;
    case "daily":
      return `${minute} ${schedule.hourUTC} * * *`;
    case "weekly":
      return `${minute} ${schedule.hourUTC} * * ${DAYS_OF_WEEK.indexOf(schedule.dayOfWeek)}`;
    case "monthly":
      return `${minute} ${schedule.hourUTC} ${schedule.day} * *`;
    default: {
      const unknown: never = schedule;
      throw new EmbeddedError(
        "invalidPush",
        `Cron "${identifier}" has a schedule of an unknown type: ${JSON.stringify(unknown)}`,
      );
    }
  }
}

/**
 * The five fields of a cron expression. Convex has no seconds and no names such as `@daily`, which
 * cron-parser would take.
 */
function fiveFields(expression: string, identifier: string): string {
  if (expression.trim().split(/\s+/).length === 5) return expression;
  throw new EmbeddedError(
    "invalidPush",
    `Cron "${identifier}" needs an expression of five fields (minute, hour, day, month, day of the week), got "${expression}"`,
  );
}

function chosenMinute(identifier: string): number {
  return createHash("sha256").update(identifier).digest().readUInt32BE() % 60;
}
