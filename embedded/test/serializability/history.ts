import { isDeepStrictEqual } from "node:util";
import type { Value } from "convex/values";
import type { Model } from "./model.js";
import type { Operation } from "./model.js";

/** A mutation that committed. */
export interface Committed {
  readonly operation: Operation;
  /** The time of its commit. */
  readonly at: bigint;
  readonly saw: Value;
  /** The latest commit that its client knew of when it asked. */
  readonly after: bigint;
}

/** A result of a query, and the latest commit that its reader had been told of before. */
export interface Look {
  readonly state: Value;
  readonly after: bigint;
}

/** States by commit: those that queries may have seen. */
export class Replay {
  readonly #commits: readonly Committed[];
  /** The state before all commits, and after each. */
  readonly #states: string[] = [];
  /** Descriptions of results that no serial order explains. */
  readonly problems: string[] = [];

  /** Applies all mutations in the order of their commits, and compares the values each read. */
  constructor(commits: readonly Committed[], model: Model) {
    this.#commits = [...commits].sort((a, b) => (a.at < b.at ? -1 : 1));
    this.#states.push(JSON.stringify(model.state));
    for (const [
      index,
      { operation, at, saw, after },
    ] of this.#commits.entries()) {
      const expected = model.apply(operation);
      const name = `${JSON.stringify(operation)} at ${at}`;
      if (!isDeepStrictEqual(saw, expected)) {
        this.problems.push(
          `${name} saw ${JSON.stringify(saw)}, in serial order ${JSON.stringify(expected)}`,
        );
      }
      if (at <= after)
        this.problems.push(
          `${name} committed before ${after}, which its client knew of`,
        );
      if (at === this.#commits[index - 1]?.at)
        this.problems.push(`${name} shares its time with another`);
      this.#states.push(JSON.stringify(model.state));
    }
  }

  get finalState(): Value {
    return JSON.parse(this.#states.at(-1) ?? "null") as Value;
  }

  /**
   * Checks the results of one reader: each is a state after some commit, none older than one it
   * knew before.
   */
  check(looks: readonly Look[]): void {
    let least = 0;
    for (const { state, after } of looks) {
      while (
        least < this.#commits.length &&
        (this.#commits[least]?.at ?? 0n) <= after
      )
        least += 1;
      const found = this.#states.indexOf(JSON.stringify(state), least);
      if (found < 0) {
        this.problems.push(
          `No commit from ${least} on leads to ${JSON.stringify(state)}`,
        );
        return;
      }
      least = found;
    }
  }
}
