import type { JSONValue } from "convex/values";
import type { Key, WriteOp } from "../storage/store.js";
import type { Steps } from "./steps.js";

/** A bound of `1.0/queryStream`'s `IndexRange` source. */
export interface RangeExpression {
  type: "Eq" | "Gt" | "Gte" | "Lt" | "Lte";
  fieldPath: string;
  value: JSONValue;
}

/** Source of a query's rows, as the client library serialises it. */
export type QuerySource =
  | { type: "FullTableScan"; tableName: string; order: "asc" | "desc" | null }
  | {
      type: "IndexRange";
      indexName: string;
      range: readonly RangeExpression[];
      order: "asc" | "desc" | null;
    }
  | { type: "Search"; indexName: string; filters: JSONValue };

/** Operator of a query. Operators apply in the order they were chained. */
export type QueryOperator = { filter: JSONValue } | { limit: number };

/** A query as `1.0/queryStream` and `1.0/queryPage` carry it. */
export interface QueryJson {
  source: QuerySource;
  operators: readonly QueryOperator[];
}

/** A stored document: its Convex-JSON text, and its fields decoded on first use. */
export interface StoredDocument {
  readonly json: string;
  readonly value: Record<string, JSONValue>;
}

/** An open query, whose rows are read one by one. */
export interface QueryStream {
  next(): StoredDocument | null;
  /**
   * Of a search, the work before the first row, in pieces; `next` does what is left of it. Absent
   * where there is none.
   */
  find?(): Steps<void> | undefined;
  close(): void;
}

/** Arguments of `1.0/queryPage`. */
export interface QueryPageRequest {
  query: QueryJson;
  cursor: string | null;
  endCursor?: string | null;
  pageSize: number;
  maximumRowsRead?: number | null;
  maximumBytesRead?: number | null;
}

/** Result of `1.0/queryPage`; `page` holds documents, whose `json` goes over the wire. */
export interface QueryPageResult {
  page: StoredDocument[];
  isDone: boolean;
  continueCursor: string;
  splitCursor: string | null;
  pageStatus: "SplitRecommended" | "SplitRequired" | null;
}

/** An interval of one index's keys that a transaction read: `lower` inclusive, `upper` exclusive. */
export interface ReadInterval {
  component: string;
  table: string;
  index: string;
  lower: Key;
  upper: Key;
  /**
   * Of a search, the beginnings of the rows of its filters' values: documents that have none of
   * them are nothing to it. A live query may run again for them all the same.
   */
  filters?: readonly Key[];
}

/** Changes of a commit. */
export interface CommitWrites {
  readonly documents: readonly {
    component: string;
    table: string;
    id: string;
  }[];
  readonly metaKeys: readonly string[];
  /** Length of its keys and values. */
  readonly characters: number;
  /** Whether an entry was put whose meta key begins with `prefix`. */
  hasMeta(prefix: string): boolean;
  /** The writes of keys that begin with `head`. */
  under(head: Key): readonly WriteOp[];
  /**
   * Intervals in which readers meet the commit: its writes, and the place of every document it put
   * in every index, moved there or not. Only under heads that `isWatched` accepts.
   */
  touched(isWatched: (head: Key) => boolean): Iterable<KeyInterval>;
}

/** Keys from `lower` (inclusive) to `upper` (exclusive). */
export interface KeyInterval {
  readonly lower: Key;
  readonly upper: Key;
}

export interface Commit {
  ts: bigint;
  /** The function that made it; what of the engine, where it was none. */
  readonly writer: string;
  /** Computed when first asked for. */
  readonly writes: CommitWrites;
}
