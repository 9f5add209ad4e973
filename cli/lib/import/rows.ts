import { convexToJson, type Value } from "convex/values";
import {
  isAnonymousId,
  MINUTE_MS,
} from "../../../convex/sessionTracker/shared.js";
import type { Action, ImportRow } from "../api.js";
import { messageOf } from "../errors.js";
import { iso, readTime } from "../time.js";

export type ParsedRow =
  { ok: true; row: ImportRow } | { ok: false; problem: string };

/** How far ahead of ours the clock of another system may be; the component's own tolerance. */
const CLOCK_SKEW_MS = MINUTE_MS;

/**
 * Reads one line: `{anonymousId, createdAt, lastActive, actions?}`, as made for this, or as
 * `npx convex export` writes the replaced tracker's table. Other fields are ignored.
 */
export function parseRow(text: string, now: number): ParsedRow {
  try {
    return { ok: true, row: readRow(parseJson(text), now) };
  } catch (error) {
    if (error instanceof InvalidRow) {
      return { ok: false, problem: error.message };
    }
    throw error;
  }
}

class InvalidRow extends Error {}

type Fields = Record<string, unknown>;

function readRow(value: unknown, now: number): ImportRow {
  const fields = readObject(value, "the line");
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
  if (actions === undefined) return { anonymousId, createdAt, lastActive };
  if (!Array.isArray(actions)) {
    throw new InvalidRow(`actions must be an array, got ${show(actions)}`);
  }
  return {
    anonymousId,
    createdAt,
    lastActive,
    actions: actions
      .map((action, index) => readAction(action, index, now))
      // In time order, so that a row that is sent in parts compares each part with little.
      .sort((a, b) => a.at - b.at),
  };
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

/** Convex refuses some JSON, such as fields that start with `$`: better here, with the line. */
function readMetadata(metadata: unknown, where: string): Value {
  try {
    convexToJson(metadata as Value);
    return metadata as Value;
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
