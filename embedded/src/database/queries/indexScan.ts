import type { Key } from "../../storage/store.js";
import { EmbeddedError } from "../../errors.js";
import type { Index, Table } from "../records/catalog.js";
import { Document, shown } from "../records/documents.js";
import { RAW_ID_BYTES } from "../values/ids.js";
import { readIndex } from "../records/indexEntry.js";
import type { Interval } from "./indexRange.js";
import { DEFAULT_LIMITS, type TransactionMetrics } from "../metrics.js";
import type { ReadSet } from "./readSet.js";
import type { View } from "../records/view.js";

/** Position of a scan in an index: after a key (without the index's head), or at its end. */
export type Position = { after: Key } | "end";

/** The part of a transaction that counts a scan's reads. */
export interface ReadContext {
  readonly metrics: TransactionMetrics;
  readonly reads: ReadSet;
}

export interface ScanOptions {
  reverse: boolean;
  start?: Position | null;
  /** Inclusive end; with it, the row and byte limits do not apply. */
  end?: Position | null;
  maximumRowsRead?: number | null;
  maximumBytesRead?: number | null;
}

/** Reads the documents of an index interval one at a time, counting what it reads. */
export class IndexScan {
  readonly #table: Table;
  readonly #index: Index;
  readonly #context: ReadContext;
  readonly #options: ScanOptions;
  readonly #range: Interval;
  readonly #rows: Iterator<Row>;
  readonly #positions: Key[] = [];
  #bytesRead = 0;
  #position: Position | null;

  constructor(
    view: View,
    table: Table,
    index: Index,
    interval: Interval,
    context: ReadContext,
    options: ScanOptions,
  ) {
    this.#table = table;
    this.#index = index;
    this.#context = context;
    this.#options = options;
    this.#position = options.start ?? null;
    this.#range = between(index, interval, options);
    this.#rows = readRows(view, table, index, {
      ...this.#range,
      reverse: options.reverse,
    })[Symbol.iterator]();
  }

  next(): Document | null {
    if (this.#position === "end") {
      return null;
    }
    this.#checkPageLimits();
    const row = this.#rows.next();
    if (row.done === true) {
      this.#record(this.#range);
      this.#position = this.#options.end ?? "end";
      return null;
    }
    const { key, document } = row.value;
    const size = document.size;
    if (!this.#table.isSystem) {
      this.#context.metrics.countRead(size);
    }
    this.#bytesRead += size;
    const position = key.slice(this.#index.head.length);
    this.#positions.push(position);
    this.#position = { after: position };
    this.#record(
      this.#options.reverse
        ? { lower: key, upper: this.#range.upper }
        : { lower: this.#range.lower, upper: justAfter(key) },
    );
    return shown(this.#table, document);
  }

  close(): void {
    this.#rows.return?.();
  }

  /** Position of the scan; null until something was read. */
  get position(): Position | null {
    return this.#position;
  }

  /** The middle of the rows that were read; null for too few to split. */
  get splitPosition(): Position | null {
    const middle = this.#positions[this.#positions.length >>> 1];
    return this.#positions.length > 2 && middle !== undefined
      ? { after: middle }
      : null;
  }

  get isApproachingLimit(): boolean {
    const { maximumRowsRead, maximumBytesRead } = this.#options;
    const rows = Math.min(
      maximumRowsRead ?? DEFAULT_LIMITS.documentsRead,
      DEFAULT_LIMITS.documentsRead,
    );
    const bytes = Math.min(
      maximumBytesRead ?? DEFAULT_LIMITS.bytesRead,
      DEFAULT_LIMITS.bytesRead,
    );
    return (
      this.#positions.length > softLimit(rows) ||
      this.#bytesRead > softLimit(bytes)
    );
  }

  /** Checks the limits after a row, so that every page reads at least one and makes progress. */
  #checkPageLimits(): void {
    const { end, maximumRowsRead, maximumBytesRead } = this.#options;
    if (end !== undefined && end !== null) {
      return;
    }
    const rows = this.#positions.length;
    if (typeof maximumRowsRead === "number" && rows >= maximumRowsRead) {
      throw new EmbeddedError(
        "limitExceeded",
        `Query scanned too many documents (fetched ${rows}).`,
      );
    }
    if (
      typeof maximumBytesRead === "number" &&
      this.#bytesRead >= maximumBytesRead
    ) {
      throw new EmbeddedError(
        "limitExceeded",
        `Query scanned too much data (fetched ${this.#bytesRead} bytes).`,
      );
    }
  }

  #record({ lower, upper }: Interval): void {
    const { reads, metrics } = this.#context;
    const { component, name } = this.#table;
    const index = this.#index.name;
    reads.add({ component, table: name, index, lower, upper });
    metrics.setIntervals(reads.count);
  }
}

/** Three quarters of a limit, beyond which Convex recommends to split a page. */
export function softLimit(limit: number): number {
  return Math.floor((limit * 3) / 4);
}

interface Row {
  key: Key;
  document: Document;
}

function* readRows(
  view: View,
  table: Table,
  index: Index,
  range: Interval & { reverse: boolean },
): Iterable<Row> {
  if (index.id === null) {
    for (const { key, value } of view.range(range)) {
      yield { key, document: new Document(value) };
    }
    return;
  }
  for (const key of readIndex(view, range)) {
    const stored = view.get(table.head + key.slice(-RAW_ID_BYTES));
    if (stored === undefined) {
      throw new EmbeddedError(
        "internal",
        `Index ${table.name}.${index.name} has an entry without its document.`,
      );
    }
    yield { key, document: new Document(stored) };
  }
}

/** The part of the interval between the cursors. */
function between(
  { head }: Index,
  interval: Interval,
  { reverse, start, end }: ScanOptions,
): Interval {
  let { lower, upper } = interval;
  const [below, above] = reverse ? [end, start] : [start, end];
  if (reverse) {
    if (start === "end") {
      upper = lower;
    }
    if (isAfter(above)) {
      upper = min(upper, head + above.after);
    }
    if (isAfter(below)) {
      lower = max(lower, head + below.after);
    }
  } else {
    if (start === "end") {
      lower = upper;
    }
    if (isAfter(below)) {
      lower = max(lower, justAfter(head + below.after));
    }
    if (isAfter(above)) {
      upper = min(upper, justAfter(head + above.after));
    }
  }
  return lower < upper ? { lower, upper } : { lower, upper: lower };
}

function isAfter(
  position: Position | null | undefined,
): position is { after: Key } {
  return typeof position === "object" && position !== null;
}

/** The least key above another. */
export function justAfter(key: Key): Key {
  return `${key}\x00`;
}

function min(a: Key, b: Key): Key {
  return a < b ? a : b;
}

function max(a: Key, b: Key): Key {
  return a > b ? a : b;
}
