import type { Sample } from "./shapes.js";

const MAX_SAMPLES = 500;

/**
 * The number of active sessions over the time since the command started. However long that is, the
 * samples stay few: where there are too many, every other one goes, and later ones come half as often.
 */
export class Activity {
  #samples: Sample[] = [];
  #everyMs = 5_000;

  /** Adds a sample. @returns all samples, oldest first */
  add(sample: Sample): Sample[] {
    const [previous, last] = this.#samples.slice(-2);
    // The last sample is always the present one; it stays once it is far enough from the one before.
    if (previous && last && last.at - previous.at < this.#everyMs) {
      this.#samples.pop();
    }
    this.#samples.push(sample);
    if (this.#samples.length > MAX_SAMPLES) {
      this.#samples = this.#samples.filter((_, index) => index % 2 === 0);
      this.#everyMs *= 2;
    }
    return this.#samples;
  }
}
