/** The visits of a line, and the figures of days. */
import type { NumberedRow } from "./batches.js";
import { iso } from "../../time/time.js";
import {
  InvalidRow,
  readMoment,
  readNumber,
  readObject,
  readText,
  show,
  tellUnknown,
  type Fields,
  type ReadingOptions,
} from "./fields.js";
import type { Day } from "../../../convex/sessionTracker/shared/days.js";
import { problemOfDay } from "../../../convex/sessionTracker/shared/transfer/dayRules.js";
import type { OpenVisit } from "../../../convex/sessionTracker/shared/transfer/openVisits.js";
import { problemOfVisits } from "../../../convex/sessionTracker/shared/transfer/visitRules.js";
import type {
  Entry,
  Visit,
} from "../../../convex/sessionTracker/shared/visits.js";

type VisitsOfRow = Pick<
  NumberedRow["row"],
  "engagedMs" | "firstEntry" | "visitUnderWay" | "finishedVisits"
>;

/** The fields of a line that are about its visits. */
export const VISIT_FIELDS = [
  "engagedMs",
  "firstEntry",
  "visitUnderWay",
  "finishedVisits",
] as const;

const ENTRY_TEXTS = [
  "path",
  "referrer",
  "utmSource",
  "utmMedium",
  "utmCampaign",
] as const;
const ENTRY_FIELDS = new Set<string>([...ENTRY_TEXTS, "device"]);
const DEVICES = ["desktop", "mobile", "tablet"] as const;
const WHYS = ["idle", "maximum", "ended"] as const;
const OPEN_FIELDS = new Set([
  "startedAt",
  "engagedMs",
  "engagedAt",
  "actions",
  "purgedActions",
  "entry",
  "path",
  "formerUserId",
]);
const FINISHED_FIELDS = new Set([
  "startedAt",
  "endedAt",
  "engagedMs",
  "actions",
  "entry",
  "exitPath",
  "why",
  "userId",
]);
const DAY_FIELDS = new Set([
  "day",
  "newVisitors",
  "visits",
  "bounces",
  "engagedMs",
  "actions",
]);

/** Reads what a line says of visits, and checks it by the component's rules. */
export function readVisits(
  fields: Fields,
  lastActive: number,
  options: ReadingOptions,
): VisitsOfRow {
  const { engagedMs, firstEntry, visitUnderWay, finishedVisits } = fields;
  if (finishedVisits !== undefined && !Array.isArray(finishedVisits)) {
    throw new InvalidRow(
      `finishedVisits must be an array, got ${show(finishedVisits)}`,
    );
  }
  const visits: VisitsOfRow = {
    ...(engagedMs === undefined
      ? {}
      : { engagedMs: readNumber(fields, "engagedMs") }),
    ...(firstEntry === undefined
      ? {}
      : { firstEntry: readEntry(firstEntry, "firstEntry", options) }),
    ...(visitUnderWay === undefined
      ? {}
      : { visitUnderWay: readOpen(visitUnderWay, options) }),
    ...(finishedVisits === undefined
      ? {}
      : {
          finishedVisits: finishedVisits.map((visit, index) =>
            readFinished(visit, index, options),
          ),
        }),
  };
  const ended = fields["ended"] === undefined ? undefined : {};
  const row = { ...visits, lastActive, ended };
  const problem = problemOfVisits(row, options.now, iso);
  if (problem !== null) throw new InvalidRow(problem);
  return visits;
}

/** Reads the figures of a day. */
export function readDay(fields: Fields, options: ReadingOptions): Day {
  tellUnknown(fields, DAY_FIELDS, "", options);
  const day = {
    day: readText(fields, "day") ?? "",
    newVisitors: readNumber(fields, "newVisitors"),
    visits: readNumber(fields, "visits"),
    bounces: readNumber(fields, "bounces"),
    engagedMs: readNumber(fields, "engagedMs"),
    actions: readNumber(fields, "actions"),
  };
  const problem = problemOfDay(day, options.now);
  if (problem !== null) throw new InvalidRow(problem);
  return day;
}

// ── Helpers ─────────────────────────────────────────────────────────────────

function readOpen(value: unknown, options: ReadingOptions): OpenVisit {
  const fields = readObject(value, "visitUnderWay");
  tellUnknown(fields, OPEN_FIELDS, "visitUnderWay.", options);
  const where = "visitUnderWay.";
  const { engagedAt, purgedActions, entry } = fields;
  const path = readText(fields, "path", where);
  const formerUserId =
    fields["formerUserId"] === null
      ? null
      : readText(fields, "formerUserId", where);
  return {
    startedAt: readMoment(fields, "startedAt", options, where),
    engagedMs: readNumber(fields, "engagedMs", where),
    ...(engagedAt === undefined
      ? {}
      : { engagedAt: readMoment(fields, "engagedAt", options, where) }),
    actions: readNumber(fields, "actions", where),
    ...(purgedActions === undefined
      ? {}
      : { purgedActions: readNumber(fields, "purgedActions", where) }),
    ...(entry === undefined
      ? {}
      : { entry: readEntry(entry, `${where}entry`, options) }),
    ...(path === undefined ? {} : { path }),
    ...(formerUserId === undefined ? {} : { formerUserId }),
  };
}

function readFinished(
  value: unknown,
  index: number,
  options: ReadingOptions,
): Visit {
  const name = `finishedVisits[${index}]`;
  const where = `${name}.`;
  const fields = readObject(value, name);
  tellUnknown(fields, FINISHED_FIELDS, "finishedVisits[].", options);
  const { entry } = fields;
  const exitPath = readText(fields, "exitPath", where);
  const userId = readText(fields, "userId", where);
  return {
    startedAt: readMoment(fields, "startedAt", options, where),
    endedAt: readMoment(fields, "endedAt", options, where),
    engagedMs: readNumber(fields, "engagedMs", where),
    actions: readNumber(fields, "actions", where),
    ...(entry === undefined
      ? {}
      : { entry: readEntry(entry, `${where}entry`, options) }),
    ...(exitPath === undefined ? {} : { exitPath }),
    why: readWord(fields, "why", WHYS, where),
    ...(userId === undefined ? {} : { userId }),
  };
}

function readEntry(
  value: unknown,
  name: string,
  options: ReadingOptions,
): Entry {
  const fields = readObject(value, name);
  const prefix = name.replace(/\[\d+\]/, "[]");
  tellUnknown(fields, ENTRY_FIELDS, `${prefix}.`, options);
  const entry: Entry = {};
  for (const field of ENTRY_TEXTS) {
    const text = readText(fields, field, `${name}.`);
    if (text !== undefined) entry[field] = text;
  }
  if (fields["device"] === undefined) return entry;
  return { ...entry, device: readWord(fields, "device", DEVICES, `${name}.`) };
}

function readWord<Word extends string>(
  fields: Fields,
  name: string,
  words: readonly Word[],
  where: string,
): Word {
  const found = words.find((word) => word === fields[name]);
  if (found !== undefined) return found;
  throw new InvalidRow(
    `${where}${name} must be one of ${words.join(", ")}, got ${show(fields[name])}`,
  );
}
