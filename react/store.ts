import { attempt, type Page } from "./page.js";

/**
 * Strings, each kept where the browser lets it: in localStorage, else sessionStorage, else in memory.
 * Nothing is read from or written to the browser unless it may be used.
 */
export interface Store {
  useBrowser(may: boolean): void;
  get(key: string): string | undefined;
  /** What did not fit where other tabs see it may have been joined there by what they wrote. */
  all(key: string): string[];
  /** `undefined` removes. */
  set(key: string, value?: string): void;
}

export function createStore(page: Page): Store {
  const memory = new Map<string, string>();
  let places: ("localStorage" | "sessionStorage")[] = [];

  const all = (key: string) =>
    [
      ...places.map((place) => attempt(() => page[place].getItem(key))),
      memory.get(key),
    ].flatMap((value) => value ?? []);

  return {
    useBrowser(may) {
      places = may ? ["localStorage", "sessionStorage"] : [];
    },
    get: (key) => all(key)[0],
    all,
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
