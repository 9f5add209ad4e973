import { EmbeddedError } from "../../errors.js";
import type {
  Entry,
  Key,
  KeyRange,
  Snapshot,
  WriteOp,
} from "../../storage/store.js";
import {
  componentOf,
  type Catalog,
  type Component,
  type Table,
} from "../records/catalog.js";
import { resolveCommitTs } from "./commitTs.js";
import { DocumentReads } from "./documentReads.js";
import type { Fields } from "../records/documents.js";
import { DocumentWrites } from "./documentWrites.js";
import { EngineReads, type MutationReads } from "./engineReads.js";
import { TransactionLayer } from "./layer.js";
import { COUNTERS_KEY } from "../records/keyspace.js";
import { Meta } from "../records/meta.js";
import { TransactionMetrics, type TransactionLimits } from "../metrics.js";
import { SystemTables } from "./systemTables.js";
import { Tables } from "./tables.js";
import { atOnce, type Steps } from "../steps.js";
import type {
  QueryJson,
  QueryPageRequest,
  QueryPageResult,
  QueryStream,
  ReadInterval,
  StoredDocument,
} from "../types.js";
import { PendingView } from "../records/view.js";

/** Start values of a transaction. */
export interface TransactionStart {
  snapshot: Snapshot;
  catalog: Catalog;
  ts: bigint;
  readOnly: boolean;
  /** Whether others may commit before it does, so that all it reads has to be known. */
  isOptimistic: boolean;
  limits: Partial<TransactionLimits>;
  /** Gives out creation times, each greater than every one before. */
  nextCreationTime: () => number;
}

/**
 * The database as one function sees it: a snapshot, its own writes on top, and
 * Convex's rules for ids, schemas and limits. `component` is a component's path,
 * `""` for the app.
 */
export class Transaction {
  /** Timestamp of the commit that the snapshot shows, in nanoseconds. */
  readonly ts: bigint;
  readonly readOnly: boolean;
  readonly metrics: TransactionMetrics;
  readonly meta: Meta;
  /** Rows of the tables that functions only read; neither checked nor counted. */
  readonly system: SystemTables;
  readonly #start: TransactionStart;
  readonly #view: PendingView;
  readonly #tables: Tables;
  readonly #reads: DocumentReads;
  readonly #writes: DocumentWrites;
  readonly #onEnd: (() => void)[] = [];
  readonly #engineReads: EngineReads | null;
  #isReleased = false;

  constructor(start: TransactionStart) {
    this.#start = start;
    this.ts = start.ts;
    this.readOnly = start.readOnly;
    this.metrics = new TransactionMetrics(start.limits);
    this.#view = new PendingView(start.snapshot);
    const engineReads = start.isOptimistic ? new EngineReads() : null;
    this.#engineReads = engineReads;
    this.#tables = new Tables(start.catalog, this.#view, engineReads);
    this.#reads = new DocumentReads(this.#view, this.#tables, this.metrics);
    this.#writes = new DocumentWrites({
      view: this.#view,
      tables: this.#tables,
      reads: this.#reads,
      metrics: this.metrics,
      nextCreationTime: start.nextCreationTime,
    });
    this.meta = new Meta(this.#view, engineReads, () => this.#assertWritable());
    this.system = new SystemTables(this.#view, {
      table: (component, name) => {
        this.#assertWritable();
        return this.#tables.ensure(component, name);
      },
      find: (component, name) => {
        this.#assertOpen();
        return this.#tables.find(component, name);
      },
      tableOfId: (component, id) => {
        this.#assertWritable();
        return this.#tables.resolve("db.system", component, id);
      },
      reads: this.#reads,
      noteRead: (key) => engineReads?.keys.add(key),
      nextCreationTime: start.nextCreationTime,
    });
  }

  /** Intervals read so far. */
  get readSet(): Iterable<ReadInterval> {
    return this.#reads.intervals;
  }

  get(
    component: string,
    id: string,
    options: { table?: string | undefined; isSystem?: boolean } = {},
  ): StoredDocument | null {
    this.#assertOpen();
    return this.#reads.get(component, id, options);
  }

  /** Adds a document and returns its id. */
  insert(component: string, table: string, fields: Fields): string {
    this.#assertWritable();
    return this.#writes.insert(component, table, fields);
  }

  /** Changes fields; `{$undefined: null}` removes one. */
  patch(component: string, id: string, changes: Fields, table?: string): void {
    this.#assertWritable();
    this.#writes.patch(component, id, changes, table);
  }

  replace(component: string, id: string, fields: Fields, table?: string): void {
    this.#assertWritable();
    this.#writes.replace(component, id, fields, table);
  }

  remove(component: string, id: string, table?: string): void {
    this.#assertWritable();
    this.#writes.remove(component, id, table);
  }

  /**
   * Opens a query. A mistake in it is found now; its rows are those at the time of the first read.
   */
  openQuery(component: string, query: QueryJson): QueryStream {
    this.#assertOpen();
    return this.#reads.openQuery(component, query, () => this.#assertOpen());
  }

  queryPage(component: string, request: QueryPageRequest): QueryPageResult {
    return atOnce(this.queryPageInSteps(component, request));
  }

  /** Reads a page, of a search in pieces. */
  *queryPageInSteps(
    component: string,
    request: QueryPageRequest,
  ): Steps<QueryPageResult> {
    this.#assertOpen();
    return yield* this.#reads.queryPage(component, request);
  }

  count(component: string, table: string): number {
    this.#assertOpen();
    return this.#reads.count(component, table);
  }

  /** Reads a value as `meta.get` does, for a query that is to run again when the value changes. */
  readMeta(name: string): string | undefined {
    this.#assertOpen();
    return this.#reads.meta(this.meta, name);
  }

  /** Counts as a read of all meta entries whose name begins so, at least four characters. */
  watchMeta(prefix: string): void {
    this.#assertOpen();
    this.#reads.watchMeta(prefix);
  }

  /** Paths of all components that have tables, mounted or not. */
  componentPaths(): string[] {
    this.#assertOpen();
    return [...this.#tables.catalog.components.keys()];
  }

  /** Reads nothing, but counts as a read of the whole table. */
  watchTable(component: string, table: string): void {
    this.#assertOpen();
    this.#reads.watchTable(component, table);
  }

  /** Names of a component's own tables. */
  tableNames(component: string): string[] {
    this.#assertOpen();
    return this.#reads.tableNames(component);
  }

  /** The id if it belongs to the table, else null. */
  normalizeId(component: string, table: string, id: string): string | null {
    return this.#reads.normalizeId(component, table, id);
  }

  /** @internal The component's entry in the catalog. */
  component(path: string): Component {
    this.#assertOpen();
    return componentOf(this.#tables.catalog, path);
  }

  /** @internal The table's entry in the catalog. */
  table(component: string, name: string): Table | undefined {
    this.#assertOpen();
    return this.#tables.find(component, name);
  }

  /** Name of a table by the number in its ids. */
  tableName(component: string, tableNumber: number): string | undefined {
    return this.#tables.nameOf(component, tableNumber);
  }

  /**
   * Begins a nested call. Its writes, catalog changes and meta roll back; its reads stay. Layers
   * end in the reverse order of their beginning.
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
      isOptimistic: false,
      snapshot: {
        get: (key) => held.get(key),
        range: (range) => held.range(range),
        release: () => undefined,
      },
    });
  }

  /** Calls `tell`, which must not throw, once the transaction was committed or given up. */
  onEnd(tell: () => void): void {
    this.#assertOpen();
    this.#onEnd.push(tell);
  }

  release(): void {
    if (!this.#isReleased) {
      this.#isReleased = true;
      this.#start.snapshot.release();
      for (const tell of this.#onEnd) tell();
    }
  }

  /** @internal What was read, for a commit to compare with what others committed. */
  get mutationReads(): MutationReads {
    const engine = this.#engineReads ?? new EngineReads();
    if (this.#hasOtherCatalog) engine.keys.add(COUNTERS_KEY);
    return { documents: this.#reads.intervals, engine };
  }

  /**
   * @internal Ends the transaction.
   * @returns the writes to commit at `ts`, and the catalog, which they may change
   */
  finish(ts: bigint): {
    writes: WriteOp[];
    catalog: Catalog;
    changesCatalog: boolean;
  } {
    const { catalog } = this.#tables;
    const writes = resolveCommitTs(this.#view, catalog, ts);
    return { writes, catalog, changesCatalog: this.#hasOtherCatalog };
  }

  /** @internal A value of the snapshot, without the transaction's own writes. */
  before(key: Key): string | undefined {
    return this.#start.snapshot.get(key);
  }

  /** @internal Entries of the snapshot as they are stored, which do not count as read. */
  stored(range: KeyRange): Iterable<Entry> {
    this.#assertOpen();
    return this.#start.snapshot.range(range);
  }

  /** @internal A creation time for an import, whose documents may come without theirs. */
  nextCreationTime(): number {
    return this.#start.nextCreationTime();
  }

  /** @internal Changes the catalog, for schema changes, which work on keys. */
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

  get #hasOtherCatalog(): boolean {
    return this.#tables.catalog !== this.#start.catalog;
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
