import type { JSONValue } from "convex/values";
import { EmbeddedError } from "../../errors.js";
import type { VectorIndex } from "./vectorIndex.js";
import { filterKey, toVector } from "./rows.js";

/** A vector search, checked as far as it can be without its index. */
export interface VectorQuery {
  readonly table: string;
  readonly index: string;
  readonly vector: readonly number[];
  readonly limit: number;
  /** Of these at least one holds for each document that is found; none: all are. */
  readonly conditions: readonly Condition[];
}

/** Equality of a filter field and a value, which is known by its {@link filterKey}. */
interface Condition {
  readonly field: string;
  readonly key: string;
}

/** A vector search as it goes through an index's rows. */
export interface CompiledVectorQuery {
  readonly vector: Float32Array;
  readonly limit: number;
  /** The same as its conditions, by the places of the fields among the index's filter fields. */
  readonly filters: readonly Filter[];
}

interface Filter {
  readonly place: number;
  readonly keys: ReadonlySet<string>;
}

const DEFAULT_LIMIT = 10;
const MAX_LIMIT = 256;
const MAX_CONDITIONS = 64;
const MAX_DIMENSIONS = 4_096;

/**
 * Reads the query of `1.0/actions/vectorSearch`, which functions can also make themselves.
 * @throws EmbeddedError "invalidQuery"
 */
export function parseVectorQuery(
  json: Readonly<Record<string, JSONValue | undefined>>,
): VectorQuery {
  const { indexName, limit, vector, expressions } = json;
  const conditions = new Map(
    conditionsOf(expressions ?? { $or: [] }).map((condition) => [
      `${condition.field} ${condition.key}`,
      condition,
    ]),
  );
  return {
    ...parseName(indexName),
    vector: parseVector(vector),
    limit: parseLimit(limit ?? DEFAULT_LIMIT),
    conditions: [...conditions.values()],
  };
}

/** Checks a query against its index, in the order in which Convex does. */
export function compileVectorQuery(
  query: VectorQuery,
  index: VectorIndex,
): CompiledVectorQuery {
  const { limit, conditions } = query;
  const name = `${query.table}.${query.index}`;
  checkLength(
    query.vector,
    (length) => length <= MAX_DIMENSIONS,
    MAX_DIMENSIONS,
  );
  if (limit > MAX_LIMIT) {
    throw invalid(
      `Vector queries can fetch at most ${MAX_LIMIT} results, requested ${limit}.`,
    );
  }
  const filters = new Map<number, Set<string>>();
  for (const { field, key } of conditions) {
    const place = index.filterFields.indexOf(field);
    if (place < 0) {
      throw invalid(
        `Vector query against ${name} contains a filter on "${field}" but that field isn't indexed for filtering in \`filterFields\`.`,
      );
    }
    filters.set(place, (filters.get(place) ?? new Set()).add(key));
  }
  if (conditions.length > MAX_CONDITIONS) {
    throw invalid(
      `Vector query against ${name} has too many conditions. Max: ${MAX_CONDITIONS} Actual: ${conditions.length}`,
    );
  }
  const { dimensions } = index;
  checkLength(query.vector, (length) => length === dimensions, dimensions);
  const vector = toVector([...query.vector], dimensions);
  if (vector === null) throw notNumbers(query.vector);
  return {
    vector,
    limit,
    filters: [...filters].map(([place, keys]) => ({ place, keys })),
  };
}

/** Whether a row with these filter keys is among those that the query asks for. */
export function isAskedFor(
  { filters }: CompiledVectorQuery,
  keys: readonly string[],
): boolean {
  if (filters.length === 0) return true;
  return filters.some((filter) => filter.keys.has(keys[filter.place]!));
}

function parseName(name: JSONValue | undefined) {
  const text = typeof name === "string" ? name : "";
  const [table = "", index, ...more] = text.split(".");
  if (index === undefined) {
    throw invalid(`Insufficient components in index name ${text}`);
  }
  if (more.length > 0) {
    throw invalid(`Too many components in index name ${text}`);
  }
  return { table, index };
}

function parseVector(vector: JSONValue | undefined): readonly number[] {
  if (
    !Array.isArray(vector) ||
    !vector.every((number) => typeof number === "number")
  ) {
    throw notNumbers(vector);
  }
  return vector;
}

/** Of none, as on Convex, no documents are found. */
function parseLimit(limit: JSONValue): number {
  if (typeof limit === "number" && Number.isInteger(limit) && limit >= 0) {
    return limit;
  }
  throw invalid(
    `Invalid argument \`limit\` for \`vectorSearch\`: expected an integer from 1 to ${MAX_LIMIT}, got ${JSON.stringify(limit)}`,
  );
}

/** The equalities of a filter, which an `or` of them is made of. */
function conditionsOf(expression: JSONValue): Condition[] {
  const [[operator, operands] = [], ...more] = Object.entries(
    Object(expression) as Record<string, JSONValue>,
  );
  if (more.length === 0 && Array.isArray(operands)) {
    if (operator === "$or") return operands.flatMap(conditionsOf);
    if (operator === "$eq") return [equality(operands)];
  }
  throw invalid("Filters should be a combination of `q.eq` and `q.or`.");
}

function equality([left, right]: readonly JSONValue[]): Condition {
  const { $field: field } = Object(left) as { $field?: unknown };
  const literal = Object(right) as { $literal?: JSONValue };
  if (typeof field !== "string" || literal.$literal === undefined) {
    throw invalid(
      "`q.eq` must take a field path as its first argument and a value as its second",
    );
  }
  return {
    field: field.replace(/^\.+|\.+$/g, ""),
    key: filterKey(literal.$literal),
  };
}

function checkLength(
  { length }: readonly number[],
  fits: (length: number) => boolean,
  expected: number,
): void {
  if (fits(length)) return;
  throw invalid(
    `Expected a vector with dimensions ${expected}, received ${length}.`,
  );
}

function notNumbers(vector: unknown): EmbeddedError {
  const shown = String(JSON.stringify(vector)).slice(0, MAX_SHOWN);
  return invalid(
    `Invalid argument \`vector\` for \`vectorSearch\`: expected an array of numbers that float32 can hold, got ${shown}`,
  );
}

const MAX_SHOWN = 200;

function invalid(problem: string): EmbeddedError {
  return new EmbeddedError("invalidQuery", problem);
}
