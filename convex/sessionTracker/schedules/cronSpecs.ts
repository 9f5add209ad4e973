/** The rules of cron specs, and the faults of a spec in words for the operator who wrote it. */
import { fail } from "../shared/errors.js";
import { isTimeZone } from "../shared/fires/zones.js";
import {
  cronsFireAfter,
  fireAfter,
  readFields,
  type CronSpec,
} from "./fires.js";

interface SpecProblem {
  field: "spec" | "timeZone";
  message: string;
}

/**
 * The spec as it is stored: one blank between fields, and five fields in place of a name such as `@daily`.
 */
export function tidySpec(text: string): string {
  const spec = text.trim().split(/\s+/).join(" ");
  return NAMED_SPECS[spec.toLowerCase()] ?? spec;
}

/** The fault of a tidy spec or of its time zone; `null` where both are valid. */
function specProblem(cron: CronSpec): SpecProblem | null {
  if (!isTimeZone(cron.timeZone)) {
    return {
      field: "timeZone",
      message: `${JSON.stringify(cron.timeZone)} is not an IANA time zone such as "UTC" or "Europe/Berlin".`,
    };
  }
  const message = textProblem(cron.spec) ?? neverProblem(cron);
  return message === null ? null : { field: "spec", message };
}

/**
 * Refuses a spec that cannot be read, that fires more than once a minute or never, and an unknown time zone.
 * @param cron with a spec that `tidySpec` has tidied
 * @throws invalidSchedule `{ field, value }`
 */
export function checkSpec(cron: CronSpec): void {
  const problem = specProblem(cron);
  if (problem === null) return;
  const { field, message } = problem;
  fail("invalidSchedule", message, { field, value: cron[field] });
}

// ── Helpers ─────────────────────────────────────────────────────────────────

const NAMED_SPECS: Record<string, string> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};

interface FieldRule {
  name: string;
  /** Number of values that the field has; a step longer than that would take the first value only. */
  values: number;
  /** The values in words, for the refusal. */
  takes: string;
}

const FIELD_RULES: readonly FieldRule[] = [
  { name: "second", values: 60, takes: "0 to 59" },
  { name: "minute", values: 60, takes: "0 to 59" },
  { name: "hour", values: 24, takes: "0 to 23" },
  { name: "day of the month", values: 31, takes: "1 to 31 or L" },
  { name: "month", values: 12, takes: "1 to 12 or jan to dec" },
  {
    name: "weekday",
    values: 7,
    takes:
      "0 to 7 or sun to sat, 5L for the last Friday, 1#2 for the second Monday",
  },
];

function textProblem(spec: string): string | null {
  const quoted = JSON.stringify(spec);
  if (spec.startsWith("@")) {
    return `${quoted} is none of ${Object.keys(NAMED_SPECS).join(", ")}.`;
  }
  const given = spec === "" ? [] : spec.split(" ");
  if (given.length !== 5 && given.length !== 6) {
    return `A cron spec has five fields (minute hour day month weekday) or six (second first), got ${given.length} in ${quoted}.`;
  }
  const rules = FIELD_RULES.slice(FIELD_RULES.length - given.length);
  for (const [at, rule] of rules.entries()) {
    const problem = fieldProblem(given, at, rule);
    if (problem !== null) return `In ${quoted} ${problem}`;
  }
  return null;
}

function fieldProblem(
  given: readonly string[],
  at: number,
  { name, values, takes }: FieldRule,
): string | null {
  const text = given[at] ?? "";
  const quoted = `the ${name} ${JSON.stringify(text)}`;
  const alone = given
    .map((field, i) => (i === at ? field : i === 0 ? "0" : "*"))
    .join(" ");
  const parts = text.split(",");
  if (!isReadable(alone) || parts.some((part) => isOddLast(name, part))) {
    return `${quoted} cannot be read: it takes ${takes}, lists (1,15), ranges (1-5) and steps (*/15).`;
  }
  if (parts.some((part) => Number(part.split("/")[1] ?? 1) > values)) {
    return `${quoted} steps further than its ${values} values, so that only the first is left: write that one, or put the step in another field.`;
  }
  if (name !== "second" || readFields(alone).seconds.length === 1) return null;
  return `${quoted} fires more than once a minute: name one second.`;
}

/**
 * Whether a part of a field holds an `L` in the wrong place. The parser takes any part with an `L` for the last
 * day, and fails on some of them only when the schedule fires.
 */
function isOddLast(name: string, part: string): boolean {
  if (!part.includes("L")) return false;
  return name === "weekday" ? !/^[0-7]L$/.test(part) : part !== "L";
}

function isReadable(spec: string): boolean {
  try {
    readFields(spec);
    return true;
  } catch {
    return false;
  }
}

function neverProblem(cron: CronSpec): string | null {
  const now = Date.now();
  const fires = isReadable(cron.spec) && fireAfter(cron, now) !== null;
  if (fires && cronsFireAfter(cron, now) !== null) return null;
  return `${JSON.stringify(cron.spec)} does not fire within eight years: none of its days comes.`;
}
