/** Reading the fields of a line of a file to import, with errors that name the field and its value. */
import { messageOf } from "../../errors.js";
import { shortened } from "../../terminal/wrap.js";
import { iso } from "../../time/time.js";
import { readTime } from "../../time/zonedTime.js";
import { isFuture } from "../../../convex/sessionTracker/shared/times.js";

/** The unit of numbers that stand for times. */
export type TimeUnit = "milliseconds" | "seconds";

export interface ReadingOptions {
  now: number;
  /** Unit of times that are numbers. @default milliseconds, and refuses those that can only be seconds */
  times?: TimeUnit | undefined;
  /** Called with each field that an import has no use for, such as `actions[].url`. */
  onUnknown?: (name: string) => void;
}

export class InvalidRow extends Error {}

export type Fields = Record<string, unknown>;

export function tellUnknown(
  fields: Fields,
  known: ReadonlySet<string>,
  prefix: string,
  { onUnknown }: ReadingOptions,
): void {
  if (onUnknown === undefined) return;
  for (const name of Object.keys(fields)) {
    if (!known.has(name)) onUnknown(prefix + name);
  }
}

/**
 * The numbers that are times since 1973 in seconds, and in milliseconds before 1973, when nobody
 * visited a site. Smaller ones are neither; 0 may stand for "nobody knows".
 */
const SECONDS = { from: 1e8, before: 1e11 };

/** Reads a number of ms since the epoch, or ISO 8601. */
export function readMoment(
  fields: Fields,
  name: string,
  { now, times }: ReadingOptions,
  prefix = "",
): number {
  const value = fields[name];
  const time = typeof value === "string" ? readTime(value) : inMs(value, times);
  if (typeof time !== "number" || !Number.isFinite(time) || time < 0) {
    throw new InvalidRow(
      `${prefix}${name} must be ms since the epoch or ISO 8601, got ${show(value)}`,
    );
  }
  const isSeconds =
    time === value && time >= SECONDS.from && time < SECONDS.before;
  if (isSeconds && times === undefined) {
    throw new InvalidRow(
      `${prefix}${name} (${time}) would be ${iso(time)}; in seconds it is ${iso(time * 1_000)}. Pass --times seconds if that is meant, --times milliseconds if it is right as it is`,
    );
  }
  if (isFuture(time, now)) {
    throw new InvalidRow(
      `${prefix}${name} (${show(value)}) lies in the future`,
    );
  }
  return time;
}

export function readObject(value: unknown, what: string): Fields {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Fields;
  }
  throw new InvalidRow(`${what} must be a JSON object, got ${show(value)}`);
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InvalidRow(`not JSON: ${messageOf(error)}`);
  }
}

/** The characters of a value that an error shows. */
const MAX_SHOWN = 60;

export function show(value: unknown): string {
  return shortened(JSON.stringify(value) ?? "nothing", MAX_SHOWN);
}

/** Reads a number that stands for no time; what it may be is checked elsewhere. */
export function readNumber(fields: Fields, name: string, where = ""): number {
  const value = fields[name];
  if (typeof value === "number") return value;
  throw new InvalidRow(`${where}${name} must be a number, got ${show(value)}`);
}

/** Reads a text that may be missing. */
export function readText(
  fields: Fields,
  name: string,
  where = "",
): string | undefined {
  const value = fields[name];
  if (value === undefined || typeof value === "string") return value;
  throw new InvalidRow(`${where}${name} must be a string, got ${show(value)}`);
}

function inMs(value: unknown, times: TimeUnit | undefined): unknown {
  if (typeof value !== "number" || times !== "seconds") return value;
  return Math.round(value * 1_000);
}
