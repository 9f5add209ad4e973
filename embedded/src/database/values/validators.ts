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
  return new Checker(tableNameOf).mismatch(validator, value, "")?.() ?? null;
}

/**
 * A mismatch, whose text is built only when it is wanted: most mismatches are a union's other
 * members.
 */
type Mismatch = () => string;

class Checker {
  readonly #tableNameOf: TableNameOf;

  constructor(tableNameOf: TableNameOf) {
    this.#tableNameOf = tableNameOf;
  }

  mismatch(
    validator: ValidatorJSON,
    value: JSONValue,
    path: string,
  ): Mismatch | null {
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
        return typeOf(value) === expected
          ? null
          : noMatch(validator, value, path);
      }
      case "literal":
        return encodeValue(value) === encodeValue(validator.value)
          ? null
          : () =>
              `\`${displayValue(value)}\` does not match literal validator ` +
              `\`v.literal(${displayLiteral(validator.value)})\`.${shownPath(path)}`;
      case "id":
        return this.#idMismatch(validator, value, path);
      case "array":
        return Array.isArray(value)
          ? firstOf(value, (item, i) =>
              this.mismatch(validator.value, item, `${path}[${i}]`),
            )
          : noMatch(validator, value, path);
      case "record":
        return this.#recordMismatch(validator, value, path);
      case "object":
        return this.#objectMismatch(validator, value, path);
      case "union":
        return this.#unionMismatch(validator, value, path);
      default:
        return validator satisfies never;
    }
  }

  #idMismatch(
    validator: Extract<ValidatorJSON, { type: "id" }>,
    value: JSONValue,
    path: string,
  ): Mismatch | null {
    const id = typeof value === "string" ? decodeId(value) : null;
    const found =
      id === null || "problem" in id
        ? undefined
        : this.#tableNameOf(id.tableNumber);
    if (found === undefined) {
      return noMatch(validator, value, path);
    }
    if (found === validator.tableName) {
      return null;
    }
    const from = found.startsWith("_")
      ? "from a system table"
      : `from table \`${found}\``;
    return () =>
      `Found ID ${JSON.stringify(value)} ${from}, which does not match the table name ` +
      `in validator \`${displayValidator(validator)}\`.${shownPath(path)}`;
  }

  #recordMismatch(
    validator: Extract<ValidatorJSON, { type: "record" }>,
    value: JSONValue,
    path: string,
  ): Mismatch | null {
    if (!isPlainObject(value)) {
      return noMatch(validator, value, path);
    }
    return firstOf(
      Object.entries(value),
      ([key, item]) =>
        this.mismatch(validator.keys, key, `${path}.keys()`) ??
        this.mismatch(validator.values.fieldType, item, `${path}.values()`),
    );
  }

  #objectMismatch(
    validator: Extract<ValidatorJSON, { type: "object" }>,
    value: JSONValue,
    path: string,
  ): Mismatch | null {
    if (!isPlainObject(value)) {
      return noMatch(validator, value, path);
    }
    const problem = (text: string) => () =>
      `${text}\n${shownPath(path)}\nObject: ${displayValue(value)}\nValidator: ${displayValidator(validator)}`;
    for (const [name, field] of Object.entries(validator.value)) {
      const item = Object.hasOwn(value, name) ? value[name] : undefined;
      if (item !== undefined) {
        const inner = this.mismatch(field.fieldType, item, `${path}.${name}`);
        if (inner !== null) {
          return inner;
        }
      } else if (!field.optional) {
        return problem(
          `Object is missing the required field \`${name}\`. Consider wrapping the field ` +
            "validator in `v.optional(...)` if this is expected.",
        );
      }
    }
    const extra = Object.keys(value).find(
      (name) => !Object.hasOwn(validator.value, name),
    );
    return extra === undefined
      ? null
      : problem(
          `Object contains extra field \`${extra}\` that is not in the validator.`,
        );
  }

  #unionMismatch(
    validator: Extract<ValidatorJSON, { type: "union" }>,
    value: JSONValue,
    path: string,
  ): Mismatch | null {
    const [only, ...others] = validator.value;
    if (only !== undefined && others.length === 0) {
      return this.mismatch(only, value, path);
    }
    return validator.value.some(
      (member) => this.mismatch(member, value, path) === null,
    )
      ? null
      : noMatch(validator, value, path);
  }
}

function noMatch(
  validator: ValidatorJSON,
  value: JSONValue,
  path: string,
): Mismatch {
  return () =>
    `Value does not match validator.\n${shownPath(path)}\nValue: ${displayValue(value)}\nValidator: ${displayValidator(validator)}`;
}

function shownPath(path: string): string {
  return path === "" ? "" : `Path: ${path}`;
}

function firstOf<T>(
  items: readonly T[],
  mismatchOf: (item: T, index: number) => Mismatch | null,
): Mismatch | null {
  for (const [index, item] of items.entries()) {
    const mismatch = mismatchOf(item, index);
    if (mismatch !== null) {
      return mismatch;
    }
  }
  return null;
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
  const [name, ...others] = Object.keys(value);
  if (others.length === 0) {
    switch (name) {
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
