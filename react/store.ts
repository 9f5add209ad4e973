import { attempt, type Page } from "./page.js";

/**
 * Strings, each kept where the browser lets it: in localStorage, else sessionStorage, else in memory.
 * Nothing is read from or written to the browser unless it may be used.
 */
export interface Store {
  useBrowser(may: boolean): void;
  get(key: string): string | undefined;
  /** Those that begin so, sorted. */
  keys(prefix: string): string[];
  /** `undefined` removes. */
  set(key: string, value?: string): void;
}

export function createStore(page: Page): Store {
  const memory = new Map<string, string>();
  let places: ("localStorage" | "sessionStorage")[] = [];

  /** What there is of a kind in each place where there is any. */
  const all = <T>(look: (place: Storage) => T) =>
    places.flatMap((place) => attempt(() => look(page[place])) ?? []);

  return {
    useBrowser(may) {
      places = may ? ["localStorage", "sessionStorage"] : [];
    },
    get: (key) => all((place) => place.getItem(key))[0] ?? memory.get(key),
    keys: (prefix) =>
      [...all(Object.keys).flat(), ...memory.keys()]
        .filter((key) => key.startsWith(prefix))
        .sort(),
    set(key, value) {
      memory.delete(key);
      let left = value;
      for (const place of places) {
        // Naming the storage throws where it is blocked, writing where it is full.
        const isKept = attempt(
          () => left && (page[place].setItem(key, left), true),
        );
        if (isKept) left = undefined;
        // What is older there must not be read instead.
        else attempt(() => page[place].removeItem(key));
      }
      if (left) memory.set(key, left);
    },
  };
}
