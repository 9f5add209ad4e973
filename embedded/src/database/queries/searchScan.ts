import { prefixEnd, type Key } from "../../storage/store.js";
import { EmbeddedError } from "../../errors.js";
import type { Table } from "../records/catalog.js";
import { Document, rowCount } from "../records/documents.js";
import type { View } from "../records/view.js";
import type { CompiledSearch } from "../search/compile.js";
import type { Found } from "../search/best.js";
import { filterHead, termHead } from "../search/rows.js";
import type { SearchIndex } from "../search/searchIndex.js";
import { topDocuments } from "../search/topDocuments.js";
import { RAW_ID_BYTES } from "../values/ids.js";
import { encodeFloat64 } from "../values/valueEncoding.js";
import { DEFAULT_LIMITS } from "../metrics.js";
import {
  justAfter,
  softLimit,
  type Position,
  type ReadContext,
} from "./indexScan.js";
import { atOnce, type Steps } from "../steps.js";

/** Documents that one search reads at most, as on Convex. */
const MAX_FOUND = 1_024;

/** What a search looks for, and where. */
export interface Searched {
  readonly table: Table;
  readonly index: SearchIndex;
  readonly search: CompiledSearch;
}

export interface SearchOptions {
  readonly start?: Position | null;
  readonly end?: Position | null;
  /** How many rows will be asked for at most. @default {@link MAX_FOUND} */
  readonly rows?: number | undefined;
}

/**
 * Reads the documents that a search finds, best first, as they are when the first is read. What it
 * depends on are the rows of its terms and the documents it reads: not how many other documents
 * there are and how long, which changes scores too, as on Convex.
 */
export class SearchScan {
  readonly #view: View;
  readonly #searched: Searched;
  readonly #context: ReadContext;
  readonly #options: SearchOptions;
  #found: Iterator<{ place: Key; position: Key }> | undefined;
  #finding: Steps<void> | undefined;
  #read = 0;
  #bytesRead = 0;
  #position: Position | null;

  constructor(
    view: View,
    searched: Searched,
    context: ReadContext,
    options: SearchOptions,
  ) {
    this.#view = view;
    this.#searched = searched;
    this.#context = context;
    this.#options = options;
    this.#position = options.start ?? null;
  }

  /** Searches, where that was not done yet. */
  *find(): Steps<void> {
    if (this.#found !== undefined) return;
    this.#finding ??= this.#search();
    yield* this.#finding;
  }

  next(): Document | null {
    const { end } = this.#options;
    if (this.#position === "end") return null;
    atOnce(this.find());
    if (this.#read === MAX_FOUND) {
      throw new EmbeddedError(
        "invalidQuery",
        `Search query scanned too many documents (fetched ${MAX_FOUND}). Consider using a smaller limit, paginating the query, or using a filter field to limit the number of documents pulled from the search index.`,
      );
    }
    const next = this.#found!.next();
    if (next.done === true) {
      this.#position = end ?? "end";
      return null;
    }
    const { place, position } = next.value;
    const document = this.#document(place.slice(-RAW_ID_BYTES));
    this.#read += 1;
    this.#bytesRead += document.size;
    this.#position = { after: position };
    return document;
  }

  close(): void {
    this.#finding?.return();
  }

  /** Position of the scan; null until something was read. */
  get position(): Position | null {
    return this.#position;
  }

  /** Splitting a search makes none of its parts cheaper. */
  get splitPosition(): null {
    return null;
  }

  get isApproachingLimit(): boolean {
    return (
      this.#read > softLimit(MAX_FOUND) ||
      this.#bytesRead > softLimit(DEFAULT_LIMITS.bytesRead)
    );
  }

  *#search(): Steps<void> {
    const { table, index, search } = this.#searched;
    const { start = null, end = null } = this.#options;
    this.#record();
    const all = yield* topDocuments(
      this.#view,
      index,
      search,
      rowCount(this.#view, table),
      this.#limit,
    );
    const within = all
      .map((found) => ({ place: found.place, position: positionOf(found) }))
      .filter(({ position }) => isBetween(position, start, end));
    this.#found = within[Symbol.iterator]();
  }

  /** Of pages after the first, those before them are found as well. */
  get #limit(): number {
    const { start = null, end = null, rows = MAX_FOUND } = this.#options;
    const isFirst = start === null && end === null;
    return isFirst && rows >= 1 && rows < MAX_FOUND
      ? Math.ceil(rows)
      : MAX_FOUND;
  }

  /** Notes the rows of the terms as read, whoever has them now. */
  #record(): void {
    const { table, index, search } = this.#searched;
    const { reads, metrics } = this.#context;
    const filters = search.filters.map(({ field, value }) =>
      filterHead(index, field, value),
    );
    for (const [i, term] of search.terms.entries()) {
      const lower = termHead(index, term, i === search.terms.length - 1);
      reads.add({
        component: table.component,
        table: table.name,
        index: index.name,
        lower,
        upper: prefixEnd(lower),
        filters,
      });
    }
    metrics.setIntervals(reads.count);
  }

  #document(rawId: Key): Document {
    const { table, index } = this.#searched;
    const { reads, metrics } = this.#context;
    const lower = table.head + rawId;
    reads.add({
      component: table.component,
      table: table.name,
      index: table.byId.name,
      lower,
      upper: justAfter(lower),
    });
    metrics.setIntervals(reads.count);
    const stored = this.#view.get(lower);
    if (stored === undefined) {
      throw new EmbeddedError(
        "internal",
        `Search index ${table.name}.${index.name} has rows without their document.`,
      );
    }
    const document = new Document(stored);
    metrics.countRead(document.size);
    return document;
  }
}

/** The position of a document in all orders of the same search: best first, of equals the newest. */
function positionOf({ score, place }: Found): Key {
  const newestFirst = Array.from(place, (byte) =>
    String.fromCharCode(0xff - byte.charCodeAt(0)),
  );
  return encodeFloat64(-score) + newestFirst.join("");
}

function isBetween(
  position: Key,
  start: Position | null,
  end: Position | null,
): boolean {
  const isAfterStart =
    start === null || (start !== "end" && position > start.after);
  const isBeforeEnd = end === null || end === "end" || position <= end.after;
  return isAfterStart && isBeforeEnd;
}
