import { jsonToConvex, type JSONValue } from "convex/values";
import type { QueryJson } from "../../../database/types.js";
import { decodeId } from "../../../database/values/ids.js";
import { FunctionFailure } from "../../../functions/failure.js";
import { componentDefinitions } from "../../push/diff.js";
import { indexClauses, type IndexFilter } from "./indexFilters.js";
import { readPage } from "../pages.js";
import type { SystemCall } from "../systemFunctions.js";
import { queryValue } from "../arguments.js";

/** The filters of the data page, as the dashboard sends them: base64 of their JSON. */
interface Filters {
  readonly clauses?: readonly Clause[];
  readonly order?: "asc" | "desc";
  readonly index?: IndexFilter;
}

interface Clause {
  readonly op: string;
  readonly field?: string;
  readonly value?: JSONValue;
  readonly enabled?: boolean;
}

const COMPARISONS = ["eq", "neq", "gte", "lte", "gt", "lt"];
const SETS = ["anyOf", "noneOf"];
const TYPE_TESTS = ["type", "notype"];

export function parseFilters(encoded: string | null): Filters {
  if (encoded === null || encoded === "") return {};
  let filters: unknown;
  try {
    filters = JSON.parse(Buffer.from(encoded, "base64").toString("utf8"));
  } catch {
    filters = undefined;
  }
  if (isFilters(filters)) return filters;
  throw new FunctionFailure("filters is not a filter expression in base64.");
}

function isFilters(value: unknown): value is Filters {
  if (typeof value !== "object" || value === null) return false;
  const { clauses, order } = value as Record<string, unknown>;
  return (
    (order === undefined || order === "asc" || order === "desc") &&
    Array.isArray(clauses) &&
    clauses.every(isClause)
  );
}

function isClause(clause: unknown): clause is Clause {
  if (typeof clause !== "object" || clause === null) return false;
  const { op, field, value } = clause as Record<string, unknown>;
  return (
    [...COMPARISONS, ...SETS, ...TYPE_TESTS].includes(op as string) &&
    (field === undefined || typeof field === "string") &&
    (!SETS.includes(op as string) ||
      value === undefined ||
      Array.isArray(value))
  );
}

/** A problem with a filter, which the dashboard shows beside it. */
interface FilterProblem {
  readonly error: string;
  /** Number of the clause; -1 for the index. */
  readonly filter: number;
}

/** A page of the documents that pass the filters. What is wrong with those is a page of its own. */
export function readFiltered(
  call: SystemCall,
  table: string,
  { clauses = [], order = "desc", index }: Filters,
): JSONValue {
  const problems = clauses.flatMap(({ value }, filter) =>
    isValue(value)
      ? []
      : [{ filter, error: `Invalid value: ${JSON.stringify(value)}.` }],
  );
  if (problems.length > 0) return only(problems);
  const source = sourceOf(call, table, order, index);
  if ("error" in source) return only([source]);
  const enabled = clauses.filter(
    (clause) => clause.enabled !== false && clause.field !== undefined,
  ) as (Clause & { field: string })[];
  const tests = enabled.filter(({ op }) => TYPE_TESTS.includes(op));
  const others = enabled.filter(({ op }) => !TYPE_TESTS.includes(op));
  const [first] = others;
  if (!hasClauses(index) && others.length === 1 && isIdTest(first!)) {
    return only(documentOf(call, table, first!.value));
  }
  const operators =
    others.length === 0 ? [] : [{ filter: { $and: others.map(expression) } }];
  const { page, ...rest } = readPage(call, { source, operators });
  const shown = (page as Record<string, JSONValue>[]).filter((document) =>
    tests.every(({ op, field, value }) => {
      const has = isOfType(document[field], value as string);
      return op === "type" ? has : !has;
    }),
  );
  return { page: shown, ...rest };
}

function only(page: readonly unknown[]): JSONValue {
  return { page: page as JSONValue[], isDone: true, continueCursor: "" };
}

function isIdTest({ op, field }: Clause): boolean {
  return field === "_id" && op === "eq";
}

function documentOf(
  { tx, component }: SystemCall,
  table: string,
  id: JSONValue | undefined,
): JSONValue[] {
  if (typeof id !== "string" || tx.normalizeId(component, table, id) === null) {
    return [];
  }
  const document = tx.get(component, id);
  return document === null ? [] : [document.value];
}

function hasClauses(index: IndexFilter | undefined): boolean {
  return (
    index !== undefined &&
    ("search" in index || index.clauses.some(({ enabled }) => enabled))
  );
}

function sourceOf(
  { services, component }: SystemCall,
  table: string,
  order: "asc" | "desc",
  index: IndexFilter | undefined,
): QueryJson["source"] | FilterProblem {
  if (index === undefined) {
    return { type: "FullTableScan", tableName: table, order };
  }
  const schema = componentDefinitions(services.live.revision).get(
    component,
  )?.schema;
  const clauses = indexClauses(schema ?? null, table, order, index);
  if ("error" in clauses) return clauses;
  const indexName = `${table}.${index.name}`;
  return clauses.type === "search"
    ? { type: "Search", indexName, filters: clauses.filters }
    : {
        type: "IndexRange",
        indexName,
        range: clauses.range,
        order,
      };
}

/** A clause as the filter of a query. */
function expression({
  op,
  field,
  value,
}: Clause & { field: string }): JSONValue {
  const test = (name: string, one: JSONValue | undefined) => ({
    [`$${name}`]: [{ $field: field }, { $literal: queryValue(one) }],
  });
  if (op === "anyOf" || op === "noneOf") {
    const values = (value ?? []) as JSONValue[];
    // Without values to compare with, everything passes.
    if (values.length === 0) return { $literal: true };
    return op === "anyOf"
      ? { $or: values.map((one) => test("eq", one)) }
      : { $and: values.map((one) => test("neq", one)) };
  }
  return test(op, value);
}

function isValue(value: JSONValue | undefined): boolean {
  try {
    if (value !== undefined) jsonToConvex(value);
    return true;
  } catch {
    return false;
  }
}

function isOfType(value: JSONValue | undefined, type: string): boolean {
  if (value === undefined) return type === "unset";
  if (value === null) return type === "null";
  if (Array.isArray(value)) return type === "array";
  if (typeof value === "string") {
    const isId = type === "id" && !("problem" in decodeId(value));
    return type === "string" || isId;
  }
  if (typeof value !== "object") return type === typeof value;
  const [special] = Object.keys(value);
  switch (special) {
    case "$integer":
      return type === "bigint";
    case "$float":
      return type === "number";
    case "$bytes":
      return type === "bytes";
    default:
      return type === "object";
  }
}
