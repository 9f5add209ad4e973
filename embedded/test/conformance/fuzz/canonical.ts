import { inspect } from "node:util";
import { ConvexError } from "convex/values";
import type { Memory, Outcome } from "./interpret.js";
import type { Op } from "./programs/program.js";

/** An outcome in words that do not depend on the engine. */
export interface Told {
  readonly op: Op;
  readonly value: string | undefined;
  readonly threw: Failure | undefined;
  /** Whether a page was the last; undefined for other outcomes. */
  readonly isDone: boolean | undefined;
  readonly rows: number | undefined;
}

/**
 * Describes an outcome. To be called once the step has ended: operations side by side may show what
 * another is still making.
 */
export function tell(outcome: Outcome, memory: Memory): Told {
  const { op, isDone, rows } = outcome;
  const failed = "threw" in outcome;
  return {
    op,
    isDone,
    rows,
    value: failed ? undefined : canonical(outcome.value, memory),
    threw: failed ? failureOf(outcome.threw, memory) : undefined,
  };
}

/** Failure of an operation. */
export interface Failure {
  readonly kind: string;
  /** Data of a ConvexError. */
  readonly data?: string;
}

/** A text for any value, equal on both engines if their documents correspond. */
function canonical(value: unknown, memory: Memory): string {
  if (value === undefined) return "undefined";
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "number")
    return Object.is(value, -0) ? "-0" : String(value);
  if (typeof value === "string") {
    const document = memory.documents.get(value);
    return document === undefined ? JSON.stringify(value) : `#${document}`;
  }
  if (value instanceof ArrayBuffer)
    return `<${Buffer.from(value).toString("hex")}>`;
  if (Array.isArray(value))
    return `[${value.map((part) => canonical(part, memory)).join(", ")}]`;
  if (typeof value === "object" && value !== null)
    return canonicalObject(value as Record<string, unknown>, memory);
  return value === null ? "null" : inspect(value);
}

function canonicalObject(
  value: Record<string, unknown>,
  memory: Memory,
): string {
  const document = memory.documents.get(String(value["_id"]));
  const parts = Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, part]) =>
      name === "_creationTime" &&
      document !== undefined &&
      memory.times.get(document) === part
        ? "_creationTime: its own"
        : `${JSON.stringify(name)}: ${canonical(part, memory)}`,
    );
  return `{${parts.join(", ")}}`;
}

/** Kinds of errors. Each engine has its own words; their subject must be the same. */
const KINDS: readonly (readonly [kind: string, text: RegExp])[] = [
  // The last pattern is the mock's error for null where an object is wanted.
  [
    "validator",
    /Validator error|Return value validation failed|(Argument|Returns)ValidationError|does not match the schema|^Cannot convert undefined or null to object/,
  ],
  ["nonexistent", / on non-?existent doc/],
  ["wrong table", /expected ID in table|expected to be an Id</],
  ["not unique", /unique\(\) query returned more than one result/],
  [
    "range",
    /Incorrect (field|operator) used in|The index range included|Already defined .+ bound|didn't use the index fields in order/,
  ],
  ["thrown", /thrown on purpose/],
];

function failureOf(error: unknown, memory: Memory): Failure {
  if (error instanceof ConvexError) {
    return { kind: "ConvexError", data: canonical(error.data, memory) };
  }
  const message = error instanceof Error ? error.message : String(error);
  const kind = KINDS.find(([, text]) => text.test(message))?.[0];
  return { kind: kind ?? `unknown: ${message}` };
}
