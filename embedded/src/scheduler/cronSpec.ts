import { createHash } from "node:crypto";
import cronParser from "cron-parser";
import type { JSONValue } from "convex/values";
import { EmbeddedError } from "../errors.js";
import { nextMatchMs, parseCronExpression } from "./cronExpression.js";

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
  const cron = parseCronExpression(expression);
  if (cron === undefined) return earlierGrammar(expression, afterMs);
  const next = nextMatchMs(cron, afterMs);
  if (next !== undefined) return next;
  throw invalidCron(
    `The cron spec ${JSON.stringify(expression)} will never match any time, in "${identifier}"`,
  );
}

/**
 * Refuses what Convex refuses of a cron that is pushed.
 * @throws EmbeddedError "invalidPush"
 */
export function checkCronSpec(
  identifier: string,
  { schedule }: CronSpec,
): void {
  if (!/^[\x20-\x7e]*$/.test(identifier)) {
    throw invalidCron(
      `CronIdentifier ${identifier} has invalid character ${JSON.stringify(/[^\x20-\x7e]/u.exec(identifier)?.[0])}: CronIdentifiers can only contain ASCII letters, numbers, spaces, underscores, dashes and apostrophes`,
    );
  }
  if (schedule.type === "interval") {
    checkInterval(schedule, identifier);
    return;
  }
  if (schedule.type === "cron") {
    if (parseCronExpression(schedule.cron) === undefined) {
      throw invalidCron(
        `Failed to parse cron expression ${JSON.stringify(schedule.cron)} of "${identifier}": it needs minute, hour, day, month and day of the week (0 to 6), one blank apart`,
      );
    }
  } else {
    checkBetween(schedule, "minuteUTC", [0, 59], "minuteUTC");
    if ("hourUTC" in schedule)
      checkBetween(schedule, "hourUTC", [0, 23], "hourUTC");
    if ("day" in schedule)
      checkBetween(schedule, "day", [1, 31], "day of month");
  }
  nextFireMs(schedule, identifier, 0);
}

/** Times by the parser that deployments used when they stored their crons: those go on until a push. */
function earlierGrammar(expression: string, afterMs: number): number {
  return cronParser
    .parseExpression(expression, { currentDate: new Date(afterMs), utc: true })
    .next()
    .getTime();
}

function checkInterval(schedule: CronSchedule, identifier: string): void {
  const units = (["seconds", "minutes", "hours"] as const).flatMap((unit) =>
    unit in schedule ? [(schedule as Record<string, unknown>)[unit]] : [],
  );
  if (units.length !== 1) {
    throw invalidCron(
      `Exactly one of (seconds, minutes, hours) should be specified, in "${identifier}"`,
    );
  }
  if (!Number.isInteger(units[0]) || (units[0] as number) <= 0) {
    throw invalidCron(
      `Interval must be an integer greater than 0, in "${identifier}"`,
    );
  }
}

function checkBetween(
  schedule: CronSchedule,
  key: string,
  [min, max]: readonly [number, number],
  name: string,
): void {
  const value = (schedule as Record<string, unknown>)[key];
  if (value === undefined || value === null) return;
  if (Number.isInteger(value) && Number(value) >= min && Number(value) <= max) {
    return;
  }
  throw invalidCron(
    `${name} must be ${min}-${max} in ${JSON.stringify(schedule, null, 2)}`,
  );
}

function invalidCron(problem: string): EmbeddedError {
  return new EmbeddedError("invalidPush", problem);
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

/** Number of a day of the week, Sunday's being 0. */
export function dayNumber(day: string): number {
  return DAYS_OF_WEEK.indexOf(day);
}

function cronExpression(
  schedule: Exclude<CronSchedule, { type: "interval" }>,
  identifier: string,
): string {
  if (schedule.type === "cron") {
    return schedule.cron;
  }
  const minute = schedule.minuteUTC ?? chosenMinute(identifier);
  switch (schedule.type) {
    case "hourly":
      return `${minute} * * * *`;
    case "daily":
      return `${minute} ${schedule.hourUTC} * * *`;
    case "weekly":
      return `${minute} ${schedule.hourUTC} * * ${dayNumber(schedule.dayOfWeek)}`;
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

function chosenMinute(identifier: string): number {
  return createHash("sha256").update(identifier).digest().readUInt32BE() % 60;
}
