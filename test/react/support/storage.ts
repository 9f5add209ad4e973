import type { Clock } from "@sinonjs/fake-timers";

/** The content of a `storage` event; key and value are `null` where all was cleared. */
export interface StorageChange {
  key: string | null;
  newValue: string | null;
}

/**
 * One origin's localStorage as several processes see it: a write is seen at once where it was made
 * and later elsewhere, all agree in the end on what the browser took last, and the others get events.
 */
export class SharedStorage {
  readonly #clock: Clock;
  readonly #lagMs: number;
  readonly #truth = new Map<string, string>();
  readonly #views = new Set<TabStorage>();

  constructor(clock: Clock, lagMs: number) {
    this.#clock = clock;
    this.#lagMs = lagMs;
  }

  /** The items as a new tab would see them. */
  get entries(): Record<string, string> {
    return Object.fromEntries(this.#truth);
  }

  view(onEvent: (change: StorageChange) => void): TabStorage {
    const view = new TabStorage(
      new Map(this.#truth),
      (keys, change) => this.#carry(view, keys, change),
      onEvent,
    );
    this.#views.add(view);
    return view;
  }

  drop(view: TabStorage): void {
    this.#views.delete(view);
  }

  #carry(from: TabStorage, keys: string[], change: StorageChange): void {
    const value = change.newValue;
    const changed = keys.filter(
      (key) => (this.#truth.get(key) ?? null) !== value,
    );
    if (changed.length === 0) return;
    for (const key of changed) {
      if (value === null) this.#truth.delete(key);
      else this.#truth.set(key, value);
      from.awaiting(key, 1);
    }
    this.#clock.setTimeout(() => {
      for (const key of changed) from.awaiting(key, -1);
      for (const view of this.#views) {
        if (view === from) continue;
        for (const key of changed) view.take(key, value);
        view.onEvent(change);
      }
    }, this.#lagMs);
  }
}

type Carry = (keys: string[], change: StorageChange) => void;

export class TabStorage implements Storage {
  readonly #seen: Map<string, string>;
  readonly #awaited = new Map<string, number>();
  readonly #carry: Carry;
  readonly onEvent: (change: StorageChange) => void;
  /** The number of characters that still fit. */
  room = Infinity;

  constructor(
    seen: Map<string, string>,
    carry: Carry,
    onEvent: (change: StorageChange) => void,
  ) {
    this.#seen = seen;
    this.#carry = carry;
    this.onEvent = onEvent;
  }

  get length(): number {
    return this.#seen.size;
  }

  key(index: number): string | null {
    return [...this.#seen.keys()][index] ?? null;
  }

  getItem(key: string): string | null {
    return this.#seen.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    if (value.length > this.room) {
      throw new DOMException("full", "QuotaExceededError");
    }
    this.#seen.set(key, value);
    this.#carry([key], { key, newValue: value });
  }

  removeItem(key: string): void {
    this.#seen.delete(key);
    this.#carry([key], { key, newValue: null });
  }

  clear(): void {
    const keys = [...this.#seen.keys()];
    this.#seen.clear();
    this.#carry(keys, { key: null, newValue: null });
  }

  /** The storage as the page has it: its items are properties of its own. */
  get asProperties(): Storage {
    return asProperties(this, () => [...this.#seen.keys()]);
  }

  awaiting(key: string, change: number): void {
    this.#awaited.set(key, (this.#awaited.get(key) ?? 0) + change);
  }

  take(key: string, value: string | null): void {
    // The tab's own write is under way and comes later in the browser's order.
    if ((this.#awaited.get(key) ?? 0) === 0) {
      if (value === null) this.#seen.delete(key);
      else this.#seen.set(key, value);
    }
  }
}

/** A Storage whose items are its own properties, too, as a browser's are. */
export function asProperties(
  storage: Pick<Storage, "getItem" | "setItem" | "removeItem">,
  keys: () => string[],
): Storage {
  return new Proxy({} as Storage, {
    get: (_target, key: string) =>
      key in storage
        ? (storage[key as "getItem"] as () => unknown).bind(storage)
        : (storage.getItem(key) ?? undefined),
    set(_target, key: string, value: string) {
      storage.setItem(key, value);
      return true;
    },
    deleteProperty(_target, key: string) {
      storage.removeItem(key);
      return true;
    },
    ownKeys: keys,
    getOwnPropertyDescriptor: (_target, key: string) => ({
      value: storage.getItem(key),
      enumerable: true,
      configurable: true,
    }),
  });
}
