import type { JSONValue } from "convex/values";
import { EmbeddedError } from "../../errors.js";
import { displayValue } from "../values/displayValue.js";
import { fieldValue, parseFieldPath } from "../values/fieldPath.js";
import { encodeValue } from "../values/valueEncoding.js";

type Fields = Record<string, JSONValue>;

/** Evaluates to a document's value; a missing field is undefined, as in an index. */
type Expression = (fields: Fields) => JSONValue | undefined;

/** Compiles the expression of `.filter()` to a test of a document's fields. */
export function compileFilter(json: JSONValue): (fields: Fields) => boolean {
  const expression = compile(json);
  return (fields) => toBoolean(expression(fields));
}

function compile(json: JSONValue): Expression {
  const [operator, operand] = singleEntry(json);
  switch (operator) {
    case "$literal":
      return constant(operand);
    case "$field":
      return field(operand);
    case "$eq":
      return comparison(operand, (order) => order === 0);
    case "$neq":
      return comparison(operand, (order) => order !== 0);
    case "$lt":
      return comparison(operand, (order) => order < 0);
    case "$lte":
      return comparison(operand, (order) => order <= 0);
    case "$gt":
      return comparison(operand, (order) => order > 0);
    case "$gte":
      return comparison(operand, (order) => order >= 0);
    case "$add":
      return arithmetic(
        "add",
        operand,
        (a, b) => a + b,
        (a, b) => a + b,
      );
    case "$sub":
      return arithmetic(
        "subtract",
        operand,
        (a, b) => a - b,
        (a, b) => a - b,
      );
    case "$mul":
      return arithmetic(
        "multiply",
        operand,
        (a, b) => a * b,
        (a, b) => a * b,
      );
    case "$div":
      return arithmetic(
        "divide",
        operand,
        (a, b) => a / b,
        (a, b) => a / b,
      );
    case "$mod":
      return arithmetic(
        "mod",
        operand,
        (a, b) => a % b,
        (a, b) => a % b,
      );
    case "$neg":
      return negation(operand);
    case "$and": {
      const parts = list(operand).map(compile);
      return (fields) => parts.every((part) => toBoolean(part(fields)));
    }
    case "$or": {
      const parts = list(operand).map(compile);
      return (fields) => parts.some((part) => toBoolean(part(fields)));
    }
    case "$not": {
      const inner = compile(operand);
      return (fields) => !toBoolean(inner(fields));
    }
    default:
      throw invalid(`unknown operator ${operator}`);
  }
}

function constant(json: JSONValue): Expression {
  const value = isUndefined(json) ? undefined : json;
  return () => value;
}

function field(path: JSONValue): Expression {
  if (typeof path !== "string") {
    throw invalid(`a field path must be a string, got ${JSON.stringify(path)}`);
  }
  const parts = parseFieldPath(path);
  return (fields) => fieldValue(fields, parts);
}

function comparison(
  operands: JSONValue,
  holds: (order: number) => boolean,
): Expression {
  const [left, right] = pair(operands);
  return (fields) => holds(compare(left(fields), right(fields)));
}

function compare(a: JSONValue | undefined, b: JSONValue | undefined): number {
  // JSON has no -0 and no NaN, so plain numbers and equal scalars need no encoding.
  if (typeof a === "number" && typeof b === "number") {
    return a - b;
  }
  if (a === b) {
    return 0;
  }
  const left = encodeValue(a);
  const right = encodeValue(b);
  return left < right ? -1 : left > right ? 1 : 0;
}

function arithmetic(
  verb: string,
  operands: JSONValue,
  onIntegers: (a: bigint, b: bigint) => bigint,
  onFloats: (a: number, b: number) => number,
): Expression {
  const [left, right] = pair(operands);
  return (fields) => {
    const a = left(fields);
    const b = right(fields);
    const x = toNumber(a);
    const y = toNumber(b);
    if (typeof x === "number" && typeof y === "number") {
      return fromFloat(onFloats(x, y));
    }
    if (typeof x === "bigint" && typeof y === "bigint") {
      if (y === 0n && (verb === "divide" || verb === "mod")) {
        throw evalError(`Cannot ${verb} ${x} and 0: division by zero`);
      }
      return fromInteger(verb, onIntegers(x, y));
    }
    throw evalError(`Cannot ${verb} ${describe(a)} and ${describe(b)}`);
  };
}

function negation(operand: JSONValue): Expression {
  const inner = compile(operand);
  return (fields) => {
    const value = inner(fields);
    const number = toNumber(value);
    if (typeof number === "number") {
      return fromFloat(-number);
    }
    if (typeof number === "bigint") {
      return fromInteger("negate", -number);
    }
    throw evalError(`Cannot negate ${describe(value)}`);
  };
}

function toNumber(value: JSONValue | undefined): number | bigint | null {
  if (typeof value === "number") {
    return value;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return null;
  }
  const { $integer, $float } = value;
  if (typeof $integer === "string") {
    return Buffer.from($integer, "base64").readBigInt64LE(0);
  }
  return typeof $float === "string"
    ? Buffer.from($float, "base64").readDoubleLE(0)
    : null;
}

function fromFloat(value: number): JSONValue {
  if (Number.isFinite(value) && !Object.is(value, -0)) {
    return value;
  }
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return { $float: bytes.toString("base64") };
}

function fromInteger(verb: string, value: bigint): JSONValue {
  if (BigInt.asIntN(64, value) !== value) {
    throw evalError(`Cannot ${verb}: the result is out of range for Int64`);
  }
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(value);
  return { $integer: bytes.toString("base64") };
}

function toBoolean(value: JSONValue | undefined): boolean {
  if (typeof value !== "boolean") {
    throw evalError(`Expected a boolean in a filter, got ${describe(value)}`);
  }
  return value;
}

function pair(operands: JSONValue): [Expression, Expression] {
  const [left, right, ...rest] = list(operands);
  if (left === undefined || right === undefined || rest.length > 0) {
    throw invalid(`two operands expected, got ${JSON.stringify(operands)}`);
  }
  return [compile(left), compile(right)];
}

function list(operands: JSONValue): JSONValue[] {
  if (!Array.isArray(operands)) {
    throw invalid(`a list expected, got ${JSON.stringify(operands)}`);
  }
  return operands;
}

function singleEntry(json: JSONValue): [string, JSONValue] {
  const entries =
    typeof json === "object" && json !== null ? Object.entries(json) : [];
  const [entry] = entries;
  if (entry === undefined || entries.length !== 1) {
    throw invalid(`one operator expected, got ${JSON.stringify(json)}`);
  }
  return entry;
}

function isUndefined(json: JSONValue): boolean {
  return (
    typeof json === "object" &&
    json !== null &&
    !Array.isArray(json) &&
    "$undefined" in json
  );
}

function describe(value: JSONValue | undefined): string {
  return value === undefined ? "undefined" : displayValue(value);
}

function invalid(problem: string): EmbeddedError {
  return new EmbeddedError("invalidQuery", `Invalid filter: ${problem}.`);
}

function evalError(problem: string): EmbeddedError {
  return new EmbeddedError("invalidQuery", `${problem}.`);
}
