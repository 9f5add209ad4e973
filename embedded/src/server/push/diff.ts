import type { JSONValue } from "convex/values";
import { isDeepStrictEqual } from "node:util";
import {
  cronsOf,
  type RevisionDefinition,
  type CodeRevision,
} from "./revision.js";
import { mountComponents } from "./components.js";

/** An index as the CLI prints it. */
export type DeveloperIndex = { name: string; staged?: true } & (
  | { type: "database"; fields: string[] }
  | { type: "search"; searchField: string; filterFields: string[] }
  | {
      type: "vector";
      vectorField: string;
      dimensions: number;
      filterFields: string[];
    }
);

export interface IndexDiff {
  added_indexes: DeveloperIndex[];
  removed_indexes: DeveloperIndex[];
  /** Those that were staged. */
  enabled_indexes?: DeveloperIndex[];
  /** Those that are staged now. */
  disabled_indexes?: DeveloperIndex[];
}

/** Changes of a push in one mounted component. */
export interface ComponentDiff {
  diffType: { type: "create" | "modify" | "unmount" | "remount" };
  moduleDiff: { added: string[]; removed: string[] };
  udfConfigDiff: { previous_version: string; next_version: string } | null;
  cronDiff: { added: string[]; updated: string[]; deleted: string[] };
  indexDiff: IndexDiff;
  schemaDiff: {
    previous_schema: string | null;
    next_schema: string | null;
  } | null;
}

/** Changes of a push, by component path. */
export function diffRevisions(
  previous: CodeRevision,
  next: CodeRevision,
): Record<string, ComponentDiff> {
  const before = componentDefinitions(previous);
  const after = componentDefinitions(next);
  const paths = new Set([...before.keys(), ...after.keys()]);
  const diffs = [...paths].map((path) => {
    const diff = diffDefinitions(before.get(path), after.get(path));
    // An unmounted component keeps its tables as they are.
    if (!after.has(path)) Object.assign(diff, NOTHING_STORED);
    const known = before.has(path) || previous.unmounted.includes(path);
    const type = !after.has(path)
      ? "unmount"
      : before.has(path)
        ? "modify"
        : known
          ? "remount"
          : "create";
    return [path, { diffType: { type }, ...diff }] as const;
  });
  return Object.fromEntries(diffs);
}

/** Components that were mounted once and are not in `next`. */
export function unmountedAfter(
  previous: CodeRevision,
  next: CodeRevision,
): string[] {
  const mounted = componentDefinitions(next);
  return [
    ...new Set([
      ...previous.unmounted,
      ...componentDefinitions(previous).keys(),
    ]),
  ].filter((path) => !mounted.has(path));
}

/** The definition behind every mounted component. */
export function componentDefinitions(
  revision: CodeRevision,
): Map<string, RevisionDefinition> {
  if (revision.version === 0) return new Map();
  const mounted = mountComponents(revision.definitions, {}, {});
  return new Map(
    [...mounted].map(([path, { definitionPath }]) => [
      path,
      revision.definitions.get(definitionPath)!,
    ]),
  );
}

const NOTHING_STORED: Partial<ComponentDiff> = {
  udfConfigDiff: null,
  indexDiff: { added_indexes: [], removed_indexes: [] },
  schemaDiff: null,
};

function diffDefinitions(
  previous: RevisionDefinition | undefined,
  next: RevisionDefinition | undefined,
): Omit<ComponentDiff, "diffType"> {
  return {
    moduleDiff: diffModules(previous, next),
    udfConfigDiff: diffVersions(previous, next),
    cronDiff: diffCrons(previous, next),
    indexDiff: diffIndexes(previous?.schema ?? null, next?.schema ?? null),
    schemaDiff: diffSchemas(previous?.schema ?? null, next?.schema ?? null),
  };
}

function diffModules(
  previous: RevisionDefinition | undefined,
  next: RevisionDefinition | undefined,
): ComponentDiff["moduleDiff"] {
  const before = previous?.modules ?? new Map<string, unknown>();
  const after = next?.modules ?? new Map<string, unknown>();
  // A changed module counts as removed and added.
  const differs = (path: string) =>
    !isDeepStrictEqual(before.get(path), after.get(path));
  return {
    added: [...after.keys()].filter(differs),
    removed: [...before.keys()].filter(differs),
  };
}

function diffVersions(
  previous: RevisionDefinition | undefined,
  next: RevisionDefinition | undefined,
): ComponentDiff["udfConfigDiff"] {
  const previous_version = previous?.udfServerVersion ?? "";
  const next_version = next?.udfServerVersion ?? "";
  return previous_version === next_version
    ? null
    : { previous_version, next_version };
}

function diffCrons(
  previous: RevisionDefinition | undefined,
  next: RevisionDefinition | undefined,
): ComponentDiff["cronDiff"] {
  const before = cronsOf(previous);
  const after = cronsOf(next);
  return {
    added: Object.keys(after).filter((name) => !(name in before)),
    updated: Object.keys(after).filter(
      (name) => name in before && !isDeepStrictEqual(before[name], after[name]),
    ),
    deleted: Object.keys(before).filter((name) => !(name in after)),
  };
}

function diffSchemas(
  previous: JSONValue,
  next: JSONValue,
): ComponentDiff["schemaDiff"] {
  if (isDeepStrictEqual(previous, next)) return null;
  return {
    previous_schema: previous === null ? null : JSON.stringify(previous),
    next_schema: next === null ? null : JSON.stringify(next),
  };
}

function diffIndexes(previous: JSONValue, next: JSONValue): IndexDiff {
  const before = indexesOf(previous);
  const after = indexesOf(next);
  const among = (others: DeveloperIndex[]) => (index: DeveloperIndex) =>
    others.some((other) => isDeepStrictEqual(unstaged(other), unstaged(index)));
  const isIn = { before: among(before), after: among(after) };
  const kept = after.filter(isIn.before);
  const [staged, wereStaged] = [after, before].map((indexes) =>
    among(indexes.filter((index) => index.staged === true)),
  ) as [typeof isIn.before, typeof isIn.before];
  const enabled = kept.filter((index) => wereStaged(index) && !staged(index));
  const disabled = kept.filter((index) => staged(index) && !wereStaged(index));
  return {
    added_indexes: after.filter((index) => !isIn.before(index)),
    removed_indexes: before.filter((index) => !isIn.after(index)),
    ...(enabled.length > 0 ? { enabled_indexes: enabled } : {}),
    ...(disabled.length > 0 ? { disabled_indexes: disabled } : {}),
  };
}

function unstaged({ staged: _, ...index }: DeveloperIndex): object {
  return index;
}

interface ExportedSchema {
  tables: ExportedTable[];
}

interface ExportedTable {
  tableName: string;
  indexes: ExportedIndex[];
  stagedDbIndexes?: ExportedIndex[];
  searchIndexes?: ExportedSearchIndex[];
  stagedSearchIndexes?: ExportedSearchIndex[];
  vectorIndexes?: ExportedVectorIndex[];
  stagedVectorIndexes?: ExportedVectorIndex[];
}

type ExportedIndex = { indexDescriptor: string; fields: string[] };
type ExportedSearchIndex = {
  indexDescriptor: string;
  searchField: string;
  filterFields: string[];
};
type ExportedVectorIndex = {
  indexDescriptor: string;
  vectorField: string;
  dimensions: number;
  filterFields: string[];
};

function indexesOf(schema: JSONValue): DeveloperIndex[] {
  if (schema === null) return [];
  const { tables } = schema as unknown as ExportedSchema;
  return tables.flatMap((table) => [
    ...described(table.tableName, {
      database: table.indexes,
      search: table.searchIndexes,
      vector: table.vectorIndexes,
    }),
    ...described(table.tableName, {
      database: table.stagedDbIndexes,
      search: table.stagedSearchIndexes,
      vector: table.stagedVectorIndexes,
    }).map((index) => ({ ...index, staged: true as const })),
  ]);
}

function described(
  table: string,
  indexes: {
    database: ExportedIndex[] | undefined;
    search: ExportedSearchIndex[] | undefined;
    vector: ExportedVectorIndex[] | undefined;
  },
): DeveloperIndex[] {
  const { database = [], search = [], vector = [] } = indexes;
  return [
    ...database.map(({ indexDescriptor, fields }) => ({
      name: `${table}.${indexDescriptor}`,
      type: "database" as const,
      fields,
    })),
    ...search.map(({ indexDescriptor, searchField, filterFields }) => ({
      name: `${table}.${indexDescriptor}`,
      type: "search" as const,
      searchField,
      filterFields,
    })),
    ...vector.map(
      ({ indexDescriptor, vectorField, dimensions, filterFields }) => ({
        name: `${table}.${indexDescriptor}`,
        type: "vector" as const,
        vectorField,
        dimensions,
        filterFields,
      }),
    ),
  ];
}
