import type { Key, WriteOp } from "../../storage/store.js";
import type { IntervalsRead } from "../queries/readSet.js";
import { filterKeys, placeBytes } from "../search/rows.js";
import type { KeyInterval } from "../types.js";
import { RAW_ID_BYTES } from "../values/ids.js";
import type { Catalog, Table } from "../records/catalog.js";
import { movedByFilters } from "../records/contentRows.js";
import { Document } from "../records/documents.js";
import { indexKey, storedRange, wholeKeys } from "../records/indexEntry.js";
import { COMPONENTS, HEAD_BYTES, readGroup } from "../records/keyspace.js";
import { tablesByHead } from "../transactions/commitWrites.js";
import {
  charactersOf,
  firstFrom,
  type WrittenGroup,
} from "../transactions/orderedWrites.js";

/** A commit as later ones are compared with it. */
export interface CommitRecord {
  readonly ts: bigint;
  /** Who committed: a function, or the engine. */
  readonly writer: string;
  /** In the order of their keys. */
  readonly writes: readonly WriteOp[];
  /** The groups of the writes. */
  readonly groups: readonly WrittenGroup[];
  readonly catalog: Catalog;
}

/** The writes of one commit to keys that are read together. */
interface Group {
  /** The writes themselves, by their place among all. */
  readonly from: number;
  readonly to: number;
  /** The table, for documents and for index entries. */
  readonly table: Table | undefined;
  /** Where the commit's documents lie in this index; null until asked for. */
  places: Key[] | null;
}

/** A key that a commit touched and a mutation had read. */
export interface TouchedKey {
  readonly key: Key;
  readonly table: Table | undefined;
}

/**
 * The keys that a commit touches: those it wrote, and the places of its documents in every index,
 * moved there or not. Nothing is computed before a mutation is compared with it.
 */
export class RecentCommit {
  readonly ts: bigint;
  readonly writer: string;
  /** Length of its keys and values. */
  readonly characters: number;
  readonly #writes: readonly WriteOp[];
  readonly #written: readonly WrittenGroup[];
  readonly #catalog: Catalog;
  #groups: Map<Key, Group> | undefined;

  constructor({ ts, writer, writes, groups, catalog }: CommitRecord) {
    this.ts = ts;
    this.writer = writer;
    this.#writes = writes;
    this.#written = groups;
    this.#catalog = catalog;
    this.characters = charactersOf(writes);
  }

  /** A key in these intervals, of a document that their filters may let through, that it touched. */
  touchedIn(
    group: Key,
    { intervals, filters }: IntervalsRead,
  ): TouchedKey | undefined {
    const found = this.groups.get(group);
    if (found === undefined) return undefined;
    const { from, to, table } = found;
    const passes = (key: Key) =>
      filters.length === 0 ||
      table === undefined ||
      this.#passes(table, group, key, filters);
    const touched =
      intervals.length < to - from
        ? this.#writtenIn(intervals, from, to, passes)
        : this.#overlapping(intervals, from, to, passes);
    if (touched !== undefined) return { key: touched, table };
    if (table === undefined || group === table.head) return undefined;
    const key = this.#placesIn(group, found, table).find(
      (place) => overlaps(intervals, place, `${place}\x00`) && passes(place),
    );
    return key === undefined ? undefined : { key, table };
  }

  /** The first key in few intervals among many writes. */
  #writtenIn(
    intervals: readonly KeyInterval[],
    from: number,
    to: number,
    passes: (key: Key) => boolean,
  ): Key | undefined {
    for (const interval of intervals) {
      const stored = storedRange(interval);
      let index = firstFrom(this.#writes, stored.lower, from, to);
      for (; index < to; index += 1) {
        const { key } = this.#writes[index]!;
        if (key >= stored.upper) break;
        if (meets(interval, wholeKeys(key)) && passes(key)) return key;
      }
    }
    return undefined;
  }

  /** The first key of few writes that is in one of many intervals. */
  #overlapping(
    intervals: readonly KeyInterval[],
    from: number,
    to: number,
    passes: (key: Key) => boolean,
  ): Key | undefined {
    for (let index = from; index < to; index += 1) {
      const { key } = this.#writes[index]!;
      // An index entry may stand for any of several keys; all others stand for themselves.
      const { lower, upper } = wholeKeys(key);
      if (overlaps(intervals, lower, upper) && passes(key)) return key;
    }
    return undefined;
  }

  wrote(key: Key): TouchedKey | undefined {
    return this.#write(key) === undefined ? undefined : this.#touched(key);
  }

  wroteIn({ lower, upper }: KeyInterval): TouchedKey | undefined {
    const write = this.#writes[firstFrom(this.#writes, lower)];
    return write !== undefined && write.key < upper
      ? this.#touched(write.key)
      : undefined;
  }

  /** Whether it changed which tables and indexes a component has. */
  get changedTables(): boolean {
    return this.groups.has(COMPONENTS.lower);
  }

  /** What of the commit's is read together, by {@link readGroup}. */
  get groups(): ReadonlyMap<Key, Group> {
    return (this.#groups ??= this.#grouped());
  }

  /** Whether the document with a row in a search index has, or had, the values of filters. */
  #passes(table: Table, head: Key, key: Key, filters: readonly Key[]): boolean {
    const index = table.searchIndexes.find((one) => one.head === head);
    const stored = this.#write(table.head + key.slice(-RAW_ID_BYTES))?.value;
    if (index === undefined || stored === undefined) return true;
    const now =
      stored === null ? [] : filterKeys(index, new Document(stored).value);
    const place = key.slice(-placeBytes(index));
    return filters.every(
      (filter) =>
        now.includes(filter) || this.#write(filter + place) !== undefined,
    );
  }

  #write(key: Key): WriteOp | undefined {
    const write = this.#writes[firstFrom(this.#writes, key)];
    return write?.key === key ? write : undefined;
  }

  #touched(key: Key): TouchedKey {
    return { key, table: this.groups.get(readGroup(key))?.table };
  }

  #grouped(): Map<Key, Group> {
    const groups = new Map<Key, Group>();
    const tables = tablesByHead(this.#catalog);
    const written = new Set<Table>();
    for (const { group, from, to } of this.#written) {
      const table = tables.get(group);
      if (table !== undefined) written.add(table);
      groups.set(group, { from, to, table, places: null });
    }
    for (const table of written) {
      for (const { head } of [...table.written, ...table.searchIndexes]) {
        const { from = 0, to = 0 } = groups.get(head) ?? {};
        groups.set(head, { from, to, table, places: null });
      }
    }
    return groups;
  }

  /** Computes the places of the commit's documents in all indexes of their table at once. */
  #placesIn(head: Key, group: Group, table: Table): Key[] {
    if (group.places !== null) return group.places;
    const { from, to } = this.groups.get(table.head)!;
    const places = new Map<Key, Key[]>();
    for (const { head } of [...table.written, ...table.searchIndexes]) {
      places.set(head, []);
    }
    const wrote = (one: Key) => this.#write(one) !== undefined;
    for (const { key, value } of this.#writes.slice(from, to)) {
      if (value === null) continue;
      const fields = new Document(value).value;
      const rawId = key.slice(HEAD_BYTES);
      for (const index of table.written) {
        places.get(index.head)!.push(indexKey(index, fields, rawId));
      }
      for (const index of table.searchIndexes) {
        const moved = movedByFilters(index, wrote, fields, rawId);
        places.get(index.head)!.push(...moved);
      }
    }
    for (const [name, keys] of places) this.groups.get(name)!.places = keys;
    return places.get(head)!;
  }
}

function meets(a: KeyInterval, b: KeyInterval): boolean {
  return a.lower < b.upper && b.lower < a.upper;
}

/** Whether one of the intervals, which are disjoint and in order, has a key in the given one. */
function overlaps(
  intervals: readonly KeyInterval[],
  lower: Key,
  upper: Key,
): boolean {
  let start = 0;
  let end = intervals.length;
  while (start < end) {
    const middle = (start + end) >>> 1;
    if (intervals[middle]!.upper <= lower) start = middle + 1;
    else end = middle;
  }
  const first = intervals[start];
  return first !== undefined && first.lower < upper;
}
