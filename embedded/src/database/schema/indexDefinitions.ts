import type { ValidatorJSON } from "convex/values";
import { EmbeddedError } from "../../errors.js";
import type { IndexDefinition } from "../records/catalog.js";
import { parseFieldPath } from "../values/fieldPath.js";
import { identifierProblem } from "../values/names.js";
import { canBeVector, canContainField } from "../values/validatorDefinition.js";

/** The indexes of a table in the parsed text of Convex's `schema.export()`. */
export interface TableIndexesJson {
  indexes: DatabaseIndexJson[];
  stagedDbIndexes?: DatabaseIndexJson[];
  searchIndexes?: SearchIndexJson[];
  stagedSearchIndexes?: SearchIndexJson[];
  vectorIndexes?: VectorIndexJson[];
  stagedVectorIndexes?: VectorIndexJson[];
}

interface DatabaseIndexJson {
  indexDescriptor: string;
  fields: string[];
}

interface SearchIndexJson {
  indexDescriptor: string;
  searchField: string;
  filterFields: string[];
}

interface VectorIndexJson {
  indexDescriptor: string;
  vectorField: string;
  dimensions: number;
  filterFields: string[];
}

/** Of all kinds together. */
const MAX_INDEXES = 64;
const MAX_INDEX_FIELDS = 16;
const MAX_FILTER_FIELDS = 16;
const DIMENSIONS = { least: 2, most: 4096 };

/**
 * Checks the indexes of a table.
 * @throws EmbeddedError "schemaInvalid" in Convex's words
 */
export function parseIndexes(
  table: string,
  json: TableIndexesJson,
): { indexes: IndexDefinition[]; staged: IndexDefinition[] } {
  const { stagedDbIndexes = [], stagedSearchIndexes = [] } = json;
  const { searchIndexes = [], vectorIndexes = [] } = json;
  const { stagedVectorIndexes = [] } = json;
  const all = [
    ...json.indexes,
    ...stagedDbIndexes,
    ...searchIndexes,
    ...stagedSearchIndexes,
    ...vectorIndexes,
    ...stagedVectorIndexes,
  ];
  if (all.length > MAX_INDEXES) {
    throw invalid(
      `Table "${table}" cannot have more than ${MAX_INDEXES} indexes.`,
    );
  }
  const indexes = [
    ...json.indexes.map((index) => parseIndex(table, index)),
    ...searchIndexes.map((index) => parseSearchIndex(table, index)),
    ...vectorIndexes.map((index) => parseVectorIndex(table, index)),
  ];
  const staged = [
    ...stagedDbIndexes.map((index) => parseIndex(table, index, "staged ")),
    ...stagedSearchIndexes.map((index) => parseSearchIndex(table, index)),
    ...stagedVectorIndexes.map((index) => parseVectorIndex(table, index)),
  ];
  checkDistinct(table, [...indexes, ...staged]);
  checkNames(
    table,
    all.map(({ indexDescriptor }) => indexDescriptor),
  );
  return { indexes, staged };
}

/**
 * Refuses indexes on fields that no document of the table can have.
 * @throws EmbeddedError "schemaInvalid" in Convex's words
 */
export function checkIndexedFields({
  name: table,
  validator,
  indexes,
  staged,
}: {
  name: string;
  validator: ValidatorJSON;
  indexes: readonly IndexDefinition[];
  staged: readonly IndexDefinition[];
}): void {
  for (const index of [...indexes, ...staged]) {
    const missing = fieldsOf(index).find(
      (field) =>
        !isSystemField(field) &&
        !canContainField(validator, parseFieldPath(field)),
    );
    if (missing !== undefined) {
      throw invalid(
        `In table "${table}" the index "${index.name}" is invalid because it references the field "${missing}" that does not exist.`,
      );
    }
    if (
      index.kind === "vector" &&
      !canBeVector(validator, parseFieldPath(index.vectorField))
    ) {
      throw invalid(
        `In table "${table}" the vector index "${index.name}" is invalid because it references the field "${index.vectorField}" that is neither an array of float64 or optional array of float64.`,
      );
    }
  }
}

function fieldsOf(index: IndexDefinition): readonly string[] {
  switch (index.kind) {
    case "search":
      return [index.searchField, ...index.filterFields];
    case "vector":
      return [index.vectorField, ...index.filterFields];
    default:
      return index.fields;
  }
}

function isSystemField(field: string): boolean {
  return field.startsWith("_") && !field.includes(".");
}

function parseIndex(
  table: string,
  { indexDescriptor: name, fields: texts }: DatabaseIndexJson,
  kind = "",
): IndexDefinition {
  checkName(table, name);
  const inIndex = `In table "${table}": In index "${name}": `;
  const fields = texts.map((text) => parseField(table, name, text));
  if (fields.length > MAX_INDEX_FIELDS) {
    throw invalid(
      `${inIndex}Indexes may have up to ${MAX_INDEX_FIELDS} fields.`,
    );
  }
  if (fields.includes("_id")) {
    throw invalid(
      `${inIndex}\`_id\` is not a valid index field. To load documents by ID, use \`db.get(id)\`.`,
    );
  }
  const duplicate = fields.find((field, i) => fields.indexOf(field) !== i);
  if (duplicate !== undefined) {
    throw invalid(
      `${inIndex}Duplicate field "${duplicate}". Index fields must be unique within an index.`,
    );
  }
  if (fields.length === 0) {
    throw invalid(
      `In table "${table}" ${kind}index "${name}" must have at least one field.`,
    );
  }
  if (fields.includes("_creationTime")) {
    throw invalid(
      `${inIndex}\`_creationTime\` is automatically added to the end of each index. It should not be added explicitly in the index definition. See https://docs.convex.dev/using/indexes for more details.`,
    );
  }
  if (fields.some((field) => /(^|\.)_/.test(field))) {
    throw invalid(
      `${inIndex}Reserved fields (starting with \`_\`) are not allowed in indexes.`,
    );
  }
  return { name, fields };
}

function parseSearchIndex(
  table: string,
  { indexDescriptor: name, searchField, filterFields }: SearchIndexJson,
): IndexDefinition {
  checkName(table, name);
  return {
    kind: "search",
    name,
    searchField: parseField(table, name, searchField),
    filterFields: parseFilterFields(table, name, filterFields),
  };
}

function parseVectorIndex(
  table: string,
  json: VectorIndexJson,
): IndexDefinition {
  const { indexDescriptor: name, dimensions } = json;
  checkName(table, name);
  const vectorField = parseField(table, name, json.vectorField);
  const { least, most } = DIMENSIONS;
  if (
    !Number.isInteger(dimensions) ||
    dimensions < least ||
    dimensions > most
  ) {
    throw invalid(
      `In table "${table}": Dimensions ${dimensions} must be between ${least} and ${most}.`,
    );
  }
  const filterFields = parseFilterFields(table, name, json.filterFields);
  return { kind: "vector", name, vectorField, dimensions, filterFields };
}

/** The fields, distinct and in order. */
function parseFilterFields(
  table: string,
  index: string,
  texts: readonly string[],
): string[] {
  const fields = texts.map((text) => parseField(table, index, text));
  const distinct = [...new Set(fields)].sort();
  if (distinct.length > MAX_FILTER_FIELDS) {
    throw invalid(
      `In table "${table}": Search indexes may have up to ${MAX_FILTER_FIELDS} filter fields.`,
    );
  }
  return distinct;
}

function parseField(table: string, index: string, text: string): string {
  const field = text.replace(/^\.+|\.+$/g, "");
  const isPath = parseFieldPath(field).every(
    (name) => identifierProblem(name) === null,
  );
  if (isPath) return field;
  throw invalid(
    `In table "${table}": In index "${index}": Invalid index field: "${text}"`,
  );
}

function checkName(table: string, name: string): void {
  if (identifierProblem(name) !== null) {
    throw invalid(
      `In table "${table}": Invalid index name: "${name}". Identifiers must be 64 characters or less, start with a letter, and only contain letters, digits, underscores.`,
    );
  }
}

/** Refuses two indexes that are one but for their names. */
function checkDistinct(
  table: string,
  indexes: readonly IndexDefinition[],
): void {
  const byContent = new Map<string, string>();
  for (const index of indexes) {
    const { name } = index;
    const key = JSON.stringify(identityOf(index));
    const twin = byContent.get(key);
    if (twin !== undefined && twin !== name) {
      throw invalid(
        `In table "${table}" ${alike(index, name, twin)} within a table.${adviceFor(index)}`,
      );
    }
    byContent.set(key, name);
  }
}

function identityOf(index: IndexDefinition): unknown[] {
  switch (index.kind) {
    case "search":
      return [index.kind, index.searchField, index.filterFields];
    case "vector":
      return [index.kind, index.vectorField, index.dimensions];
    default:
      return ["database", index.fields];
  }
}

function alike({ kind }: IndexDefinition, name: string, twin: string): string {
  switch (kind) {
    case "search":
    case "vector":
      return (
        `${kind} index "${name}" and ${kind} index "${twin}" have the same \`${kind}Field\`. ` +
        `${kind === "search" ? "Search" : "Vector"} index fields must be unique`
      );
    default:
      return `index "${name}" and index "${twin}" have the same fields. Indexes must be unique`;
  }
}

function adviceFor({ kind }: IndexDefinition): string {
  return kind === "search" || kind === "vector"
    ? ` You should combine the indexes with the same \`${kind}Field\` into one index containing all \`filterField\`s and then use different subsets of the \`filterField\`s at query time.`
    : "";
}

function checkNames(table: string, names: readonly string[]): void {
  for (const [i, name] of names.entries()) {
    if (
      name === "by_id" ||
      name === "by_creation_time" ||
      name.startsWith("_")
    ) {
      throw invalid(
        `In table "${table}" cannot name an index "${name}" because the name is reserved. ` +
          'Indexes may not start with an underscore or be named "by_id" or "by_creation_time".',
      );
    }
    if (names.indexOf(name) !== i) {
      throw invalid(
        `Table "${table}" has two or more definitions of index "${name}".`,
      );
    }
  }
}

function invalid(problem: string): EmbeddedError {
  return new EmbeddedError("schemaInvalid", problem);
}
