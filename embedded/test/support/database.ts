import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JSONValue } from "convex/values";
import { onTestFinished } from "vitest";
import type {
  AtOnce,
  Database,
  Mutation,
  WriteOutcome,
} from "../../src/database/database.js";
import {
  applySchema,
  type IndexDiff,
} from "../../src/database/schema/schema.js";
import type { Transaction } from "../../src/database/transactions/transaction.js";
import type {
  QueryJson,
  QuerySource,
  RangeExpression,
  StoredDocument,
} from "../../src/database/types.js";
import { FakeClock } from "./fakeClock.js";
import { openFloors, type FloorOptions } from "./floors.js";

/** Makes a directory that is removed when the test ends. */
export function temporaryDir(): string {
  const dir = mkdtempSync(join(tmpdir(), "embedded-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** Opens a database, on a store of its own if none is given; closed when the test ends. */
export async function openDatabase({
  store,
  clock = new FakeClock(),
  ...options
}: Pick<
  FloorOptions<FakeClock>,
  "clock" | "dataDir" | "store" | "maxVectorBytes"
> = {}) {
  const { maxVectorBytes } = options;
  const floors = await openFloors({
    clock,
    ...(maxVectorBytes === undefined ? {} : { maxVectorBytes }),
    ...(store === undefined
      ? { dataDir: options.dataDir ?? temporaryDir() }
      : { store }),
  });
  onTestFinished(() => floors.close());
  const { database: db, dataDir, files } = floors;
  return { db, store: floors.store, files, clock, dataDir };
}

export async function write<T>(
  db: Database,
  run: (tx: Transaction) => T & AtOnce<T>,
): Promise<T> {
  const { value } = await db.write(run);
  return value;
}

/** A mutation without a function. */
export async function mutate<T>(
  db: Database,
  run: (tx: Transaction) => Promise<T>,
  { writer = "test", lost = () => {} }: Partial<Mutation<T>> = {},
): Promise<WriteOutcome<T>> {
  return db.mutate({
    writer,
    lost,
    run: async (tx) => {
      const value = await run(tx);
      return { isCurrent: () => true, seal: () => value };
    },
  });
}

export function read<T>(db: Database, run: (tx: Transaction) => T): T {
  const tx = db.read();
  try {
    return run(tx);
  } finally {
    tx.release();
  }
}

/** Makes a schema, defined as in an app, the schema of a component. */
export function pushSchema(
  db: Database,
  component: string,
  schema: object,
): Promise<IndexDiff> {
  return write(db, (tx) => applySchema(tx, component, exported(schema)));
}

/** `schema.export()` is internal in Convex's types. */
export function exported(schema: object): JSONValue {
  return JSON.parse((schema as { export(): string }).export()) as JSONValue;
}

export function collect(
  tx: Transaction,
  component: string,
  query: QueryJson,
): StoredDocument[] {
  const stream = tx.openQuery(component, query);
  const documents: StoredDocument[] = [];
  for (let row = stream.next(); row !== null; row = stream.next()) {
    documents.push(row);
  }
  stream.close();
  return documents;
}

export function byIndex(
  indexName: string,
  range: readonly RangeExpression[] = [],
  order: "asc" | "desc" | null = null,
): QueryJson {
  return {
    source: { type: "IndexRange", indexName, range, order },
    operators: [],
  };
}

export function fullScan(
  tableName: string,
  order: "asc" | "desc" | null = null,
): QueryJson {
  const source: QuerySource = { type: "FullTableScan", tableName, order };
  return { source, operators: [] };
}

export function bound(
  type: RangeExpression["type"],
  fieldPath: string,
  value: JSONValue,
): RangeExpression {
  return { type, fieldPath, value };
}
