import { jsonToConvex, type JSONValue, type Value } from "convex/values";
import type { NumberedRow, RowAction } from "./batches.js";
import { messageOf } from "../../errors.js";
import { shortened } from "../../terminal/words.js";
import { iso } from "../../time/time.js";
import { readTime } from "../../time/zonedTime.js";
import {
  ANONYMOUS_ID_RULE,
  isAnonymousId,
} from "../../../convex/sessionTracker/shared/sessions.js";
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

type Row = NumberedRow["row"];

export type ParsedRow =
  | { ok: true; row: Row }
  /** A line that says something about the file, as `purge --archive` writes. */
  | { ok: true; row: null }
  | { ok: false; problem: string };

/**
 * The numbers that are times since 1973 in seconds, and in milliseconds before 1973, when nobody
 * visited a site. Smaller ones are neither; 0 may stand for "nobody knows".
 */
const SECONDS = { from: 1e8, before: 1e11 };

/**
 * Reads one line: `{anonymousId, createdAt, lastActive, visits?, ended?, userId?, actions?}`, as
 * `export` and `purge --archive` write it, or as `npx convex export` writes the replaced tracker's
 * table. An action is `{at, action, resourceId?, metadata?, copies?}`.
 */
export function parseRow(text: string, options: ReadingOptions): ParsedRow {
  try {
    const fields = readObject(parseJson(text), "the line");
    const isRow = !("archive" in fields) || "anonymousId" in fields;
    return { ok: true, row: isRow ? readRow(fields, options) : null };
  } catch (error) {
    if (error instanceof InvalidRow) {
      return { ok: false, problem: error.message };
    }
    throw error;
  }
}

class InvalidRow extends Error {}

type Fields = Record<string, unknown>;

const ROW_FIELDS = new Set([
  "anonymousId",
  "createdAt",
  "lastActive",
  "visits",
  "ended",
  "userId",
  "actions",
  // The id of the stored row, which is nothing to the place it goes to.
  "_id",
  "_creationTime",
  "sessionId",
]);
const END_FIELDS = new Set(["reason"]);
const ACTION_FIELDS = new Set([
  "at",
  "timestamp",
  "action",
  "resourceId",
  "metadata",
  "copies",
]);

function tellUnknown(
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

function readRow(fields: Fields, options: ReadingOptions): Row {
  tellUnknown(fields, ROW_FIELDS, "", options);
  const { anonymousId, actions } = fields;
  if (anonymousId === undefined && typeof fields["sessionId"] === "string") {
    throw new InvalidRow(
      "there is no anonymousId: what was written --without-ids cannot be imported",
    );
  }
  if (typeof anonymousId !== "string" || !isAnonymousId(anonymousId)) {
    throw new InvalidRow(`${ANONYMOUS_ID_RULE}, got ${show(anonymousId)}`);
  }
  const createdAt = readMoment(fields, "createdAt", options);
  const lastActive = readMoment(fields, "lastActive", options);
  if (lastActive < createdAt) {
    throw new InvalidRow(
      `lastActive (${iso(lastActive)}) lies before createdAt (${iso(createdAt)})`,
    );
  }
  const row = {
    anonymousId,
    createdAt,
    lastActive,
    ...readHistory(fields, options),
  };
  if (actions === undefined) return row;
  if (!Array.isArray(actions)) {
    throw new InvalidRow(`actions must be an array, got ${show(actions)}`);
  }
  return {
    ...row,
    actions: actions
      .map((action, index) => readAction(action, index, options))
      // Actions are in time order, so that a row that is sent in parts compares each part with little.
      .sort((a, b) => a.at - b.at),
  };
}

/** Reads the fields that only this tracker keeps. */
function readHistory(
  { visits, ended, userId }: Fields,
  options: ReadingOptions,
): Pick<Row, "visits" | "ended" | "userId"> {
  if (
    visits !== undefined &&
    !(typeof visits === "number" && Number.isInteger(visits) && visits >= 1)
  ) {
    throw new InvalidRow(
      `visits must be a whole number from 1, got ${show(visits)}`,
    );
  }
  if (userId !== undefined && typeof userId !== "string") {
    throw new InvalidRow(`userId must be a string, got ${show(userId)}`);
  }
  return {
    ...(visits === undefined ? {} : { visits }),
    ...(userId === undefined ? {} : { userId }),
    ...(ended === undefined ? {} : { ended: readEnd(ended, options) }),
  };
}

function readEnd(value: unknown, options: ReadingOptions): { reason?: string } {
  const fields = readObject(value, "ended");
  tellUnknown(fields, END_FIELDS, "ended.", options);
  const { reason } = fields;
  if (reason === undefined) return {};
  if (typeof reason === "string") return { reason };
  throw new InvalidRow(`ended.reason must be a string, got ${show(reason)}`);
}

function readAction(
  value: unknown,
  index: number,
  options: ReadingOptions,
): RowAction {
  const where = `actions[${index}]`;
  const fields = readObject(value, where);
  tellUnknown(fields, ACTION_FIELDS, "actions[].", options);
  const { action, resourceId, metadata, copies } = fields;
  if (typeof action !== "string") {
    throw new InvalidRow(
      `${where}.action must be a string, got ${show(action)}`,
    );
  }
  if (resourceId !== undefined && typeof resourceId !== "string") {
    throw new InvalidRow(
      `${where}.resourceId must be a string, got ${show(resourceId)}`,
    );
  }
  // The replaced tracker calls this field timestamp.
  const name = fields["at"] === undefined ? "timestamp" : "at";
  return {
    at: readMoment(fields, name, options, `${where}.`),
    action,
    ...(resourceId === undefined ? {} : { resourceId }),
    ...(metadata === undefined
      ? {}
      : { metadata: readMetadata(metadata, where) }),
    ...(copies === undefined ? {} : { copies: readCopies(copies, where) }),
  };
}

/** Reads a number of ms since the epoch, or ISO 8601. */
function readMoment(
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

/** Reads how often an action happened at its time. */
function readCopies(copies: unknown, where: string): number {
  if (
    typeof copies === "number" &&
    Number.isSafeInteger(copies) &&
    copies >= 1
  ) {
    return copies;
  }
  throw new InvalidRow(
    `${where}.copies must be a whole number from 1, got ${show(copies)}`,
  );
}

function inMs(value: unknown, times: TimeUnit | undefined): unknown {
  if (typeof value !== "number" || times !== "seconds") return value;
  return Math.round(value * 1_000);
}

/**
 * Reads metadata. Values that JSON lacks are written as Convex writes them (`{"$integer": …}`). Fields
 * that start with `$` for any other reason Convex refuses: better here, with the line.
 */
function readMetadata(metadata: unknown, where: string): Value {
  try {
    return jsonToConvex(metadata as JSONValue);
  } catch (error) {
    throw new InvalidRow(
      `${where}.metadata cannot be stored: ${messageOf(error)}`,
    );
  }
}

function readObject(value: unknown, what: string): Fields {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Fields;
  }
  throw new InvalidRow(`${what} must be a JSON object, got ${show(value)}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InvalidRow(`not JSON: ${messageOf(error)}`);
  }
}

/** The characters of a value that an error shows. */
const MAX_SHOWN = 60;

function show(value: unknown): string {
  return shortened(JSON.stringify(value) ?? "nothing", MAX_SHOWN);
}
