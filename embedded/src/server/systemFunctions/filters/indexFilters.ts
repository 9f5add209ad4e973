import type { JSONValue } from "convex/values";
import type { RangeExpression } from "../../../database/types.js";
import { queryValue } from "../arguments.js";

/** The index by which the data page reads, and the clauses on its fields. */
export type IndexFilter = DatabaseIndexFilter | SearchIndexFilter;

interface DatabaseIndexFilter {
  readonly name: string;
  readonly clauses: readonly IndexClause[];
}

interface SearchIndexFilter {
  readonly name: string;
  readonly search: string;
  readonly clauses: readonly {
    readonly field: string;
    readonly enabled: boolean;
    readonly value?: JSONValue;
  }[];
}

interface IndexClause {
  readonly type: "indexEq" | "indexRange";
  readonly enabled: boolean;
  readonly value?: JSONValue;
  readonly lowerOp?: "gte" | "gt";
  readonly lowerValue?: JSONValue;
  readonly upperOp?: "lte" | "lt";
  readonly upperValue?: JSONValue;
}

interface TableSchema {
  readonly tableName: string;
  readonly indexes: readonly { indexDescriptor: string; fields: string[] }[];
  readonly searchIndexes?: readonly SearchIndex[];
}

interface SearchIndex {
  readonly indexDescriptor: string;
  readonly searchField: string;
  readonly filterFields: readonly string[];
}

type Problem = { readonly error: string; readonly filter: number };
type Clauses =
  | { readonly type: "database"; readonly range: readonly RangeExpression[] }
  | { readonly type: "search"; readonly filters: JSONValue };

/** The clauses as a query takes them, or what is wrong with them, for the dashboard to show. */
export function indexClauses(
  schema: JSONValue,
  table: string,
  order: "asc" | "desc",
  filter: IndexFilter,
): Clauses | Problem {
  const { tables } = (schema ?? { tables: [] }) as unknown as {
    tables: TableSchema[];
  };
  const defined = tables.find(({ tableName }) => tableName === table);
  const fields = [...(defined?.indexes ?? []), ...BUILT_IN].find(
    ({ indexDescriptor }) => indexDescriptor === filter.name,
  )?.fields;
  const search = defined?.searchIndexes?.find(
    ({ indexDescriptor }) => indexDescriptor === filter.name,
  );
  if (fields === undefined && search === undefined) {
    return problem(`The table has no index "${filter.name}".`);
  }
  if ("search" in filter) {
    return search === undefined
      ? problem(
          `"${filter.name}" is no search index, so it cannot be searched.`,
        )
      : searchClauses(filter, search, order);
  }
  return fields === undefined
    ? problem(
        `"${filter.name}" is a search index, which is read by a search only.`,
      )
    : databaseClauses(filter, fields);
}

const BUILT_IN = [
  { indexDescriptor: "by_creation_time", fields: ["_creationTime"] },
  { indexDescriptor: "by_id", fields: ["_id"] },
];

function databaseClauses(
  { name, clauses }: DatabaseIndexFilter,
  fields: readonly string[],
): Clauses | Problem {
  if (clauses.length > fields.length) {
    return problem(
      `The index "${name}" has ${fields.length} fields, too few for ${clauses.length} clauses.`,
    );
  }
  const enabled = clauses.filter((clause) => clause.enabled);
  if (enabled.some((clause, n) => clause !== clauses[n])) {
    return problem(
      "A clause of an index needs all those before it; one of them is off.",
    );
  }
  if (enabled.slice(0, -1).some(({ type }) => type === "indexRange")) {
    return problem("Only the last clause of an index can be a range.");
  }
  const range = enabled.flatMap((clause, n) =>
    rangeOf(clause, fields[n] ?? ""),
  );
  return { type: "database", range };
}

function rangeOf(clause: IndexClause, fieldPath: string): RangeExpression[] {
  if (clause.type === "indexEq") {
    return [{ type: "Eq", fieldPath, value: queryValue(clause.value) }];
  }
  const { lowerOp, lowerValue, upperOp, upperValue } = clause;
  const lower = { gte: "Gte", gt: "Gt" } as const;
  const upper = { lte: "Lte", lt: "Lt" } as const;
  return [
    ...(lowerOp === undefined
      ? []
      : [{ type: lower[lowerOp], fieldPath, value: queryValue(lowerValue) }]),
    ...(upperOp === undefined
      ? []
      : [{ type: upper[upperOp], fieldPath, value: queryValue(upperValue) }]),
  ];
}

function searchClauses(
  { name, search, clauses }: SearchIndexFilter,
  index: SearchIndex,
  order: "asc" | "desc",
): Clauses | Problem {
  if (order !== "asc") {
    return problem(
      `The search index "${name}" has its own order; ask for it ascending.`,
    );
  }
  const enabled = clauses.filter((clause) => clause.enabled);
  for (const { field } of enabled) {
    const number = clauses.findIndex(
      (one) => one.enabled && one.field === field,
    );
    if (!index.filterFields.includes(field)) {
      return problem(
        `"${field}" is no filter field of the search index "${name}".`,
        number,
      );
    }
    if (enabled.filter((one) => one.field === field).length > 1) {
      return problem(`The field "${field}" has more than one filter.`, number);
    }
  }
  const filters = enabled.map(({ field, value }) => ({
    type: "Eq",
    fieldPath: field,
    value: queryValue(value),
  }));
  const terms = { type: "Search", fieldPath: index.searchField, value: search };
  return { type: "search", filters: [terms, ...filters] };
}

function problem(error: string, filter = -1): Problem {
  return { error, filter };
}
