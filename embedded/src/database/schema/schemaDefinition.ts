import type { JSONValue, ValidatorJSON } from "convex/values";
import { EmbeddedError } from "../../errors.js";
import { IDENTIFIER } from "../records/catalog.js";

/** A component's checked schema. */
export interface SchemaDefinition {
  schemaValidation: boolean;
  tables: readonly TableDefinition[];
}

export interface TableDefinition {
  name: string;
  validator: ValidatorJSON;
  indexes: readonly { name: string; fields: readonly string[] }[];
}

/** The parsed text of Convex's `schema.export()`. */
interface SchemaJson {
  schemaValidation: boolean;
  tables: {
    tableName: string;
    indexes: IndexJson[];
    stagedDbIndexes?: IndexJson[];
    searchIndexes?: IndexJson[];
    stagedSearchIndexes?: IndexJson[];
    vectorIndexes?: IndexJson[];
    stagedVectorIndexes?: IndexJson[];
    documentType: ValidatorJSON;
    stagedDocumentType?: ValidatorJSON | null;
  }[];
}

interface IndexJson {
  indexDescriptor: string;
  fields: string[];
}

/** No schema is a schema without tables that checks nothing. */
const NO_SCHEMA: SchemaDefinition = { schemaValidation: false, tables: [] };

/** Checks an exported schema; features that this deployment lacks are refused by name. */
export function parseSchema(json: JSONValue): SchemaDefinition {
  if (json === null) {
    return NO_SCHEMA;
  }
  const { schemaValidation, tables } = json as unknown as SchemaJson;
  if (!Array.isArray(tables)) {
    throw invalid("Schema JSON has no list of tables.");
  }
  return { schemaValidation, tables: tables.map(parseTable) };
}

function parseTable(table: SchemaJson["tables"][number]): TableDefinition {
  const { tableName, documentType } = table;
  if (!IDENTIFIER.test(tableName)) {
    throw invalid(
      `Invalid table name: "${tableName}". Identifiers must start with a letter and can only contain letters, digits, and underscores.`,
    );
  }
  refuse(tableName, "search index", table.searchIndexes);
  refuse(tableName, "search index", table.stagedSearchIndexes);
  refuse(tableName, "vector index", table.vectorIndexes);
  refuse(tableName, "vector index", table.stagedVectorIndexes);
  refuse(tableName, "staged index", table.stagedDbIndexes);
  if (
    table.stagedDocumentType !== undefined &&
    table.stagedDocumentType !== null
  ) {
    throw unsupported(`Table "${tableName}" has a staged validator`);
  }
  return {
    name: tableName,
    validator: documentType,
    indexes: parseIndexes(tableName, table.indexes),
  };
}

function parseIndexes(
  table: string,
  indexes: readonly IndexJson[],
): TableDefinition["indexes"] {
  const names = new Set<string>();
  const byFields = new Map<string, string>();
  for (const { indexDescriptor: name, fields } of indexes) {
    checkIndex(table, name, fields);
    if (names.has(name)) {
      throw invalid(
        `Table "${table}" has two or more definitions of index "${name}".`,
      );
    }
    names.add(name);
    const twin = byFields.get(JSON.stringify(fields));
    if (twin !== undefined) {
      throw invalid(
        `In table "${table}" index "${twin}" and index "${name}" have the same fields. ` +
          "Indexes must be unique within a table.",
      );
    }
    byFields.set(JSON.stringify(fields), name);
  }
  return indexes.map(({ indexDescriptor, fields }) => ({
    name: indexDescriptor,
    fields,
  }));
}

const MAX_INDEX_FIELDS = 16;

function checkIndex(
  table: string,
  name: string,
  fields: readonly string[],
): void {
  if (name === "by_id" || name === "by_creation_time" || name.startsWith("_")) {
    throw invalid(
      `In table "${table}" cannot name an index "${name}" because the name is reserved. ` +
        'Indexes may not start with an underscore or be named "by_id" or "by_creation_time".',
    );
  }
  if (!IDENTIFIER.test(name)) {
    throw invalid(
      `Invalid index name: "${name}". Identifiers must be 64 characters or less, start with a letter, and only contain letters, digits, underscores.`,
    );
  }
  if (fields.length === 0) {
    throw invalid(
      `In table "${table}" index "${name}" must have at least one field.`,
    );
  }
  if (fields.length > MAX_INDEX_FIELDS) {
    throw invalid(`Indexes may have up to ${MAX_INDEX_FIELDS} fields.`);
  }
  const duplicate = fields.find((field, i) => fields.indexOf(field) !== i);
  if (duplicate !== undefined) {
    throw invalid(
      `In table "${table}" index "${name}": Duplicate field ${duplicate}. Index fields must be unique within an index.`,
    );
  }
  const reserved = fields.find((field) => field.startsWith("_"));
  if (reserved !== undefined) {
    throw invalid(
      reserved === "_creationTime"
        ? `In table "${table}" index "${name}": \`_creationTime\` is automatically added to the end of each index.`
        : `In table "${table}" index "${name}": Reserved fields (starting with \`_\`) are not allowed in indexes.`,
    );
  }
}

function refuse(
  table: string,
  kind: string,
  indexes: readonly IndexJson[] | undefined,
): void {
  const [index] = indexes ?? [];
  if (index !== undefined) {
    throw unsupported(
      `Table "${table}" has a ${kind}, "${index.indexDescriptor}"`,
    );
  }
}

function invalid(problem: string): EmbeddedError {
  return new EmbeddedError("schemaInvalid", problem);
}

function unsupported(what: string): EmbeddedError {
  return new EmbeddedError(
    "schemaUnsupported",
    `${what}, which this deployment does not support. ` +
      "Remove it from the schema, or deploy to Convex.",
  );
}
