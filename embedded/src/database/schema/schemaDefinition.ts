import type { JSONValue, ValidatorJSON } from "convex/values";
import { EmbeddedError } from "../../errors.js";
import { displayValidator } from "../values/displayValue.js";
import { parseFieldPath } from "../values/fieldPath.js";
import { identifierProblem } from "../values/names.js";
import {
  canContainField,
  checkValidator,
} from "../values/validatorDefinition.js";

/** A component's checked schema. */
export interface SchemaDefinition {
  schemaValidation: boolean;
  tables: readonly TableDefinition[];
}

export interface TableDefinition {
  name: string;
  validator: ValidatorJSON;
  indexes: readonly IndexDefinition[];
  /** Indexes that are defined, but not there: queries cannot use them until they are no longer staged. */
  staged: readonly IndexDefinition[];
}

interface IndexDefinition {
  name: string;
  fields: readonly string[];
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
    documentType?: ValidatorJSON;
    stagedDocumentType?: ValidatorJSON | null;
  }[];
}

interface IndexJson {
  indexDescriptor: string;
  fields: string[];
}

/** No schema is a schema without tables that checks nothing. */
const NO_SCHEMA: SchemaDefinition = { schemaValidation: false, tables: [] };

/**
 * Checks an exported schema as Convex does, in its words; features that this deployment lacks are
 * refused by name. Fields that begin with `_` are left out of the documents' validators, as every
 * document has its own.
 * @throws EmbeddedError "schemaInvalid" or "schemaUnsupported"
 */
export function parseSchema(json: JSONValue): SchemaDefinition {
  if (json === null) {
    return NO_SCHEMA;
  }
  const { schemaValidation, tables } = json as unknown as SchemaJson;
  if (!Array.isArray(tables)) {
    throw invalid("Schema JSON has no list of tables.");
  }
  const definition = { schemaValidation, tables: tables.map(parseTable) };
  if (schemaValidation) definition.tables.forEach(checkIndexedFields);
  return definition;
}

type TableJson = SchemaJson["tables"][number];

const MAX_INDEXES = 64;

function parseTable(table: TableJson): TableDefinition {
  const { tableName } = table;
  const validator = documentValidator(table.documentType ?? { type: "any" });
  if (isStaged(table.stagedDocumentType)) {
    documentValidator(table.stagedDocumentType);
  }
  if (identifierProblem(tableName) !== null) {
    throw invalid(
      `Invalid table name: "${tableName}". Identifiers must start with a letter and can only contain letters, digits, and underscores.`,
    );
  }
  if (tableName.startsWith("_")) {
    throw invalid(`${tableName} is a reserved table name.`);
  }
  const ofDatabase = [...table.indexes, ...(table.stagedDbIndexes ?? [])];
  const others = OTHER_INDEXES.flatMap(([key]) => table[key] ?? []);
  if (ofDatabase.length + others.length > MAX_INDEXES) {
    throw invalid(
      `Table "${tableName}" cannot have more than ${MAX_INDEXES} indexes.`,
    );
  }
  const indexes = table.indexes.map((index) => parseIndex(tableName, index));
  const staged = (table.stagedDbIndexes ?? []).map((index) =>
    parseIndex(tableName, index, "staged "),
  );
  checkDistinct(tableName, [...indexes, ...staged]);
  checkNames(
    tableName,
    [...ofDatabase, ...others].map((index) => index.indexDescriptor),
  );
  for (const [key, kind] of OTHER_INDEXES) refuse(tableName, kind, table[key]);
  return { name: tableName, validator, indexes, staged };
}

const OTHER_INDEXES = [
  ["searchIndexes", "search index"],
  ["stagedSearchIndexes", "search index"],
  ["vectorIndexes", "vector index"],
  ["stagedVectorIndexes", "vector index"],
] as const;

function isStaged(type: TableJson["stagedDocumentType"]): boolean {
  return type !== undefined && type !== null;
}

function documentValidator(json: unknown): ValidatorJSON {
  checkValidator(json);
  switch (json.type) {
    case "any":
      return json;
    case "object":
      return withoutSystemFields(json);
    case "union":
      return { ...json, value: json.value.map(withoutSystemFields) };
    default:
      throw notOfObjects(json);
  }
}

function withoutSystemFields(validator: ValidatorJSON): ValidatorJSON {
  if (validator.type !== "object") throw notOfObjects(validator);
  const fields = Object.entries(validator.value).filter(
    ([name]) => !name.startsWith("_"),
  );
  return { ...validator, value: Object.fromEntries(fields) };
}

function notOfObjects(validator: ValidatorJSON): EmbeddedError {
  return invalid(
    `The document validator in a schema must be an object, a union of objects, or \`v.any()\`. Found ${displayValidator(validator)}. To learn more, see the schema documentation at https://docs.convex.dev/database/schemas.`,
  );
}

const MAX_INDEX_FIELDS = 16;

function parseIndex(
  table: string,
  { indexDescriptor: name, fields: texts }: IndexJson,
  kind = "",
): IndexDefinition {
  const inTable = `In table "${table}": `;
  if (identifierProblem(name) !== null) {
    throw invalid(
      `${inTable}Invalid index name: "${name}". Identifiers must be 64 characters or less, start with a letter, and only contain letters, digits, underscores.`,
    );
  }
  const inIndex = `${inTable}In index "${name}": `;
  const fields = texts.map((text) => text.replace(/^\.+|\.+$/g, ""));
  const wrong = texts.find((_, i) => !isFieldPath(fields[i]!));
  if (wrong !== undefined) {
    throw invalid(`${inIndex}Invalid index field: "${wrong}"`);
  }
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

function isFieldPath(text: string): boolean {
  return text.split(".").every((name) => identifierProblem(name) === null);
}

function checkDistinct(
  table: string,
  indexes: readonly IndexDefinition[],
): void {
  const byFields = new Map<string, string>();
  for (const { name, fields } of indexes) {
    const key = JSON.stringify(fields);
    const twin = byFields.get(key);
    if (twin !== undefined && twin !== name) {
      throw invalid(
        `In table "${table}" index "${name}" and index "${twin}" have the same fields. Indexes must be unique within a table.`,
      );
    }
    byFields.set(key, name);
  }
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

/** Refuses indexes on fields that no document of the table can have. */
function checkIndexedFields({
  name: table,
  validator,
  indexes,
  staged,
}: TableDefinition): void {
  for (const { name, fields } of [...indexes, ...staged]) {
    const missing = fields.find(
      (field) => !canContainField(validator, parseFieldPath(field)),
    );
    if (missing !== undefined) {
      throw invalid(
        `In table "${table}" the index "${name}" is invalid because it references the field "${missing}" that does not exist.`,
      );
    }
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
