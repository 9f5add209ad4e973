import type { Key } from "../../storage/store.js";

/** A document that a vector search found, by its raw id. */
export interface Match {
  readonly rawId: Key;
  /** From -1 to 1, as precise as float32. */
  readonly score: number;
}

/** The most similar of all that are offered: by score, and of the same score by id, the greater first. */
export class BestMatches {
  readonly #limit: number;
  readonly #matches: Match[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The matches, the most similar first. */
  get matches(): readonly Match[] {
    return this.#matches;
  }

  offer(similarity: number, rawId: Key): void {
    const score = Math.fround(similarity);
    if (this.#matches.length === this.#limit) {
      const worst = this.#matches.at(-1);
      // Most are not even as good, and cost no object.
      if (worst === undefined || score < worst.score) return;
      if (!isBetter({ rawId, score }, worst)) return;
      this.#matches.pop();
    }
    const match = { rawId, score };
    this.#matches.splice(this.#placeOf(match), 0, match);
  }

  #placeOf(match: Match): number {
    let start = 0;
    let end = this.#matches.length;
    while (start < end) {
      const middle = (start + end) >>> 1;
      if (isBetter(this.#matches[middle]!, match)) start = middle + 1;
      else end = middle;
    }
    return start;
  }
}

function isBetter(a: Match, b: Match): boolean {
  return a.score === b.score ? a.rawId > b.rawId : a.score > b.score;
}
