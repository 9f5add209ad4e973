/** Reading `field=value` arguments into a patch of the policy. */
import { CliError } from "../errors.js";
import { nearest } from "./nearest.js";
import { readDuration } from "../time/time.js";
import type { Policy } from "../../convex/sessionTracker/shared/settings.js";

const FIELDS: readonly (keyof Policy)[] = [
  "retentionDays",
  "idleTimeoutMs",
  "maxVisitMs",
  "touchAfterMs",
  "maxActionsPerSession",
  "maxMetadataBytes",
  "pageSize",
];

/** Reads a patch. @throws usage; whether a value is within its range is the component's to say */
export function readPatch(assignments: readonly string[]): Partial<Policy> {
  const patch: Partial<Policy> = {};
  for (const assignment of assignments) {
    const [name = "", ...rest] = assignment.split("=");
    const field = FIELDS.find((known) => known === name);
    if (field === undefined) throw unknownField(name);
    if (rest.length === 0) {
      throw new CliError(
        "usage",
        `${JSON.stringify(assignment)} names no value. Write ${name}=VALUE.`,
      );
    }
    setField(patch, field, rest.join("="));
  }
  return patch;
}

function setField(
  patch: Partial<Policy>,
  field: keyof Policy,
  text: string,
): void {
  if (field === "retentionDays" || field === "maxVisitMs") {
    patch[field] = text === "never" ? text : readNumber(field, text);
  } else {
    patch[field] = readNumber(field, text);
  }
}

function readNumber(field: keyof Policy, text: string): number {
  const value = field.endsWith("Ms")
    ? (readDuration(text) ?? Number(text))
    : Number(text);
  if (text.trim() !== "" && Number.isFinite(value)) return value;
  const example = field.endsWith("Ms")
    ? `a duration such as 45m, or milliseconds${field === "maxVisitMs" ? ', or "never"' : ""}`
    : field === "retentionDays"
      ? 'a number of days, or "never"'
      : "a number";
  throw new CliError(
    "usage",
    `${field}=${text}: ${JSON.stringify(text)} is not ${example}.`,
  );
}

function unknownField(name: string): CliError {
  const meant = nearest(name, FIELDS);
  const hint = meant === null ? "" : ` Did you mean ${meant}?`;
  const schedules = name.startsWith("schedule")
    ? " Schedules are changed by `sessions-ops schedule set`."
    : "";
  return new CliError(
    "usage",
    `There is no setting ${JSON.stringify(name)}.${hint}${schedules} The settings are ${FIELDS.join(", ")}.`,
  );
}
