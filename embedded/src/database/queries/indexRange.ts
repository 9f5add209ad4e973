import type { JSONValue } from "convex/values";
import { prefixEnd, type Key } from "../../storage/store.js";
import { EmbeddedError } from "../../errors.js";
import type { Index, Table } from "../records/catalog.js";
import { displayValue } from "../values/displayValue.js";
import { firstRawIdNotBelow } from "../values/ids.js";
import type { RangeExpression } from "../types.js";
import {
  encodeString,
  encodeValue,
  FLOAT64_TAG,
  STRING_TAG,
} from "../values/valueEncoding.js";

/** Interval of an index's whole keys, `lower` inclusive and `upper` exclusive. */
export interface Interval {
  lower: Key;
  upper: Key;
}

/**
 * The interval of an index that a range builder describes: equalities on its
 * first fields, then bounds on the next. After an index's own fields come
 * `_creationTime` and `_id`, which are read off the raw id unless the key has them.
 */
export function compileRange(
  table: Table,
  index: Index,
  expressions: readonly RangeExpression[],
): Interval {
  const { equalities, bounds } = split(table, index, expressions);
  const order = [...index.fields, ...index.tail];
  const [bound] = bounds;
  checkOrder(table, index, order, [
    ...order.filter((field) => equalities.has(field)),
    ...(bound === undefined ? [] : [bound.fieldPath]),
  ]);
  const inKey = order.slice(0, index.paths.length);
  let prefix = index.head;
  const onRawId: RangeExpression[] = [];
  for (const field of order.slice(0, equalities.size)) {
    const equality = equalities.get(field) as RangeExpression;
    if (inKey.includes(field)) {
      prefix += encodeValue(equality.value);
    } else {
      onRawId.push(equality);
    }
  }
  if (bound !== undefined && inKey.includes(bound.fieldPath)) {
    return intersect(
      all(prefix),
      bounds.map((one) => encodedBound(prefix, one)),
    );
  }
  return intersect(
    all(prefix),
    [...onRawId, ...bounds].map((one) => rawIdBound(table, prefix, one)),
  );
}

function all(prefix: Key): Interval {
  return { lower: prefix, upper: prefixEnd(prefix) };
}

function intersect(whole: Interval, parts: Interval[]): Interval {
  const result = parts.reduce(
    (a, b) => ({
      lower: b.lower > a.lower ? b.lower : a.lower,
      upper: b.upper < a.upper ? b.upper : a.upper,
    }),
    whole,
  );
  return result.lower < result.upper
    ? result
    : { lower: whole.lower, upper: whole.lower };
}

/** A bound on a field whose values are encoded in the key. */
function encodedBound(prefix: Key, { type, value }: RangeExpression): Interval {
  const whole = all(prefix);
  const at = prefix + encodeValue(value);
  switch (type) {
    case "Eq":
      return all(at);
    case "Gte":
      return { ...whole, lower: at };
    case "Gt":
      return { ...whole, lower: prefixEnd(at) };
    case "Lt":
      return { ...whole, upper: at };
    case "Lte":
      return { ...whole, upper: prefixEnd(at) };
    default:
      return type satisfies never;
  }
}

/** A bound on `_creationTime` or `_id`, as an interval of raw ids. */
function rawIdBound(
  table: Table,
  prefix: Key,
  { type, fieldPath, value }: RangeExpression,
): Interval {
  const position =
    fieldPath === "_creationTime"
      ? creationTimePosition
      : (bound: Key, inclusive: boolean) => idPosition(table, bound, inclusive);
  const bound = encodeValue(value);
  const whole = all(prefix);
  const at = (inclusive: boolean): Key => {
    const raw = position(bound, inclusive);
    return raw === null ? whole.upper : prefix + raw;
  };
  switch (type) {
    case "Eq":
      return { lower: at(true), upper: at(false) };
    case "Gte":
      return { ...whole, lower: at(true) };
    case "Gt":
      return { ...whole, lower: at(false) };
    case "Lt":
      return { ...whole, upper: at(true) };
    case "Lte":
      return { ...whole, upper: at(false) };
    default:
      return type satisfies never;
  }
}

/**
 * The position of the first raw id whose creation time is at (or, exclusively, above) the bound;
 * null: none is.
 */
function creationTimePosition(bound: Key, inclusive: boolean): Key | null {
  if (!bound.startsWith(FLOAT64_TAG)) {
    return bound < FLOAT64_TAG ? "" : null;
  }
  const time = bound.slice(FLOAT64_TAG.length);
  return inclusive ? time : prefixEnd(time);
}

/** The position of the first raw id at (or, exclusively, above) the bound; null: none is. */
function idPosition(table: Table, bound: Key, inclusive: boolean): Key | null {
  if (!bound.startsWith(STRING_TAG)) {
    return bound < STRING_TAG ? "" : null;
  }
  return firstRawIdNotBelow(table.number, (id) => {
    const encoded = encodeString(id);
    return inclusive ? encoded < bound : encoded <= bound;
  });
}

function split(
  table: Table,
  index: Index,
  expressions: readonly RangeExpression[],
) {
  const name = indexName(table, index);
  const fields = [...index.fields, ...index.tail];
  const equalities = new Map<string, RangeExpression>();
  const bounds: RangeExpression[] = [];
  for (const expression of expressions) {
    const { type, fieldPath } = expression;
    if (!fields.includes(fieldPath)) {
      throw invalidRange(
        `The index range included a comparison with "${fieldPath}", but ${name} with fields ` +
          `${displayFields(fields)} doesn't index this field. ${LEARN_MORE}`,
      );
    }
    const kind = boundKind(type);
    const already =
      kind === "equality"
        ? equalities.get(fieldPath)
        : bounds.find((bound) => boundKind(bound.type) === kind);
    if (already !== undefined) {
      throw invalidRange(
        `Already defined ${kind} bound in index range. Can't add "${fieldPath}" ` +
          `${COMPARATORS[type]} ${describe(expression.value)}.`,
      );
    }
    const [first] = bounds;
    if (
      kind !== "equality" &&
      first !== undefined &&
      first.fieldPath !== fieldPath
    ) {
      throw invalidRange(
        "Upper and lower bounds in `range` can only be applied to a single index field. " +
          `This query against index ${name} attempted to set a range bound on both ` +
          `"${first.fieldPath}" and "${fieldPath}". Consider using \`filter\` instead. ${LEARN_MORE}`,
      );
    }
    if (kind === "equality") {
      equalities.set(fieldPath, expression);
    } else {
      bounds.push(expression);
    }
  }
  const [first] = bounds;
  if (first !== undefined && equalities.has(first.fieldPath)) {
    throw invalidRange(
      `Already defined inequality bound in index range. Can't add "${first.fieldPath}" == ` +
        `${describe(equalities.get(first.fieldPath)?.value ?? null)}.`,
    );
  }
  return { equalities, bounds };
}

/** Refuses a range unless its fields, equalities first, are the index's first fields in order. */
function checkOrder(
  table: Table,
  index: Index,
  order: readonly string[],
  used: readonly string[],
): void {
  const wrong = used.find((field, position) => field !== order[position]);
  if (wrong !== undefined) {
    throw invalidRange(
      `Tried to query index ${indexName(table, index)} but the query didn't use the index fields in order.\n` +
        `Index fields: ${displayFields(order)}\nQuery fields: ${displayFields(used)}\n` +
        `First incorrect field: ${wrong}\n${LEARN_MORE}`,
    );
  }
}

type BoundKind = "equality" | "lower" | "upper";

function boundKind(type: RangeExpression["type"]): BoundKind {
  switch (type) {
    case "Eq":
      return "equality";
    case "Gt":
    case "Gte":
      return "lower";
    case "Lt":
    case "Lte":
      return "upper";
    default:
      return type satisfies never;
  }
}

const COMPARATORS = {
  Eq: "==",
  Gt: ">",
  Gte: ">=",
  Lt: "<",
  Lte: "<=",
} as const;

const LEARN_MORE =
  "For more information see https://docs.convex.dev/using/indexes.";

function indexName(table: Table, index: Index): string {
  return `${table.name}.${index.name}`;
}

function displayFields(fields: readonly string[]): string {
  return `[${fields.map((field) => `"${field}"`).join(", ")}]`;
}

function describe(value: JSONValue): string {
  return typeof value === "object" && value !== null && "$undefined" in value
    ? "undefined"
    : displayValue(value);
}

function invalidRange(problem: string): EmbeddedError {
  return new EmbeddedError("invalidQuery", problem);
}
