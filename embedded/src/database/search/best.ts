import type { Key } from "../../storage/store.js";

/** A document that a search found. */
export interface Found {
  readonly score: number;
  readonly place: Key;
}

/** The best of what is added: the highest score first, of equal ones the newest document. */
export class Best {
  readonly #limit: number;
  #found: Found[] = [];
  /** The last of the best so far; undefined while there is room. */
  #worst: Found | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether one more would be among the best. */
  takes(found: Found): boolean {
    return this.#worst === undefined || compare(found, this.#worst) < 0;
  }

  /** Whether a document of at most this score may be. */
  takesScore(score: number): boolean {
    return this.#worst === undefined || score >= this.#worst.score;
  }

  add(found: Found): void {
    if (!this.takes(found)) return;
    this.#found.push(found);
    const { length } = this.#found;
    // Sorting now and then costs as little as a heap.
    if (length === this.#limit || length >= 2 * this.#limit) this.#cut();
  }

  result(): readonly Found[] {
    this.#cut();
    return this.#found;
  }

  #cut(): void {
    this.#found.sort(compare);
    this.#found.length = Math.min(this.#found.length, this.#limit);
    this.#worst = this.#found[this.#limit - 1];
  }
}

function compare(a: Found, b: Found): number {
  if (a.score !== b.score) return b.score - a.score;
  return a.place < b.place ? 1 : a.place > b.place ? -1 : 0;
}
