import type { JSONValue, ValidatorJSON } from "convex/values";
import { EmbeddedError } from "../../errors.js";
import { displayValidator, displayValue } from "./displayValue.js";
import { fieldNameProblem, identifierProblem } from "./names.js";

/**
 * Checks a validator as a push brings it: that it is one, and one that Convex takes.
 * @throws EmbeddedError "schemaInvalid" in Convex's words
 */
export function checkValidator(json: unknown): asserts json is ValidatorJSON {
  const validator = json as ValidatorJSON | null | undefined;
  switch (validator?.type) {
    case "null":
    case "number":
    case "bigint":
    case "commitTs":
    case "boolean":
    case "string":
    case "bytes":
    case "any":
      return;
    case "literal":
      return checkLiteral(validator.value);
    case "id":
      return refuse(identifierProblem(validator.tableName));
    case "array":
      return checkValidator(validator.value);
    case "record":
      return checkRecord(validator);
    case "object":
      for (const [name, field] of Object.entries(validator.value)) {
        refuse(fieldNameProblem(name) ?? identifierProblem(name));
        within(`Invalid validator for key \`${name}\`: `, () =>
          checkValidator(field.fieldType),
        );
      }
      return;
    case "union":
      return validator.value.forEach((member) => checkValidator(member));
    default:
      throw invalid(`Not a validator: ${JSON.stringify(json)}`);
  }
}

/**
 * Calls `check`, and puts `prefix` before the text of what it refuses.
 * @throws EmbeddedError as `check` does
 */
export function within(prefix: string, check: () => void): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof EmbeddedError)) throw error;
    throw new EmbeddedError(error.code, prefix + error.message);
  }
}

/** Whether documents that fit the validator can have a field at the path. */
export function canContainField(
  validator: ValidatorJSON,
  [name, ...rest]: readonly string[],
): boolean {
  if (name === undefined) return true;
  switch (validator.type) {
    case "any":
      return true;
    case "union":
      return validator.value.some((member) =>
        canContainField(member, [name, ...rest]),
      );
    case "object": {
      const field = Object.hasOwn(validator.value, name)
        ? validator.value[name]
        : undefined;
      return field !== undefined && canContainField(field.fieldType, rest);
    }
    default:
      return false;
  }
}

/** Whether the field at the path can be a vector in documents that fit the validator. */
export function canBeVector(
  validator: ValidatorJSON,
  [name, ...rest]: readonly string[],
): boolean {
  switch (validator.type) {
    case "any":
      return true;
    case "union":
      return validator.value.some((member) =>
        canBeVector(member, name === undefined ? [] : [name, ...rest]),
      );
    case "array": {
      const { type } = validator.value;
      return name === undefined && (type === "number" || type === "any");
    }
    case "object": {
      if (name === undefined) return false;
      const field = Object.hasOwn(validator.value, name)
        ? validator.value[name]
        : undefined;
      return field === undefined || canBeVector(field.fieldType, rest);
    }
    default:
      return false;
  }
}

function checkLiteral(value: JSONValue): void {
  if (typeof value === "object" && value !== null && "$float" in value) {
    throw invalid(
      "Infinite or NaN values are not supported in literal validators.",
    );
  }
  const isBigint =
    typeof value === "object" && value !== null && "$integer" in value;
  if (!isBigint && !["number", "boolean", "string"].includes(typeof value)) {
    throw invalid(`Value ${displayValue(value)} is not a valid literal.`);
  }
}

function checkRecord({
  keys,
  values,
}: Extract<ValidatorJSON, { type: "record" }>): void {
  checkValidator(keys);
  if (!isStringSubtype(keys)) {
    throw invalid(
      `Records can only have string keys. Your validator contains a record with key typed as \`${displayValidator(keys)}\`, which is not a subtype of \`v.string()\``,
    );
  }
  checkValidator(values.fieldType);
  if (hasLiteral(keys)) {
    throw invalid("Records cannot have string literal keys");
  }
  if (values.optional) throw invalid("Records cannot have optional values");
}

function isStringSubtype(validator: ValidatorJSON): boolean {
  switch (validator.type) {
    case "string":
    case "id":
      return true;
    case "literal":
      return typeof validator.value === "string";
    case "union":
      return validator.value.every(isStringSubtype);
    default:
      return false;
  }
}

function hasLiteral(keys: ValidatorJSON): boolean {
  return (
    keys.type === "literal" ||
    (keys.type === "union" && keys.value.some(hasLiteral))
  );
}

function refuse(problem: string | null): void {
  if (problem !== null) throw invalid(problem);
}

function invalid(problem: string): EmbeddedError {
  return new EmbeddedError("schemaInvalid", problem);
}
