/** What the seeds of the model's test met together: without these they have not tested what they are here for. */
import { expect } from "vitest";

const ANSWERS = ["revoked", "refused", "tooManyActions for", '"erased":1,'];

export class Coverage {
  /** What runs did, by name. */
  readonly #done: Record<string, number> = {};
  #history = "";

  add(done: Record<string, number>, history: string[]): void {
    for (const [name, count] of Object.entries(done)) {
      this.#done[name] = (this.#done[name] ?? 0) + count;
    }
    this.#history += `${history.join("\n")}\n`;
  }

  /** @param operations the names of all operations */
  expectAll(operations: string[]): void {
    const lines = this.#history.trimEnd().split("\n");
    const met = new Set(lines.map((line) => line.split(" ")[2]));
    expect([...met].toSorted()).toEqual(operations.toSorted());
    const missing = ANSWERS.filter((text) => !this.#history.includes(text));
    expect(missing).toEqual([]);
    expect(Math.min(...Object.values(this.#done))).toBeGreaterThan(15);
  }
}
