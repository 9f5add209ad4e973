import type { Value } from "convex/values";

/** A mutation of the test; accounts are given by their place in the list. */
export type Operation =
  | { readonly kind: "count"; readonly name: string }
  | ({ readonly kind: "transfer" | "fail" } & Transfer)
  | { readonly kind: "add" | "take"; readonly owner: string }
  | { readonly kind: "thin"; readonly owner: string; readonly min: number }
  | { readonly kind: "sum" }
  | ({ readonly kind: "nest"; readonly owner: string } & Transfer)
  | {
      readonly kind: "later";
      readonly key: number;
      readonly owner: string;
      readonly delayMs: number;
    }
  | { readonly kind: "job"; readonly owner: string };

export interface Transfer {
  readonly from: number;
  readonly to: number;
  readonly amount: number;
}

/** A model of the app, one operation at a time, without an engine. */
export class Model {
  readonly #accounts: number[];
  readonly #items = new Map<string, number[]>();
  readonly #counters = new Map<string, number>();

  constructor(accounts: number, balance: number) {
    this.#accounts = Array.from({ length: accounts }, () => balance);
  }

  /** Applies an operation and returns the values it reads. */
  apply(operation: Operation): Value {
    switch (operation.kind) {
      case "count":
        return this.#bump(operation.name);
      case "transfer":
        return this.#move(operation);
      case "add":
        return this.#push(operation.owner);
      case "take": {
        const rank = this.#ranks(operation.owner).shift();
        return rank === undefined
          ? ["none", this.#bump("missed")]
          : ["took", rank];
      }
      case "thin": {
        const { owner, min } = operation;
        const seen = this.#ranks(owner).filter((rank) => rank >= min);
        const gone = new Set(seen.filter((_, index) => index % 2 === 0));
        this.#items.set(
          owner,
          this.#ranks(owner).filter((rank) => !gone.has(rank)),
        );
        this.#bump("thinned");
        return seen;
      }
      case "sum":
        this.#bump("sums");
        return [...this.#accounts];
      case "nest": {
        const moved = this.#move(operation);
        const left = this.#ranks(operation.owner).length;
        return [moved, "failed", left, this.#bump("nested")];
      }
      case "later":
        return this.#bump("scheduled");
      case "job":
        return [this.#push(operation.owner), this.#bump("ran")];
      case "fail":
        throw new Error("What fails has no place in the order of commits.");
      default:
        return operation satisfies never;
    }
  }

  /** The state as the app's query `state` shows it, keys in order. */
  get state(): Value {
    const names = (map: Map<string, unknown>) => [...map.keys()].sort();
    return {
      accounts: [...this.#accounts],
      counters: names(this.#counters).map(
        (name) => `${name}${this.#counters.get(name)}`,
      ),
      items: names(this.#items).flatMap((owner) =>
        this.#ranks(owner).map((rank) => `${owner}${rank}`),
      ),
    };
  }

  #move({ from, to, amount }: Transfer): Value {
    const balance = this.#accounts[from] ?? 0;
    if (balance < amount) return ["refused", balance, this.#bump("refused")];
    this.#accounts[from] = balance - amount;
    const target = this.#accounts[to] ?? 0;
    this.#accounts[to] = target + amount;
    return ["moved", balance, target];
  }

  #push(owner: string): number {
    const ranks = this.#ranks(owner);
    const rank = (ranks.at(-1) ?? 0) + 1;
    ranks.push(rank);
    return rank;
  }

  #ranks(owner: string): number[] {
    const ranks = this.#items.get(owner) ?? [];
    this.#items.set(owner, ranks);
    return ranks;
  }

  #bump(name: string): number {
    const n = (this.#counters.get(name) ?? 0) + 1;
    this.#counters.set(name, n);
    return n;
  }
}
