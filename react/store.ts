import type { Page } from "./page.js";

const LADDER = ["localStorage", "sessionStorage"] as const;

/**
 * Keeps strings where the browser lets it: in localStorage, else sessionStorage, else in memory.
 * Nothing is read from or written to the browser before `open`.
 */
export class Store {
  readonly #page: Page;
  readonly #memory = new Map<string, string>();
  #storage: Storage | undefined;

  constructor(page: Page) {
    this.#page = page;
  }

  open(): void {
    for (const rung of LADDER) {
      // Reading the property throws where storage is blocked, writing where it is full.
      try {
        const storage = this.#page[rung];
        storage.setItem(PROBE, PROBE);
        storage.removeItem(PROBE);
        this.#storage = storage;
        return;
      } catch {
        // The next rung; after the last, memory.
      }
    }
  }

  get(key: string): string | null {
    const inMemory = this.#memory.get(key);
    if (inMemory !== undefined) return inMemory;
    try {
      return this.#storage?.getItem(key) ?? null;
    } catch {
      return null;
    }
  }

  set(key: string, value: string): void {
    try {
      if (this.#storage !== undefined) {
        this.#storage.setItem(key, value);
        this.#memory.delete(key);
        return;
      }
    } catch {
      // It was filled or blocked since: this page at least remembers.
    }
    this.#memory.set(key, value);
  }

  delete(key: string): void {
    this.#memory.delete(key);
    try {
      this.#storage?.removeItem(key);
    } catch {
      // Blocked since: there is nothing to remove then.
    }
  }

  /** From here on in memory only. */
  close(): void {
    this.#storage = undefined;
  }
}

const PROBE = "sessions-ops";
