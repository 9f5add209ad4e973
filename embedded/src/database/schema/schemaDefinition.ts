import type { JSONValue, ValidatorJSON } from "convex/values";
import { EmbeddedError } from "../../errors.js";
import type { IndexDefinition } from "../records/catalog.js";
import { displayValidator } from "../values/displayValue.js";
import { identifierProblem } from "../values/names.js";
import { checkValidator } from "../values/validatorDefinition.js";
import {
  checkIndexedFields,
  parseIndexes,
  type TableIndexesJson,
} from "./indexDefinitions.js";

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

/** The parsed text of Convex's `schema.export()`. */
interface SchemaJson {
  schemaValidation: boolean;
  tables: (TableIndexesJson & {
    tableName: string;
    documentType?: ValidatorJSON;
    stagedDocumentType?: ValidatorJSON | null;
  })[];
}

/** No schema is a schema without tables that checks nothing. */
const NO_SCHEMA: SchemaDefinition = { schemaValidation: false, tables: [] };

/**
 * Checks an exported schema as Convex does, in its words. Fields that begin with `_` are left out of
 * the documents' validators, as every document has its own.
 * @throws EmbeddedError "schemaInvalid"
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
  return { name: tableName, validator, ...parseIndexes(tableName, table) };
}

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

function invalid(problem: string): EmbeddedError {
  return new EmbeddedError("schemaInvalid", problem);
}
