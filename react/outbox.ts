import type { Store } from "./store.js";

/** A call that waits to be made: function name and encoded arguments. */
export type Waiting = [
  name: "trackUserAction" | "endSession" | "forgetSession",
  args: Record<string, unknown>,
];

/** Actions that wait at most; over it the oldest is dropped. */
export const OUTBOX_LIMIT = 100;

/**
 * What waits for the deployment, in order, shared by the tabs through the store. An item is taken
 * out before it is sent, so that a page that goes away meanwhile does not leave it to be sent again.
 */
export class Outbox {
  readonly #store: Store;
  readonly #key: string;

  constructor(store: Store, key: string) {
    this.#store = store;
    this.#key = key;
  }

  get isEmpty(): boolean {
    return this.#read().length === 0;
  }

  /** Returns how many old items were dropped for it. */
  add(item: Waiting): number {
    return this.#write([...this.#read(), item]);
  }

  take(): Waiting | undefined {
    const [first, ...rest] = this.#read();
    if (first !== undefined) this.#write(rest);
    return first;
  }

  putBack(item: Waiting): number {
    return this.#write([item, ...this.#read()]);
  }

  clear(): void {
    this.#store.delete(this.#key);
  }

  #read(): Waiting[] {
    try {
      const items: unknown = JSON.parse(this.#store.get(this.#key) ?? "[]");
      return Array.isArray(items) ? (items as Waiting[]) : [];
    } catch {
      // Not written by this class: nothing that could be sent.
      return [];
    }
  }

  #write(items: Waiting[]): number {
    if (items.length === 0) this.clear();
    else {
      this.#store.set(this.#key, JSON.stringify(items.slice(-OUTBOX_LIMIT)));
    }
    return Math.max(0, items.length - OUTBOX_LIMIT);
  }
}
