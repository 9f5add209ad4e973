import type { Page } from "./page.js";
import type { Store } from "./store.js";

const MIN_GAP_MS = 5_000;
const ENDED = "ended";

/** When the browser's tabs last sent a heartbeat and when the next is due, as they share it. */
export class Rhythm {
  readonly key: string;
  readonly #page: Page;
  readonly #store: Store;

  constructor(page: Page, store: Store, key: string) {
    this.#page = page;
    this.#store = store;
    this.key = key;
  }

  /** `last` is 0 where there was none, or where the clock was set back since. */
  read(intervalMs: number): { last: number; dueAt: number } {
    const [last = NaN, next = NaN] = (this.#store.get(this.key) ?? "")
      .split(" ")
      .map(Number);
    if (!(last <= this.#page.Date.now())) return { last: 0, dueAt: 0 };
    // A tab with a smaller interval does not wait for what another had in mind.
    const dueAt = Math.min(next, last + intervalMs * 1.1);
    return { last, dueAt: Math.max(dueAt, last + MIN_GAP_MS) };
  }

  /** Written before the heartbeat is sent, so that no other tab sends one too. */
  claim(intervalMs: number): void {
    const jitter = 0.9 + this.#page.Math.random() * 0.2;
    this.postpone(this.#page.Date.now() + intervalMs * jitter);
  }

  postpone(dueAt: number): void {
    this.#store.set(this.key, `${this.#page.Date.now()} ${Math.round(dueAt)}`);
  }

  restart(): void {
    this.#store.delete(this.key);
  }

  end(): void {
    this.#store.set(this.key, ENDED);
  }

  isEnd(value: string | null): boolean {
    return value === ENDED;
  }
}
