import type { JSONValue } from "convex/values";
import type { Database } from "../../database/database.js";
import {
  insertImported,
  type ImportTarget,
} from "../../database/imports/importedDocuments.js";
import {
  activateStaged,
  dropStaged,
  hasSchema,
  schemaOf,
  stageTable,
  type Activation,
  type StagedTable,
} from "../../database/imports/staging.js";
import type { Transaction } from "../../database/transactions/transaction.js";
import { isStoreGone } from "../../errors.js";
import type { StoredFiles } from "../../files/storedFiles.js";
import { fileBatches } from "./importFiles.js";
import {
  count,
  countFiles,
  documentsOf,
  othersOf,
  tableText,
  type ImportedFields,
  type TablePlan,
} from "./importPlan.js";
import type { ImportMode } from "./importRequest.js";
import { badRows } from "./importRows.js";

/** Limits for one commit of an import: documents, and characters in them. */
export const IMPORT_BATCH = { documents: 1_000, characters: 4 * 1_024 * 1_024 };

/** Receives an import's progress, in the commit that makes it. */
export interface ImportProgress {
  /** The step under way. */
  doing(tx: Transaction, message: string): void;
  /** A step that is done for good. */
  done(tx: Transaction, message: string): void;
  /** The end of the import. */
  completed(tx: Transaction, documents: number): void;
}

/** Parts of the deployment that an import writes to. */
export interface ImportDestination {
  readonly database: Database;
  readonly files: StoredFiles;
}

interface Prepared {
  readonly targets: ReadonlyMap<TablePlan, ImportTarget>;
  readonly staged: readonly StagedTable[];
  readonly schemas: ReadonlyMap<string, string>;
}

/**
 * Writes an import's documents in batches into tables that nobody sees yet, and
 * puts all of them in place in one commit. Only `append` to a table that has
 * documents writes where everyone sees it.
 */
export async function runImport(
  destination: ImportDestination,
  plans: readonly TablePlan[],
  mode: ImportMode,
  progress: ImportProgress,
  signal: AbortSignal,
): Promise<void> {
  const { database } = destination;
  const { value: prepared } = await database.write((tx) =>
    prepare(tx, plans, mode),
  );
  try {
    let documents = 0;
    for (const plan of plans) {
      if (plan.files === undefined) {
        await fillTable(database, plan, prepared, progress, signal);
        documents += plan.documents;
      } else {
        await fillFiles(destination, plan, prepared, progress, signal);
      }
    }
    const { durable } = await database.write((tx) => {
      finish(tx, plans, mode, prepared);
      progress.completed(tx, documents);
    });
    await durable;
  } catch (error) {
    await database.write((tx) => dropStaged(tx, prepared.staged));
    throw error;
  }
}

function prepare(
  tx: Transaction,
  plans: readonly TablePlan[],
  mode: ImportMode,
): Prepared {
  const targets = new Map<TablePlan, ImportTarget>();
  const staged: StagedTable[] = [];
  const schemas = new Map<string, string>();
  for (const plan of plans) {
    const { component, name, number, hasForeignIds } = plan;
    schemas.set(component, schemaOf(tx, component));
    if (mode === "append" && tx.count(component, name) > 0) {
      targets.set(plan, { kind: "live", component, name });
      continue;
    }
    const table = stageTable(tx, { component, name, number, hasForeignIds });
    staged.push(table);
    targets.set(plan, { kind: "staged", table });
  }
  // Whether the tables can take their places is better known now than after an hour.
  const trial = tx.layer();
  activateStaged(tx, activation(tx, plans, mode, staged));
  trial.rollback();
  return { targets, staged, schemas };
}

function finish(
  tx: Transaction,
  plans: readonly TablePlan[],
  mode: ImportMode,
  { staged, schemas }: Prepared,
): void {
  for (const [component, schema] of schemas) {
    if (schemaOf(tx, component) === schema) continue;
    throw badRows(
      "The schema changed during the import, so its documents may not match it. Import again, and push before or after it.",
    );
  }
  activateStaged(tx, activation(tx, plans, mode, staged));
}

function activation(
  tx: Transaction,
  plans: readonly TablePlan[],
  mode: ImportMode,
  staged: readonly StagedTable[],
): Activation {
  const requireEmpty = mode === "requireEmpty" || mode === "append";
  if (mode !== "replaceAll") return { staged, removed: [], requireEmpty };
  const others = othersOf(plans, tx);
  const inSchema = others.filter(({ component, name }) =>
    hasSchema(tx, component, name),
  );
  const cleared = inSchema.map(({ component, name }) =>
    stageTable(tx, { component, name, hasForeignIds: false }),
  );
  return {
    staged: [...staged, ...cleared],
    removed: others.filter((table) => !inSchema.includes(table)),
    requireEmpty,
  };
}

async function fillTable(
  database: Database,
  plan: TablePlan,
  { targets, staged }: Prepared,
  progress: ImportProgress,
  signal: AbortSignal,
): Promise<void> {
  const { source } = plan;
  const table = tableText(plan);
  let written = 0;
  const batches =
    source === undefined ? [] : batchesOf(documentsOf(source.rows()));
  for await (const batch of batches) {
    signal.throwIfAborted();
    written += batch.length;
    const { durable } = await database.write((tx) => {
      insertImported(tx, targets.get(plan)!, batch, staged);
      progress.doing(tx, `Importing ${table} (${count(written)})`);
    });
    await durable;
  }
  await database.write((tx) =>
    progress.done(tx, `Read ${table} (${count(written)})`),
  );
}

async function fillFiles(
  { database, files }: ImportDestination,
  plan: TablePlan,
  { targets, staged }: Prepared,
  progress: ImportProgress,
  signal: AbortSignal,
): Promise<void> {
  const table = tableText(plan);
  let written = 0;
  for await (const batch of fileBatches(plan.files ?? [], files, signal)) {
    written += batch.rows.length;
    try {
      const { durable } = await database.write((tx) => {
        insertImported(tx, targets.get(plan)!, batch.rows, staged);
        progress.doing(tx, `Importing ${table} (${countFiles(written)})`);
      });
      await durable;
    } catch (error) {
      // Where the store is gone nobody knows what became of the rows: the next start does.
      if (!isStoreGone(error)) await batch.discard();
      throw error;
    }
    await batch.settle();
  }
  await database.write((tx) =>
    progress.done(tx, `Imported ${table} (${countFiles(written)})`),
  );
}

async function* batchesOf(
  documents: AsyncIterable<ImportedFields>,
): AsyncIterable<ImportedFields[]> {
  let batch: ImportedFields[] = [];
  let characters = 0;
  for await (const document of documents) {
    batch.push(document);
    characters += lengthOf(document);
    if (
      batch.length === IMPORT_BATCH.documents ||
      characters > IMPORT_BATCH.characters
    ) {
      yield batch;
      batch = [];
      characters = 0;
    }
  }
  if (batch.length > 0) yield batch;
}

/** A document's length in JSON, roughly, without writing it. */
function lengthOf(value: JSONValue): number {
  if (typeof value === "string") return value.length;
  if (typeof value !== "object" || value === null) return 8;
  return Object.entries(value).reduce(
    (sum, [name, part]) => sum + name.length + lengthOf(part),
    8,
  );
}
