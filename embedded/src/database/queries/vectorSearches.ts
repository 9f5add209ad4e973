import {
  prefixEnd,
  type Entry,
  type Key,
  type KeyRange,
  type WriteOp,
} from "../../storage/store.js";
import type { Table } from "../records/catalog.js";
import { HEAD_BYTES, retiredKey } from "../records/keyspace.js";
import type { Commit, CommitWrites } from "../types.js";
import { encodeId } from "../values/ids.js";
import { BestMatches } from "../vectors/bestMatches.js";
import { dotProduct } from "../vectors/cosine.js";
import { findVectorIndex } from "./findVectorIndex.js";
import { HeldVectors } from "../vectors/heldVectors.js";
import {
  compileVectorQuery,
  isAskedFor,
  type CompiledVectorQuery,
  type VectorQuery,
} from "../vectors/vectorQuery.js";
import type { VectorIndex } from "../vectors/vectorIndex.js";
import { readRow } from "../vectors/rows.js";

/** The database as vector searches see it, at one time. */
export interface VectorSnapshot {
  readonly ts: bigint;
  table(component: string, name: string): Table | undefined;
  count(component: string, table: string): number;
  stored(range: KeyRange): Iterable<Entry>;
  release(): void;
}

/** Where vector searches read, and hear of commits. */
export interface VectorSource {
  read(): VectorSnapshot;
  onCommit(listener: (commit: Commit) => void): void;
}

/**
 * Waits for a later turn of the event loop where it is time to give the thread away; undefined where it
 * is not.
 */
export type Pause = () => Promise<void> | undefined;

/** What a vector search found, the most similar first, and the time of its snapshot. */
export interface VectorMatches {
  readonly matches: readonly {
    readonly _id: string;
    readonly _score: number;
  }[];
  readonly ts: bigint;
}

/** How much memory the vectors of all indexes may hold: a little more than 100,000 of 1,536 dimensions. */
const MAX_HELD_BYTES = 1_024 * 1_024 * 1_024;

/** What a vector holds besides its numbers: the id, its place, an array of filter keys. */
const ROW_BYTES = 200;

/** What is read in one go: about a millisecond's worth. */
const BATCH = { rows: 1_000, characters: 512 * 1_024 };

/** The vectors of one index, which commits keep up to date. */
interface Held {
  readonly index: VectorIndex;
  readonly vectors: HeldVectors;
  /** What was written since the snapshot that is being read; null once all is there. */
  missed: WriteOp[] | null;
  /** Resolves when all is there, or no longer wanted. */
  ready: Promise<void>;
}

/**
 * Exact vector searches. The first one of an index reads its rows into memory, where they stay while
 * there is room for them; without room each search reads them.
 */
export class VectorSearches {
  readonly #source: VectorSource;
  readonly #maxBytes: number;
  /** By the heads of the indexes, the one that was searched last at the end. */
  readonly #held = new Map<Key, Held>();

  /** @param maxBytes - how much memory to hold at most. @default 1 GiB */
  constructor(source: VectorSource, maxBytes: number = MAX_HELD_BYTES) {
    this.#source = source;
    this.#maxBytes = maxBytes;
    source.onCommit(({ writes }) => this.#note(writes));
  }

  /**
   * Finds a component's documents whose vectors are the most similar, as they are at a time after the
   * call.
   * @throws EmbeddedError "invalidQuery"
   */
  async search(
    component: string,
    query: VectorQuery,
    pause: Pause,
  ): Promise<VectorMatches> {
    for (;;) {
      const snapshot = this.#source.read();
      const { ts } = snapshot;
      let wait: Promise<void>;
      try {
        const table = snapshot.table(component, query.table);
        if (table === undefined) return { matches: [], ts };
        const index = findVectorIndex(table, query.index);
        const compiled = compileVectorQuery(query, index);
        const held = this.#held.get(index.head);
        if (held?.missed === null) {
          this.#used(held);
          const best = await scanHeld(held.vectors, compiled, pause);
          return { matches: toMatches(table, best), ts };
        }
        const bytes = snapshot.count(component, table.name) * rowBytes(index);
        if (bytes > this.#maxBytes) {
          const best = await scanStored(snapshot, index, compiled, pause);
          return { matches: toMatches(table, best), ts };
        }
        wait = held?.ready ?? this.#load(index, bytes, pause);
      } finally {
        snapshot.release();
      }
      await wait;
    }
  }

  /** Memory that the vectors hold, in bytes. */
  get heldBytes(): number {
    let bytes = 0;
    for (const { index, vectors } of this.#held.values()) {
      bytes += vectors.count * rowBytes(index);
    }
    return bytes;
  }

  #load(index: VectorIndex, bytes: number, pause: Pause): Promise<void> {
    this.#makeRoom(bytes);
    const held: Held = {
      index,
      vectors: new HeldVectors(index.dimensions),
      missed: [],
      ready: Promise.resolve(),
    };
    this.#held.set(index.head, held);
    held.ready = this.#fill(held, pause).finally(() => {
      if (held.missed !== null) this.#forget(held);
    });
    return held.ready;
  }

  async #fill(held: Held, pause: Pause): Promise<void> {
    const { index } = held;
    const snapshot = this.#source.read();
    try {
      for (const rows of batches(snapshot, index)) {
        for (const row of rows) update(held, row);
        await pause();
        if (this.#held.get(index.head) !== held) return;
      }
    } finally {
      snapshot.release();
    }
    for (const write of held.missed ?? []) update(held, write);
    held.missed = null;
    this.#makeRoom();
  }

  /** Takes in a commit, in the moment of the commit. */
  #note(writes: CommitWrites): void {
    if (this.#held.size === 0) return;
    for (const held of [...this.#held.values()]) {
      const { head } = held.index;
      if (writes.under(retiredKey(head)).length > 0) this.#forget(held);
      for (const write of writes.under(head)) {
        if (held.missed === null) update(held, write);
        else held.missed.push(write);
      }
    }
    this.#makeRoom();
  }

  /** Gives back the vectors that were searched longest ago, until the rest fits with so many bytes more. */
  #makeRoom(more = 0): void {
    let bytes = this.heldBytes + more;
    for (const held of [...this.#held.values()]) {
      if (bytes <= this.#maxBytes) return;
      if (held.missed !== null) continue;
      bytes -= held.vectors.count * rowBytes(held.index);
      this.#forget(held);
    }
  }

  #used(held: Held): void {
    this.#held.delete(held.index.head);
    this.#held.set(held.index.head, held);
  }

  #forget(held: Held): void {
    const { head } = held.index;
    if (this.#held.get(head) === held) this.#held.delete(head);
  }
}

async function scanHeld(
  vectors: HeldVectors,
  query: CompiledVectorQuery,
  pause: Pause,
): Promise<BestMatches> {
  const best = new BestMatches(query.limit);
  const view = vectors.open();
  try {
    while (view.offerSome(query, best)) await pause();
  } finally {
    view.close();
  }
  return best;
}

async function scanStored(
  snapshot: VectorSnapshot,
  index: VectorIndex,
  query: CompiledVectorQuery,
  pause: Pause,
): Promise<BestMatches> {
  const best = new BestMatches(query.limit);
  const { dimensions } = index;
  const vector = new Float32Array(dimensions);
  for (const rows of batches(snapshot, index)) {
    for (const { key, value } of rows) {
      const keys = readRow(value, dimensions, vector, 0);
      if (!isAskedFor(query, keys)) continue;
      best.offer(dotProduct(query.vector, vector), key.slice(HEAD_BYTES));
    }
    await pause();
  }
  return best;
}

/** The rows of an index, some at a time, after each of which the thread may be given away. */
function* batches(
  snapshot: VectorSnapshot,
  { head }: VectorIndex,
): Iterable<Entry[]> {
  const upper = prefixEnd(head);
  let lower = head;
  for (;;) {
    const rows: Entry[] = [];
    let characters = 0;
    for (const row of snapshot.stored({ lower, upper })) {
      rows.push(row);
      characters += row.value.length;
      if (rows.length === BATCH.rows || characters > BATCH.characters) break;
    }
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows;
    lower = `${last.key}\x00`;
  }
}

function update({ vectors }: Held, { key, value }: WriteOp): void {
  vectors.write(key.slice(HEAD_BYTES), value);
}

function rowBytes({ dimensions, filterPaths }: VectorIndex): number {
  const numbers = dimensions * Float32Array.BYTES_PER_ELEMENT;
  return numbers + ROW_BYTES + filterPaths.length * FILTER_BYTES;
}

/** The most that a filter key holds: the base64 of 32 bytes, as a string. */
const FILTER_BYTES = 64;

function toMatches({ number }: Table, { matches }: BestMatches) {
  return matches.map(({ rawId, score }) => ({
    _id: encodeId(number, rawId),
    _score: score,
  }));
}
