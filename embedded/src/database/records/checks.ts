import type { JSONValue } from "convex/values";
import { EmbeddedError } from "../../errors.js";
import { displayValue } from "../values/displayValue.js";
import type { Fields } from "./documents.js";
import { decodeId, type DocumentId } from "../values/ids.js";

/** Parses an id argument; `operation` is the function the caller used, for the error text. */
export function decodeArgument(operation: string, id: string): DocumentId {
  const decoded = decodeId(id);
  if ("problem" in decoded) {
    throw invalidId(operation, decoded.problem);
  }
  return decoded;
}

/** Checks that an id belongs to the table that the caller named, if any. */
export function checkTable(
  operation: string,
  actual: string,
  expected: string | undefined,
): void {
  if (expected !== undefined && expected !== actual) {
    throw invalidId(
      operation,
      `expected to be an Id<"${expected}">, got Id<"${actual}"> instead.`,
    );
  }
}

export function invalidId(operation: string, problem: string): EmbeddedError {
  return new EmbeddedError(
    "invalidArgument",
    `Invalid argument \`id\` for \`${operation}\`: ${problem}`,
  );
}

/** Checks that a system table is reached through `db.system`, and no other table is. */
export function checkIsSystem(table: string, expected: boolean): void {
  if (table.startsWith("_") !== expected) {
    throw new EmbeddedError(
      "invalidArgument",
      expected
        ? "User tables cannot be accessed with db.system."
        : "System tables can only be accessed with db.system.",
    );
  }
}

export function nonexistent(action: string, id: string): EmbeddedError {
  return new EmbeddedError(
    "invalidArgument",
    `${action} on nonexistent document ID ${id}`,
  );
}

export function checkFields(operation: string, fields: Fields): void {
  if (typeof fields !== "object" || fields === null || Array.isArray(fields)) {
    throw new EmbeddedError(
      "invalidArgument",
      `Invalid argument \`value\` for \`${operation}\`: Value must be an Object`,
    );
  }
}

/** Refuses fields that begin with `_`, which are the engine's. */
export function checkNoSystemFields(fields: Fields): void {
  for (const name in fields) {
    if (name.startsWith("_")) {
      throw new EmbeddedError(
        "invalidValue",
        `Field '${name}' starts with an underscore, which is only allowed for system fields like '_id'`,
      );
    }
  }
}

/**
 * Checks a document that is written, which may repeat its own `_id` and `_creationTime`, and have
 * no others.
 */
export function checkOwnFields(
  { _id: id, _creationTime: creationTime }: Fields,
  own: { readonly _id: JSONValue; readonly _creationTime: JSONValue },
): void {
  if (id !== undefined && id !== own._id) {
    throw new EmbeddedError(
      "invalidValue",
      `Provided document ID ${displayValue(own._id)} doesn't match '_id' field ${displayValue(id)}`,
    );
  }
  if (creationTime !== undefined && creationTime !== own._creationTime) {
    throw new EmbeddedError(
      "invalidValue",
      `Provided creation time ${displayValue(own._creationTime)} doesn't match '_creationTime' field in ${displayValue(creationTime)}`,
    );
  }
}

/** Whether a value is `{$undefined: null}`, with which a patch removes a field. */
export function isUndefined(value: JSONValue): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    "$undefined" in value
  );
}
