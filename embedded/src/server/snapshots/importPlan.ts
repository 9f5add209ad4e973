import type { JSONValue } from "convex/values";
import type { Transaction } from "../../database/transactions/transaction.js";
import { FILES_TABLE } from "../../database/records/catalog.js";
import { inspectIds } from "../../database/imports/importedDocuments.js";
import { tableExists } from "../../database/imports/staging.js";
import { isJsonObject } from "../http/body.js";
import { checkConvexJson } from "../values.js";
import {
  TABLES_TABLE,
  type ImportFile,
  type ImportTable,
} from "./importFile.js";
import type { ImportMode } from "./importRequest.js";
import { planFiles, type PlannedFile } from "./importFiles.js";
import { badRows, type Rows } from "./importRows.js";

/** A checked document of an import file. */
export type ImportedFields = Record<string, JSONValue>;

/** A table's part in an import, known once the whole file was read. */
export interface TablePlan {
  readonly component: string;
  readonly name: string;
  /** Source of the rows; absent for a table that the snapshot only names, and for files. */
  readonly source: ImportTable | undefined;
  /** The stored files that make up the table `_storage`. */
  readonly files?: readonly PlannedFile[];
  /** How many files the snapshot names and does not have. */
  readonly missing?: number;
  readonly documents: number;
  /** Number of the table in its documents' ids, if they have any. */
  readonly number: number | undefined;
  readonly hasForeignIds: boolean;
}

/**
 * Plans an import by reading the whole file once: faults in it are found before anything is asked
 * or written.
 */
export async function planImport(file: ImportFile): Promise<TablePlan[]> {
  const numbers = new Map<string, number>();
  for (const table of file.tables) {
    if (table.name !== TABLES_TABLE) continue;
    for await (const row of table.rows()) {
      const [name, number] = parseTableRow(row);
      numbers.set(keyOf(table.component, name), number);
    }
  }
  const plans: TablePlan[] = [];
  for (const table of file.tables) {
    if (table.name === TABLES_TABLE || table.name === FILES_TABLE) continue;
    const key = keyOf(table.component, table.name);
    plans.push(await planTable(table, numbers.get(key)));
    numbers.delete(key);
  }
  for (const [key, number] of numbers) {
    const [component, name] = JSON.parse(key) as [string, string];
    // System tables are the deployment's own.
    if (name.startsWith("_")) continue;
    const empty = { source: undefined, documents: 0, hasForeignIds: false };
    plans.push({ component, name, number, ...empty });
  }
  plans.push(...(await planAllFiles(file)));
  return plans;
}

/** Plans for the components of which the snapshot has files, or says that they have none. */
async function planAllFiles(file: ImportFile): Promise<TablePlan[]> {
  const tables = file.tables.filter(({ name }) => name === FILES_TABLE);
  const components = new Set(
    [...tables, ...file.storedFiles].map(({ component }) => component),
  );
  const plans: TablePlan[] = [];
  for (const component of components) {
    const isHere = (one: { component: string }) => one.component === component;
    const planned = await planFiles(
      file.storedFiles.filter(isHere),
      tables.find(isHere),
    );
    plans.push({
      component,
      name: FILES_TABLE,
      source: undefined,
      documents: planned.files.length,
      ...planned,
    });
  }
  return plans;
}

/** The documents among a table's rows, which the plan has checked. */
export async function* documentsOf(rows: Rows): AsyncIterable<ImportedFields> {
  for await (const row of rows) yield row as ImportedFields;
}

/** Describes the import for its user to confirm, and whether it deletes anything. */
export function describePlan(
  plans: readonly TablePlan[],
  mode: ImportMode,
  snapshot: Transaction,
): { message: string; deletes: boolean } {
  const changes = plans.map(({ component, name, documents, missing = 0 }) => {
    const existing = snapshot.count(component, name);
    if (mode === "requireEmpty" && existing > 0) throw tableExists(name);
    const deleted = mode === "append" ? 0 : existing;
    return { component, name, documents, deleted, missing };
  });
  if (mode === "replaceAll") changes.push(...othersOf(plans, snapshot));
  const lines = changes.map((change) => {
    const { name, documents, deleted, missing } = change;
    const counted = name === FILES_TABLE ? countFiles : count;
    const loss = deleted === 0 ? "" : `, deletes the ${counted(deleted)} there`;
    const gap =
      missing === 0
        ? ""
        : `, leaves out ${counted(missing)} that the snapshot names and does not have`;
    return `  ${tableText(change)}: adds ${counted(documents)}${loss}${gap}`;
  });
  return {
    message: ["This import, by table:", ...lines].join("\n"),
    deletes: changes.some(({ deleted }) => deleted > 0),
  };
}

/** Tables of the component that the import does not have. */
export function othersOf(
  plans: readonly Pick<TablePlan, "component" | "name">[],
  snapshot: Transaction,
) {
  const keys = new Set(plans.map((plan) => keyOf(plan.component, plan.name)));
  return snapshot.componentPaths().flatMap((component) =>
    snapshot
      .tableNames(component)
      .filter((name) => !keys.has(keyOf(component, name)))
      .map((name) => {
        const deleted = snapshot.count(component, name);
        return { component, name, documents: 0, deleted, missing: 0 };
      }),
  );
}

/** A number of documents in words: `1 document`, `1,000 documents`. */
export function count(documents: number): string {
  const number = documents.toLocaleString("en-US");
  return documents === 1 ? `${number} document` : `${number} documents`;
}

/** A number of files in words. */
export function countFiles(files: number): string {
  return `${files.toLocaleString("en-US")} ${files === 1 ? "file" : "files"}`;
}

/** A table by its name, with its component's before it. */
export function tableText({
  component,
  name,
}: Pick<TablePlan, "component" | "name">): string {
  return component === "" ? name : `${component}:${name}`;
}

async function planTable(
  table: ImportTable,
  listed: number | undefined,
): Promise<TablePlan> {
  const { component, name } = table;
  let documents = 0;
  let number = listed;
  let hasForeignIds = false;
  for await (const row of table.rows()) {
    documents += 1;
    const where = `row ${documents} of table ${name}`;
    if (!isJsonObject(row)) throw badRows(`Not an object: ${where}.`);
    checkConvexJson(row, where);
    const ids = inspectIds(row);
    number ??= ids.number;
    hasForeignIds ||= ids.areForeign;
  }
  return { component, name, source: table, documents, number, hasForeignIds };
}

function parseTableRow(row: unknown): [name: string, number: number] {
  if (isJsonObject(row)) {
    const { name, id } = row;
    if (typeof name === "string" && Number.isSafeInteger(id)) {
      return [name, id as number];
    }
  }
  throw badRows(
    `A row of ${TABLES_TABLE} must have a name and an id, not ${JSON.stringify(row)}.`,
  );
}

function keyOf(component: string, name: string): string {
  return JSON.stringify([component, name]);
}
