/** Reading `field=value` arguments into a patch of the policy. */
import { CliError } from "../errors.js";
import { nearest } from "./nearest.js";
import { readDuration } from "../time/time.js";
import { takesNever } from "../../convex/sessionTracker/settings/policy.js";
import type { Policy } from "../../convex/sessionTracker/shared/settings.js";
import { DAY_MS } from "../../convex/sessionTracker/shared/times.js";

const FIELDS: readonly (keyof Policy)[] = [
  "retentionDays",
  "visitRetentionDays",
  "actionRetentionDays",
  "auditRetentionDays",
  "idleTimeoutMs",
  "maxVisitMs",
  "touchAfterMs",
  "maxActionsPerSession",
  "maxMetadataBytes",
  "maxActionsPerMinute",
  "maxNewSessionsPerMinute",
  "maxNewSessionsPerMinutePerAddress",
  "pageSize",
  "backlogAlertMs",
];

/** The retention of each kind of data, and of the audit log, by its name, which takes durations. */
const RETENTIONS = {
  retentionDays: "retention.sessions",
  visitRetentionDays: "retention.visits",
  actionRetentionDays: "retention.actions",
  auditRetentionDays: "retention.audit",
} as const;
type Retention = keyof typeof RETENTIONS;

/** Reads a patch. @throws usage; whether a value is within its range is the component's to say */
export function readPatch(assignments: readonly string[]): Partial<Policy> {
  const patch: Partial<Policy> = {};
  for (const assignment of assignments) {
    const [name = "", ...rest] = assignment.split("=");
    const field = FIELDS.find(
      (known) =>
        known === name || (isRetention(known) && RETENTIONS[known] === name),
    );
    if (field === undefined) throw unknownField(name);
    if (rest.length === 0) {
      throw new CliError(
        "usage",
        `${JSON.stringify(assignment)} names no value. Write ${name}=VALUE.`,
      );
    }
    if (field in patch) {
      throw new CliError("usage", `${field} is given twice. Name it once.`);
    }
    setField(patch, field, rest.join("="));
  }
  return patch;
}

export function isRetention(field: string): field is Retention {
  return Object.hasOwn(RETENTIONS, field);
}

function setField(
  patch: Partial<Policy>,
  field: keyof Policy,
  text: string,
): void {
  if (field === "visitRetentionDays" || field === "actionRetentionDays") {
    patch[field] = text === "session" ? text : readNumber(field, text);
  } else if (field === "retentionDays" || takesNever(field)) {
    patch[field] = text === "never" ? text : readNumber(field, text);
  } else {
    patch[field] = readNumber(field, text);
  }
}

function readNumber(field: keyof Policy, text: string): number {
  const value = numberOf(field, text);
  if (text.trim() !== "" && Number.isFinite(value)) return value;
  throw new CliError(
    "usage",
    `${field}=${text}: ${JSON.stringify(text)} is not ${exampleOf(field)}.`,
  );
}

function numberOf(field: keyof Policy, text: string): number {
  const durationMs = readDuration(text);
  if (durationMs !== null && field.endsWith("Ms")) return durationMs;
  if (durationMs !== null && isRetention(field)) return durationMs / DAY_MS;
  return Number(text);
}

function exampleOf(field: keyof Policy): string {
  const orNever = takesNever(field) ? ', or "never"' : "";
  if (field.endsWith("Ms")) {
    return `a duration such as 45m, or milliseconds${orNever}`;
  }
  if (!isRetention(field)) return `a number${orNever}`;
  const isWhole = field === "retentionDays" || takesNever(field);
  const or = isWhole ? "never" : "session";
  return `a number of days, a duration such as 14d or 36h, or "${or}"`;
}

function unknownField(name: string): CliError {
  const meant = nearest(name, [...FIELDS, ...Object.values(RETENTIONS)]);
  const hint = meant === null ? "" : ` Did you mean ${meant}?`;
  const schedules = name.startsWith("schedule")
    ? " Schedules are changed by `sessions-ops schedule set`."
    : "";
  return new CliError(
    "usage",
    `There is no setting ${JSON.stringify(name)}.${hint}${schedules} The settings are ${FIELDS.map(nameOf).join(", ")}.`,
  );
}

/** The field with its other name, if it has one: retentionDays (retention.sessions) */
export function nameOf(field: string): string {
  return isRetention(field) ? `${field} (${RETENTIONS[field]})` : field;
}
