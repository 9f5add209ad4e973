import { jsonToConvex, type JSONValue, type Value } from "convex/values";
import type { NumberedRow, RowAction } from "./batches.js";
import { messageOf } from "../../errors.js";
import { iso } from "../../time/time.js";
import { readTime } from "../../time/zonedTime.js";
import {
  InvalidRow,
  parseJson,
  readMoment,
  readObject,
  readText,
  show,
  tellUnknown,
  type Fields,
  type ReadingOptions,
} from "./fields.js";
import { readDay, readVisits, VISIT_FIELDS } from "./parseVisits.js";
import type { Day } from "../../../convex/sessionTracker/shared/days.js";
import {
  ANONYMOUS_ID_RULE,
  isAnonymousId,
} from "../../../convex/sessionTracker/shared/sessions.js";

type Row = NumberedRow["row"];

export type ParsedLine =
  | { ok: true; row: Row }
  /** The figures of a day. */
  | { ok: true; day: Day }
  /** A line that says something about the file, as `purge --archive` writes. */
  | { ok: true }
  | { ok: false; problem: string };

/**
 * Reads one line: `{anonymousId, createdAt, lastActive, visits?, engagedMs?, firstEntry?, ended?, blockedUntil?, userId?,
 * visitUnderWay?, finishedVisits?, actions?}`, as `export` and `purge --archive` write it, or as `npx convex
 * export` writes the replaced tracker's table; or the figures of a day, `{day, newVisitors, visits, bounces,
 * engagedMs, actions}`. An action is `{at, action, resourceId?, metadata?, copies?}`.
 */
export function parseLine(text: string, options: ReadingOptions): ParsedLine {
  try {
    const fields = readObject(parseJson(text), "the line");
    if ("anonymousId" in fields) {
      return { ok: true, row: readRow(fields, options) };
    }
    if ("archive" in fields) return { ok: true };
    return "day" in fields
      ? { ok: true, day: readDay(fields, options) }
      : { ok: true, row: readRow(fields, options) };
  } catch (error) {
    if (error instanceof InvalidRow) {
      return { ok: false, problem: error.message };
    }
    throw error;
  }
}

const ROW_FIELDS = new Set([
  "anonymousId",
  "createdAt",
  "lastActive",
  "visits",
  "ended",
  "blockedUntil",
  "userId",
  ...VISIT_FIELDS,
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
    ...readVisits(fields, lastActive, options),
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
  fields: Fields,
  options: ReadingOptions,
): Pick<Row, "visits" | "ended" | "blockedUntil" | "userId"> {
  const { visits, ended, blockedUntil } = fields;
  const userId = readText(fields, "userId");
  if (
    visits !== undefined &&
    !(typeof visits === "number" && Number.isInteger(visits) && visits >= 1)
  ) {
    throw new InvalidRow(
      `visits must be a whole number from 1, got ${show(visits)}`,
    );
  }
  return {
    ...(visits === undefined ? {} : { visits }),
    ...(userId === undefined ? {} : { userId }),
    ...(ended === undefined ? {} : { ended: readEnd(ended, options) }),
    ...(blockedUntil === undefined ? {} : readBlock(fields)),
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

/** Reads when a block ends, which lies in the future as a rule. */
function readBlock(fields: Fields): Required<Pick<Row, "blockedUntil">> {
  const { blockedUntil: value, ended } = fields;
  if (ended === undefined) {
    throw new InvalidRow(
      "blockedUntil is of a visitor who ended, and ended is absent",
    );
  }
  if (value === "forever") return { blockedUntil: value };
  const until = typeof value === "string" ? readTime(value) : value;
  if (typeof until === "number" && until >= 0) return { blockedUntil: until };
  throw new InvalidRow(
    `blockedUntil must be ms since the epoch, ISO 8601 or "forever", got ${show(value)}`,
  );
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
