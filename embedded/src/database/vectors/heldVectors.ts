import type { Key } from "../../storage/store.js";
import type { BestMatches } from "./bestMatches.js";
import { dotProduct } from "./cosine.js";
import { isAskedFor, type CompiledVectorQuery } from "./vectorQuery.js";
import { readRow } from "./rows.js";

/** Numbers in the vectors of one block: 1 MiB of them, so that copying one is nothing to wait for. */
const BLOCK_NUMBERS = 262_144;

/** The most vectors in a block, where they have few dimensions. */
const MAX_BLOCK_ROWS = 1_024;

/** Vectors one after the other, with their documents' raw ids and filter keys. */
interface Block {
  readonly vectors: Float32Array;
  readonly ids: Key[];
  readonly filters: (readonly string[])[];
  /** Views opened up to this number may be looking at the block; later ones begin with a newer state. */
  readonly version: number;
}

/** The vectors as they were when the view was opened, whatever is written meanwhile. */
export interface VectorsView {
  /** Goes through the next vectors, a millisecond's worth or less; false when there are none left. */
  offerSome(query: CompiledVectorQuery, best: BestMatches): boolean;
  close(): void;
}

/**
 * The rows of a vector index in typed arrays, without gaps. A block that an open view looks at is copied
 * before it changes.
 */
export class HeldVectors {
  readonly #dimensions: number;
  readonly #blockRows: number;
  readonly #blocks: Block[] = [];
  /** Where the vectors are, by their documents' raw ids. */
  readonly #places = new Map<Key, number>();
  #version = 0;
  #openViews = 0;

  constructor(dimensions: number) {
    this.#dimensions = dimensions;
    this.#blockRows = Math.min(
      MAX_BLOCK_ROWS,
      Math.ceil(BLOCK_NUMBERS / dimensions),
    );
  }

  get count(): number {
    return this.#places.size;
  }

  /** Takes in a row of the index; `null` is the end of one. */
  write(rawId: Key, row: string | null): void {
    if (row === null) this.#remove(rawId);
    else this.#put(rawId, row);
  }

  open(): VectorsView {
    const blocks = [...this.#blocks];
    this.#version += 1;
    this.#openViews += 1;
    const dimensions = this.#dimensions;
    let next = 0;
    let isOpen = true;
    return {
      offerSome: (query, best) => {
        const block = blocks[next];
        if (block === undefined) return false;
        next += 1;
        for (const [i, rawId] of block.ids.entries()) {
          if (!isAskedFor(query, block.filters[i]!)) continue;
          const at = i * dimensions;
          const vector = block.vectors.subarray(at, at + dimensions);
          best.offer(dotProduct(query.vector, vector), rawId);
        }
        return next < blocks.length;
      },
      close: () => {
        if (isOpen) this.#openViews -= 1;
        isOpen = false;
      },
    };
  }

  #put(rawId: Key, row: string): void {
    const place = this.#places.get(rawId) ?? this.count;
    this.#places.set(rawId, place);
    const block = this.#toChange(place);
    const i = place % this.#blockRows;
    const at = i * this.#dimensions;
    block.ids[i] = rawId;
    block.filters[i] = readRow(row, this.#dimensions, block.vectors, at);
  }

  /** Puts the last vector in the place of the one that goes. */
  #remove(rawId: Key): void {
    const place = this.#places.get(rawId);
    if (place === undefined) return;
    const last = this.count - 1;
    const from = this.#toChange(last);
    const i = last % this.#blockRows;
    if (place !== last) {
      const to = this.#toChange(place);
      const j = place % this.#blockRows;
      const vector = from.vectors.subarray(
        i * this.#dimensions,
        (i + 1) * this.#dimensions,
      );
      to.vectors.set(vector, j * this.#dimensions);
      to.ids[j] = from.ids[i]!;
      to.filters[j] = from.filters[i]!;
      this.#places.set(from.ids[i]!, place);
    }
    from.ids.pop();
    from.filters.pop();
    if (from.ids.length === 0) this.#blocks.pop();
    this.#places.delete(rawId);
  }

  /** The block of a place; a new one behind the last, a copy where a view is open on it. */
  #toChange(place: number): Block {
    const n = Math.floor(place / this.#blockRows);
    const version = this.#version;
    const block = this.#blocks[n];
    if (block === undefined) {
      const vectors = new Float32Array(this.#blockRows * this.#dimensions);
      return (this.#blocks[n] = { vectors, ids: [], filters: [], version });
    }
    if (this.#openViews === 0 || block.version === version) return block;
    return (this.#blocks[n] = {
      vectors: block.vectors.slice(),
      ids: [...block.ids],
      filters: [...block.filters],
      version,
    });
  }
}
