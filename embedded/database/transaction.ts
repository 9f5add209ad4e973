import type { JSONValue } from "convex/values";
import { EmbeddedError } from "../errors.js";
import {
  prefixEnd,
  type Key,
  type Snapshot,
  type WriteOp,
} from "../storage/store.js";
import {
  componentOf,
  type Catalog,
  type Component,
  type Table,
} from "./catalog.js";
import {
  insertDocument,
  readDocument,
  removeDocument,
  rowCount,
  updateDocument,
  type Document,
  type Fields,
} from "./documents.js";
import {
  checkFields,
  checkIsSystem,
  checkKeptSystemFields,
  checkNoSystemFields,
  checkTable,
  decodeArgument,
  isUndefined,
  nonexistent,
} from "./checks.js";
import { resolveCommitTs, withCommitTs } from "./commitTs.js";
import { newRawId } from "./ids.js";
import { justAfter } from "./indexScan.js";
import { componentKey, metaKey, rowCountKey } from "./keyspace.js";
import { TransactionLayer } from "./layer.js";
import { Meta } from "./meta.js";
import { TransactionMetrics, type TransactionLimits } from "./metrics.js";
import { readPage } from "./pagination.js";
import {
  applyOperators,
  assertQueryJson,
  openScan,
  resolveSource,
  type ResolvedSource,
} from "./query.js";
import { ReadSet } from "./readSet.js";
import { SystemTables } from "./systemTables.js";
import { Tables } from "./tables.js";
import type {
  QueryJson,
  QueryPageRequest,
  QueryPageResult,
  QueryStream,
  ReadInterval,
  StoredDocument,
} from "./types.js";
import { PendingView } from "./view.js";

/** What a transaction starts from. */
export interface TransactionStart {
  snapshot: Snapshot;
  catalog: Catalog;
  ts: bigint;
  readOnly: boolean;
  /** When it will be committed. */
  commitTs: bigint;
  limits: Partial<TransactionLimits>;
  /** Hands out creation times, each greater than every one before. */
  nextCreationTime: () => number;
}

/**
 * The database as one function sees it: a snapshot, its own writes on top, and
 * Convex's rules for ids, schemas and limits. `component` is a component's path,
 * `""` for the app.
 */
export class Transaction {
  /** The commit that the snapshot shows, in nanoseconds. */
  readonly ts: bigint;
  readonly readOnly: boolean;
  readonly metrics: TransactionMetrics;
  readonly meta: Meta;
  /** Writes to the tables that functions only read; neither checked nor counted. */
  readonly system: SystemTables;
  readonly #start: TransactionStart;
  readonly #view: PendingView;
  readonly #reads = new ReadSet();
  readonly #tables: Tables;
  #isReleased = false;

  constructor(start: TransactionStart) {
    this.#start = start;
    this.ts = start.ts;
    this.readOnly = start.readOnly;
    this.metrics = new TransactionMetrics(start.limits);
    this.#view = new PendingView(start.snapshot);
    this.#tables = new Tables(start.catalog, this.#view);
    this.meta = new Meta(this.#view, () => this.#assertWritable());
    this.system = new SystemTables(this.#view, {
      table: (component, name) => {
        this.#assertWritable();
        return this.#tables.ensure(component, name);
      },
      tableOfId: (component, id) => {
        this.#assertWritable();
        return this.#tables.resolve("db.system", component, id);
      },
      nextCreationTime: start.nextCreationTime,
    });
  }

  /** The intervals read so far. */
  get readSet(): Iterable<ReadInterval> {
    return this.#reads;
  }

  get(
    component: string,
    id: string,
    {
      table,
      isSystem = false,
    }: { table?: string | undefined; isSystem?: boolean } = {},
  ): StoredDocument | null {
    this.#assertOpen();
    const operation = isSystem ? "db.system.get" : "db.get";
    const { tableNumber, raw } = decodeArgument(operation, id);
    const name = this.#tables.nameOf(component, tableNumber);
    if (name === undefined) {
      this.#readTables(component);
      return null;
    }
    checkTable(operation, name, table);
    checkIsSystem(name, isSystem);
    const found = this.#tables.find(component, name);
    if (found === undefined) {
      this.#readTables(component);
      return null;
    }
    return this.#read(found, raw);
  }

  /** Returns the new document's id. */
  insert(component: string, table: string, fields: Fields): string {
    this.#assertWritable();
    checkIsSystem(table, false);
    checkFields("db.insert", fields);
    const target = this.#tables.ensure(component, table);
    checkNoSystemFields(fields);
    this.#tables.checkSchema(target, fields);
    const creationTime = this.#start.nextCreationTime();
    const inserted = insertDocument(
      this.#view,
      target,
      newRawId(creationTime),
      creationTime,
      fields,
    );
    this.metrics.countWrite(inserted.size);
    return inserted.id;
  }

  /** Changes fields; `{$undefined: null}` removes one. */
  patch(component: string, id: string, changes: Fields, table?: string): void {
    this.#update("db.patch", component, id, table, changes, (current) => {
      const fields = { ...current };
      for (const [name, value] of Object.entries(changes)) {
        if (isUndefined(value)) {
          delete fields[name];
        } else {
          fields[name] = value;
        }
      }
      return fields;
    });
  }

  replace(component: string, id: string, fields: Fields, table?: string): void {
    this.#update("db.replace", component, id, table, fields, (current) => ({
      _creationTime: current["_creationTime"] as JSONValue,
      _id: id,
      ...fields,
    }));
  }

  remove(component: string, id: string, table?: string): void {
    this.#assertWritable();
    const { target, raw } = this.#resolveForWrite(
      "db.delete",
      component,
      id,
      table,
    );
    const document = this.#read(target, raw);
    if (document === null) {
      throw nonexistent("Delete", id);
    }
    this.metrics.countWrite(0);
    removeDocument(this.#view, target, raw, document);
  }

  /** A mistake in the query is found now; it shows what is there when its first row is asked for. */
  openQuery(component: string, query: QueryJson): QueryStream {
    this.#assertOpen();
    assertQueryJson(query);
    const { catalog } = this.#tables;
    const source = resolveSource(catalog, component, query.source);
    let stream: QueryStream | undefined;
    return {
      next: () => {
        this.#assertOpen();
        stream ??=
          this.#tables.catalog === catalog
            ? this.#startQuery(component, query, source)
            : this.openQuery(component, query);
        return stream.next();
      },
      close: () => stream?.close(),
    };
  }

  queryPage(component: string, request: QueryPageRequest): QueryPageResult {
    this.#assertOpen();
    assertQueryJson(request.query);
    const source = resolveSource(
      this.#tables.catalog,
      component,
      request.query.source,
    );
    if (source === null) {
      this.#readTables(component);
    }
    return readPage(this.#view.frozen(), source, this.#context(), request);
  }

  count(component: string, table: string): number {
    this.#assertOpen();
    const found = this.#tables.find(component, table);
    if (found === undefined) {
      this.#readTables(component);
      return 0;
    }
    const lower = rowCountKey(found.id);
    this.#reads.add({
      component,
      table,
      index: "",
      lower,
      upper: justAfter(lower),
    });
    return rowCount(this.#view, found);
  }

  /** As `meta.get`, for a query that is to run again when the value changes. */
  readMeta(name: string): string | undefined {
    this.#assertOpen();
    const lower = metaKey(name);
    const upper = justAfter(lower);
    this.#reads.add({ component: "", table: "", index: "", lower, upper });
    return this.meta.get(name);
  }

  /** The paths of all components that have tables, mounted or not. */
  componentPaths(): string[] {
    this.#assertOpen();
    return [...this.#tables.catalog.components.keys()];
  }

  /** Reads nothing, but counts as having read a whole table. */
  watchTable(component: string, table: string): void {
    this.#assertOpen();
    const found = this.#tables.find(component, table);
    if (found === undefined) {
      this.#readTables(component);
      return;
    }
    const { head: lower, byId } = found;
    const upper = prefixEnd(lower);
    this.#reads.add({ component, table, index: byId.name, lower, upper });
  }

  /** The names of a component's own tables. */
  tableNames(component: string): string[] {
    this.#assertOpen();
    this.#readTables(component);
    const { tables } = componentOf(this.#tables.catalog, component);
    return [...tables.values()]
      .filter(({ isSystem }) => !isSystem)
      .map(({ name }) => name);
  }

  /** The id if it belongs to the table, else null. */
  normalizeId(component: string, table: string, id: string): string | null {
    const owns = this.#tables.owns(component, table, id);
    if (!owns) {
      this.#readTables(component);
    }
    return owns ? id : null;
  }

  /** @internal What the catalog says of a component. */
  component(path: string): Component {
    this.#assertOpen();
    return componentOf(this.#tables.catalog, path);
  }

  /** @internal What the catalog says of a table. */
  table(component: string, name: string): Table | undefined {
    this.#assertOpen();
    return this.#tables.find(component, name);
  }

  /** The name of a table by the number in its ids. */
  tableName(component: string, tableNumber: number): string | undefined {
    return this.#tables.nameOf(component, tableNumber);
  }

  /**
   * A nested call. Its writes, catalog changes and meta roll back; its reads stay.
   * Layers end in the reverse order of their beginning.
   */
  layer(limits?: Partial<TransactionLimits>): TransactionLayer {
    this.#assertOpen();
    const usage = this.metrics.enter(limits);
    const pending = this.#view.mark();
    const catalog = this.#tables.catalog;
    return new TransactionLayer((outcome) => {
      this.metrics.leave(usage, outcome);
      if (outcome === "rollback") {
        this.#view.reset(pending);
        this.#tables.catalog = catalog;
      }
    });
  }

  /** The snapshot this transaction began with, without its writes: read-only, counted apart. */
  snapshotView(): Transaction {
    this.#assertOpen();
    const held = this.#start.snapshot;
    return new Transaction({
      ...this.#start,
      readOnly: true,
      snapshot: {
        get: (key) => held.get(key),
        range: (range) => held.range(range),
        release: () => undefined,
      },
    });
  }

  release(): void {
    if (!this.#isReleased) {
      this.#isReleased = true;
      this.#start.snapshot.release();
    }
  }

  /** What a function returned, with the commit's time where it returned `db.vars.commitTs`. */
  resolveResult(json: string): string {
    return withCommitTs(json, this.#start.commitTs);
  }

  /** @internal Ends the transaction: what to commit, and the catalog it leads to. */
  finish(): { writes: WriteOp[]; catalog: Catalog; ts: bigint } {
    const { catalog } = this.#tables;
    const { commitTs: ts } = this.#start;
    resolveCommitTs(this.#view, catalog, ts);
    return { writes: this.#view.writes(), catalog, ts };
  }

  /** @internal For imports, whose documents may come without theirs. */
  nextCreationTime(): number {
    return this.#start.nextCreationTime();
  }

  /** @internal For schema changes, which work on keys. */
  changeCatalog<T>(
    change: (
      catalog: Catalog,
      view: PendingView,
    ) => { catalog: Catalog; result: T },
  ): T {
    this.#assertWritable();
    const { catalog, result } = change(this.#tables.catalog, this.#view);
    this.#tables.catalog = catalog;
    return result;
  }

  #startQuery(
    component: string,
    query: QueryJson,
    source: ResolvedSource | null,
  ): QueryStream {
    if (source === null) {
      this.#readTables(component);
      return { next: () => null, close: () => undefined };
    }
    const scan = openScan(this.#view.frozen(), source, this.#context(), {});
    const rows = applyOperators(scan, query.operators);
    return { next: () => rows.next(), close: () => scan.close() };
  }

  #update(
    operation: "db.patch" | "db.replace",
    component: string,
    id: string,
    table: string | undefined,
    input: Fields,
    next: (current: Fields) => Fields,
  ): void {
    this.#assertWritable();
    checkFields(operation, input);
    const { target, raw } = this.#resolveForWrite(
      operation,
      component,
      id,
      table,
    );
    const before = this.#read(target, raw);
    if (before === null) {
      throw nonexistent(operation === "db.patch" ? "Update" : "Replace", id);
    }
    const document = next(before.value);
    const { _id, _creationTime, ...fields } = document;
    checkKeptSystemFields(before.value, _id, _creationTime);
    checkNoSystemFields(fields);
    this.#tables.checkSchema(target, fields);
    this.metrics.countWrite(
      updateDocument(this.#view, target, raw, before, document),
    );
  }

  /** That a table is not there is read too: it holds until the component's tables change. */
  #readTables(component: string): void {
    const lower = componentKey(component);
    this.#reads.add({
      component,
      table: "",
      index: "",
      lower,
      upper: justAfter(lower),
    });
  }

  /** A read by id: one interval, and one document if there is one. */
  #read(table: Table, raw: Key): Document | null {
    const lower = table.head + raw;
    this.#reads.add({
      component: table.component,
      table: table.name,
      index: table.byId.name,
      lower,
      upper: justAfter(lower),
    });
    this.metrics.setIntervals(this.#reads.count);
    const document = readDocument(this.#view, table, raw);
    if (document !== null && !table.isSystem) {
      this.metrics.countRead(document.size);
    }
    return document;
  }

  #resolveForWrite(
    operation: string,
    component: string,
    id: string,
    table: string | undefined,
  ): { target: Table; raw: Key } {
    const resolved = this.#tables.resolve(operation, component, id);
    checkTable(operation, resolved.target.name, table);
    checkIsSystem(resolved.target.name, false);
    return resolved;
  }

  #context() {
    return { metrics: this.metrics, reads: this.#reads };
  }

  #assertOpen(): void {
    if (this.#isReleased) {
      throw new EmbeddedError(
        "transactionClosed",
        "The transaction has ended; nothing can be read or written in it any more.",
      );
    }
  }

  #assertWritable(): void {
    this.#assertOpen();
    if (this.readOnly) {
      throw new EmbeddedError(
        "readOnlyTransaction",
        "A query cannot write to the database.",
      );
    }
  }
}
