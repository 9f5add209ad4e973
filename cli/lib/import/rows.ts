import { jsonToConvex, type JSONValue, type Value } from "convex/values";
import {
  isAnonymousId,
  MINUTE_MS,
} from "../../../convex/sessionTracker/shared.js";
import type { Action, ImportRow } from "../api.js";
import { messageOf } from "../errors.js";
import { iso } from "../time.js";
import { readTime } from "../zonedTime.js";

export type ParsedRow =
  | { ok: true; row: ImportRow }
  /** A line that says something about the file, as `purge --archive` writes. */
  | { ok: true; row: null }
  | { ok: false; problem: string };

/** How far ahead of ours the clock of another system may be; the component's own tolerance. */
const CLOCK_SKEW_MS = MINUTE_MS;

/**
 * Reads one line: `{anonymousId, createdAt, lastActive, visits?, ended?, userId?, actions?}`, as
 * `export` and `purge --archive` write it, or as `npx convex export` writes the replaced tracker's
 * table. Other fields are ignored.
 */
export function parseRow(text: string, now: number): ParsedRow {
  try {
    const fields = readObject(parseJson(text), "the line");
    const isRow = !("archive" in fields) || "anonymousId" in fields;
    return { ok: true, row: isRow ? readRow(fields, now) : null };
  } catch (error) {
    if (error instanceof InvalidRow) {
      return { ok: false, problem: error.message };
    }
    throw error;
  }
}

class InvalidRow extends Error {}

type Fields = Record<string, unknown>;

function readRow(fields: Fields, now: number): ImportRow {
  const { anonymousId, actions } = fields;
  if (typeof anonymousId !== "string" || !isAnonymousId(anonymousId)) {
    throw new InvalidRow(
      `anonymousId must be 1 to 128 letters, digits or _ - . :, got ${show(anonymousId)}`,
    );
  }
  const createdAt = readMoment(fields, "createdAt", now);
  const lastActive = readMoment(fields, "lastActive", now);
  if (lastActive < createdAt) {
    throw new InvalidRow(
      `lastActive (${iso(lastActive)}) lies before createdAt (${iso(createdAt)})`,
    );
  }
  const row = { anonymousId, createdAt, lastActive, ...readHistory(fields) };
  if (actions === undefined) return row;
  if (!Array.isArray(actions)) {
    throw new InvalidRow(`actions must be an array, got ${show(actions)}`);
  }
  return {
    ...row,
    actions: actions
      .map((action, index) => readAction(action, index, now))
      // In time order, so that a row that is sent in parts compares each part with little.
      .sort((a, b) => a.at - b.at),
  };
}

/** What only this tracker keeps. */
function readHistory({
  visits,
  ended,
  userId,
}: Fields): Pick<ImportRow, "visits" | "ended" | "userId"> {
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
    ...(ended === undefined ? {} : { ended: readEnd(ended) }),
  };
}

function readEnd(value: unknown): { reason?: string } {
  const { reason } = readObject(value, "ended");
  if (reason === undefined) return {};
  if (typeof reason === "string") return { reason };
  throw new InvalidRow(`ended.reason must be a string, got ${show(reason)}`);
}

function readAction(value: unknown, index: number, now: number): Action {
  const where = `actions[${index}]`;
  const fields = readObject(value, where);
  const { action, resourceId, metadata } = fields;
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
  // The replaced tracker calls it timestamp.
  const name = fields["at"] === undefined ? "timestamp" : "at";
  return {
    at: readMoment(fields, name, now, `${where}.`),
    action,
    ...(resourceId === undefined ? {} : { resourceId }),
    ...(metadata === undefined
      ? {}
      : { metadata: readMetadata(metadata, where) }),
  };
}

/** A number of ms since the epoch, or ISO 8601. */
function readMoment(
  fields: Fields,
  name: string,
  now: number,
  prefix = "",
): number {
  const value = fields[name];
  const time = typeof value === "string" ? readTime(value) : value;
  if (typeof time !== "number" || !Number.isFinite(time) || time < 0) {
    throw new InvalidRow(
      `${prefix}${name} must be ms since the epoch or ISO 8601, got ${show(value)}`,
    );
  }
  if (time > now + CLOCK_SKEW_MS) {
    throw new InvalidRow(
      `${prefix}${name} (${show(value)}) lies in the future`,
    );
  }
  return time;
}

/**
 * Values that JSON lacks are written as Convex writes them (`{"$integer": …}`). Fields that start
 * with `$` for any other reason Convex refuses: better here, with the line.
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

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length <= 60 ? text : `${text.slice(0, 59)}…`;
}
