import { prefixEnd, type Key } from "../../storage/store.js";
import {
  checkIsSystem,
  checkTable,
  decodeArgument,
} from "../records/checks.js";
import { componentOf, type Table } from "../records/catalog.js";
import {
  readDocument,
  rowCount,
  shown,
  type Document,
} from "../records/documents.js";
import { compileRange } from "../queries/indexRange.js";
import { justAfter } from "../queries/indexScan.js";
import { componentKey, metaKey, rowCountKey } from "../records/keyspace.js";
import type { Meta } from "../records/meta.js";
import type { TransactionMetrics } from "../metrics.js";
import { readPage } from "../queries/pagination.js";
import {
  applyOperators,
  assertQueryJson,
  openScan,
  resolveSource,
  rowsAsked,
  type ResolvedSource,
} from "../queries/query.js";
import { ReadSet } from "../queries/readSet.js";
import type { Steps } from "../steps.js";
import type { Tables } from "./tables.js";
import type {
  QueryJson,
  QueryPageRequest,
  QueryPageResult,
  QueryStream,
  StoredDocument,
} from "../types.js";
import type { PendingView } from "../records/view.js";

/** Reads of a transaction: each leaves the interval of keys that its answer depends on. */
export class DocumentReads {
  readonly intervals = new ReadSet();
  readonly #view: PendingView;
  readonly #tables: Tables;
  readonly #metrics: TransactionMetrics;

  constructor(view: PendingView, tables: Tables, metrics: TransactionMetrics) {
    this.#view = view;
    this.#tables = tables;
    this.#metrics = metrics;
  }

  get(
    component: string,
    id: string,
    {
      table,
      isSystem = false,
    }: { table?: string | undefined; isSystem?: boolean },
  ): StoredDocument | null {
    const operation = isSystem ? "db.system.get" : "db.get";
    const { tableNumber, raw } = decodeArgument(operation, id);
    const name = this.#tables.nameOf(component, tableNumber);
    if (name === undefined) {
      this.tablesOf(component);
      return null;
    }
    checkTable(operation, name, table);
    checkIsSystem(name, isSystem);
    const found = this.#tables.find(component, name);
    if (found === undefined) {
      this.tablesOf(component);
      return null;
    }
    const document = this.document(found, raw);
    return document === null ? null : shown(found, document);
  }

  /** Finds the id of a system table's row by the value of a hidden field. */
  findHidden(table: Table, field: string, value: string): string | null {
    const index = table.indexes.find(({ name }) => name === field)!;
    const interval = compileRange(table, index, [
      { type: "Eq", fieldPath: field, value },
    ]);
    const source = { table, index, interval, reverse: false };
    const scan = openScan(this.#view.frozen(), source, this.#context(), {});
    const row = scan.next();
    scan.close();
    return row === null ? null : (row.value["_id"] as string);
  }

  /** Reads by id: one interval, and one document if there is one. */
  document(table: Table, raw: Key): Document | null {
    const lower = table.head + raw;
    this.intervals.add({
      component: table.component,
      table: table.name,
      index: table.byId.name,
      lower,
      upper: justAfter(lower),
    });
    this.#metrics.setIntervals(this.intervals.count);
    const document = readDocument(this.#view, table, raw);
    if (document !== null && !table.isSystem) {
      this.#metrics.countRead(document.size);
    }
    return document;
  }

  /**
   * Opens a query.
   * @param assertOpen - throws once the transaction has ended, which a stream may outlive
   */
  openQuery(
    component: string,
    query: QueryJson,
    assertOpen: () => void,
  ): QueryStream {
    assertQueryJson(query);
    const { catalog } = this.#tables;
    const source = resolveSource(catalog, component, query.source);
    let stream: QueryStream | undefined;
    const started = () => {
      assertOpen();
      stream ??=
        this.#tables.catalog === catalog
          ? this.#startQuery(component, query, source)
          : this.openQuery(component, query, assertOpen);
      return stream;
    };
    return {
      next: () => started().next(),
      ...(source !== null && "search" in source
        ? { find: () => started().find?.() }
        : {}),
      close: () => stream?.close(),
    };
  }

  *queryPage(
    component: string,
    request: QueryPageRequest,
  ): Steps<QueryPageResult> {
    assertQueryJson(request.query);
    const { catalog } = this.#tables;
    const source = resolveSource(catalog, component, request.query.source);
    if (source === null) {
      this.tablesOf(component);
    }
    const view = this.#view.frozen();
    try {
      return yield* readPage(view, source, this.#context(), request);
    } finally {
      view.release();
    }
  }

  count(component: string, table: string): number {
    const found = this.#tables.find(component, table);
    if (found === undefined) {
      this.tablesOf(component);
      return 0;
    }
    this.#one(component, table, rowCountKey(found.id));
    return rowCount(this.#view, found);
  }

  meta(meta: Meta, name: string): string | undefined {
    this.#one("", "", metaKey(name));
    return meta.get(name);
  }

  /** Reads nothing, but counts as a read of all entries whose name begins so. */
  watchMeta(prefix: string): void {
    const lower = metaKey(prefix);
    const upper = prefixEnd(lower);
    this.intervals.add({ component: "", table: "", index: "", lower, upper });
  }

  /** Reads nothing, but counts as a read of the whole table. */
  watchTable(component: string, table: string): void {
    const found = this.#tables.find(component, table);
    if (found === undefined) {
      this.tablesOf(component);
      return;
    }
    const { head: lower, byId } = found;
    const upper = prefixEnd(lower);
    this.intervals.add({ component, table, index: byId.name, lower, upper });
  }

  /** The names of a component's own tables. */
  tableNames(component: string): string[] {
    this.tablesOf(component);
    const { tables } = componentOf(this.#tables.catalog, component);
    return [...tables.values()]
      .filter(({ isSystem }) => !isSystem)
      .map(({ name }) => name);
  }

  /** The id if it belongs to the table, else null. */
  normalizeId(component: string, table: string, id: string): string | null {
    const owns = this.#tables.owns(component, table, id);
    if (!owns) {
      this.tablesOf(component);
    }
    return owns ? id : null;
  }

  /** Reads which tables a component has, so that the absence of one counts as read too. */
  tablesOf(component: string): void {
    this.#one(component, "", componentKey(component));
  }

  #one(component: string, table: string, lower: Key): void {
    const upper = justAfter(lower);
    this.intervals.add({ component, table, index: "", lower, upper });
  }

  #startQuery(
    component: string,
    query: QueryJson,
    source: ResolvedSource | null,
  ): QueryStream {
    if (source === null) {
      this.tablesOf(component);
      return { next: () => null, close: () => undefined };
    }
    const view = this.#view.frozen();
    const scan = openScan(view, source, this.#context(), {
      rows: rowsAsked(query.operators),
    });
    const rows = applyOperators(scan, query.operators);
    return {
      next: () => rows.next(),
      ...(scan.find === undefined ? {} : { find: () => scan.find!() }),
      close: () => {
        scan.close();
        view.release();
      },
    };
  }

  #context(): { metrics: TransactionMetrics; reads: ReadSet } {
    return { metrics: this.#metrics, reads: this.intervals };
  }
}
