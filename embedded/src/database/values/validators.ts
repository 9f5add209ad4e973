import type { JSONValue, ValidatorJSON } from "convex/values";
import { EmbeddedError } from "../../errors.js";
import {
  displayLiteral,
  displayValidator,
  displayValue,
} from "./displayValue.js";
import { decodeId } from "./ids.js";
import { encodeValue } from "./valueEncoding.js";

/** The name of a component's table, by its number. */
export type TableNameOf = (tableNumber: number) => string | undefined;

/** Names of the tables that ids in values belong to, such as a transaction. */
interface TableNames {
  tableName(component: string, tableNumber: number): string | undefined;
}

/**
 * Checks a function's arguments object against the JSON of its args validator
 * (null: not declared). Throws EmbeddedError "argumentValidation" with Convex's text.
 */
export function validateArgs(...checked: Parameters<typeof check>): void {
  const problem = check(...checked);
  if (problem === null) return;
  throw new EmbeddedError(
    "argumentValidation",
    `ArgumentValidationError: ${problem}`,
  );
}

/** Checks a return value as {@link validateArgs} does arguments ("returnsValidation"). */
export function validateReturns(...checked: Parameters<typeof check>): void {
  const problem = check(...checked);
  if (problem === null) return;
  throw new EmbeddedError(
    "returnsValidation",
    `ReturnsValidationError: ${problem}`,
  );
}

function check(
  tables: TableNames,
  component: string,
  validatorJson: JSONValue,
  value: JSONValue,
): string | null {
  if (validatorJson === null) {
    return null;
  }
  return describeMismatch(validatorJson as ValidatorJSON, value, (number) =>
    tables.tableName(component, number),
  );
}

/** Convex's text for why `value` does not match, or null when it does. */
export function describeMismatch(
  validator: ValidatorJSON,
  value: JSONValue,
  tableNameOf: TableNameOf,
): string | null {
  return new Checker(tableNameOf).mismatch(validator, value)?.("") ?? null;
}

/**
 * The text of a mismatch, given the path of the value. It is built only when it is wanted, as are the
 * paths: nearly all values match, and most mismatches are a union's other members.
 */
type Mismatch = (path: string) => string;

type ObjectField = Extract<ValidatorJSON, { type: "object" }>["value"][string];

class Checker {
  readonly #tableNameOf: TableNameOf;

  constructor(tableNameOf: TableNameOf) {
    this.#tableNameOf = tableNameOf;
  }

  mismatch(validator: ValidatorJSON, value: JSONValue): Mismatch | null {
    switch (validator.type) {
      case "any":
        return null;
      case "null":
      case "number":
      case "bigint":
      case "commitTs":
      case "boolean":
      case "string":
      case "bytes": {
        const expected =
          validator.type === "commitTs" ? "bigint" : validator.type;
        return typeOf(value) === expected ? null : noMatch(validator, value);
      }
      case "literal":
        return isSame(value, validator.value)
          ? null
          : (path) =>
              `\`${displayValue(value)}\` does not match literal validator ` +
              `\`v.literal(${displayLiteral(validator.value)})\`.${shownPath(path)}`;
      case "id":
        return this.#idMismatch(validator, value);
      case "array":
        return this.#arrayMismatch(validator, value);
      case "record":
        return this.#recordMismatch(validator, value);
      case "object":
        return this.#objectMismatch(validator, value);
      case "union":
        return this.#unionMismatch(validator, value);
      default:
        return validator satisfies never;
    }
  }

  #idMismatch(
    validator: Extract<ValidatorJSON, { type: "id" }>,
    value: JSONValue,
  ): Mismatch | null {
    const id = typeof value === "string" ? decodeId(value) : null;
    const found =
      id === null || "problem" in id
        ? undefined
        : this.#tableNameOf(id.tableNumber);
    if (found === undefined) {
      return noMatch(validator, value);
    }
    if (found === validator.tableName) {
      return null;
    }
    const from = found.startsWith("_")
      ? "from a system table"
      : `from table \`${found}\``;
    return (path) =>
      `Found ID ${JSON.stringify(value)} ${from}, which does not match the table name ` +
      `in validator \`${displayValidator(validator)}\`.${shownPath(path)}`;
  }

  #arrayMismatch(
    validator: Extract<ValidatorJSON, { type: "array" }>,
    value: JSONValue,
  ): Mismatch | null {
    if (!Array.isArray(value)) {
      return noMatch(validator, value);
    }
    for (const [i, item] of value.entries()) {
      const inner = this.mismatch(validator.value, item);
      if (inner !== null) return within(`[${i}]`, inner);
    }
    return null;
  }

  #recordMismatch(
    validator: Extract<ValidatorJSON, { type: "record" }>,
    value: JSONValue,
  ): Mismatch | null {
    if (!isPlainObject(value)) {
      return noMatch(validator, value);
    }
    for (const [key, item] of Object.entries(value)) {
      const ofKey = this.mismatch(validator.keys, key);
      if (ofKey !== null) return within(".keys()", ofKey);
      const ofItem = this.mismatch(validator.values.fieldType, item);
      if (ofItem !== null) return within(".values()", ofItem);
    }
    return null;
  }

  #objectMismatch(
    validator: Extract<ValidatorJSON, { type: "object" }>,
    value: JSONValue,
  ): Mismatch | null {
    if (!isPlainObject(value)) {
      return noMatch(validator, value);
    }
    const { value: fields } = validator;
    for (const name in fields) {
      const { fieldType, optional } = fields[name] as ObjectField;
      const item = Object.hasOwn(value, name) ? value[name] : undefined;
      if (item !== undefined) {
        const inner = this.mismatch(fieldType, item);
        if (inner !== null) return within(`.${name}`, inner);
      } else if (!optional) {
        return misfit(
          `Object is missing the required field \`${name}\`. Consider wrapping the field ` +
            "validator in `v.optional(...)` if this is expected.",
          validator,
          value,
        );
      }
    }
    for (const name in value) {
      if (Object.hasOwn(fields, name)) continue;
      return misfit(
        `Object contains extra field \`${name}\` that is not in the validator.`,
        validator,
        value,
      );
    }
    return null;
  }

  #unionMismatch(
    validator: Extract<ValidatorJSON, { type: "union" }>,
    value: JSONValue,
  ): Mismatch | null {
    const { value: members } = validator;
    const [only] = members;
    if (only !== undefined && members.length === 1) {
      return this.mismatch(only, value);
    }
    return members.some((member) => this.mismatch(member, value) === null)
      ? null
      : noMatch(validator, value);
  }
}

/** The mismatch of a value's part, as one of the value. */
function within(step: string, inner: Mismatch): Mismatch {
  return (path) => inner(path + step);
}

function noMatch(validator: ValidatorJSON, value: JSONValue): Mismatch {
  return (path) =>
    `Value does not match validator.\n${shownPath(path)}\nValue: ${displayValue(value)}\nValidator: ${displayValidator(validator)}`;
}

/** The mismatch of an object that has a field too few, or one too many. */
function misfit(
  text: string,
  validator: ValidatorJSON,
  value: JSONValue,
): Mismatch {
  return (path) =>
    `${text}\n${shownPath(path)}\nObject: ${displayValue(value)}\nValidator: ${displayValidator(validator)}`;
}

function shownPath(path: string): string {
  return path === "" ? "" : `Path: ${path}`;
}

function isSame(a: JSONValue, b: JSONValue): boolean {
  return typeof a === "string" || typeof b === "string"
    ? a === b
    : encodeValue(a) === encodeValue(b);
}

function isPlainObject(value: JSONValue): value is Record<string, JSONValue> {
  return typeOf(value) === "object";
}

type ValueType =
  | "null"
  | "number"
  | "bigint"
  | "boolean"
  | "string"
  | "bytes"
  | "array"
  | "object";

function typeOf(value: JSONValue): ValueType {
  if (value === null) {
    return "null";
  }
  if (Array.isArray(value)) {
    return "array";
  }
  switch (typeof value) {
    case "number":
    case "boolean":
    case "string":
      return typeof value as ValueType;
    default:
      break;
  }
  const names = Object.keys(value);
  if (names.length === 1) {
    switch (names[0]) {
      case "$integer":
      case "$commitTs":
        return "bigint";
      case "$float":
        return "number";
      case "$bytes":
        return "bytes";
      default:
        break;
    }
  }
  return "object";
}
