import { attempt, type Page } from "./page.js";

/**
 * Strings kept where the browser lets them: in localStorage, else sessionStorage, else in memory.
 * Nothing is read from or written to the browser unless it may be used.
 */
export interface Store {
  useBrowser(may: boolean): void;
  get(key: string): string | undefined;
  /** `undefined` removes. */
  set(key: string, value?: string): void;
}

export function createStore(page: Page): Store {
  const memory = new Map<string, string>();
  let storage: Storage | undefined;

  // Reading the property throws where storage is blocked, writing where it is full.
  const usable = (name: "localStorage" | "sessionStorage") =>
    attempt(() => {
      const found = page[name];
      found.setItem(PROBE, PROBE);
      found.removeItem(PROBE);
      return found;
    });

  return {
    useBrowser(may) {
      storage = may
        ? (usable("localStorage") ?? usable("sessionStorage"))
        : undefined;
    },
    get: (key) =>
      memory.get(key) ?? attempt(() => storage?.getItem(key)) ?? undefined,
    set(key, value) {
      memory.delete(key);
      if (value === undefined) attempt(() => storage?.removeItem(key));
      else {
        // Filled or blocked since: this page at least remembers.
        const kept = attempt(() => {
          storage?.setItem(key, value);
          return storage;
        });
        if (kept === undefined) memory.set(key, value);
      }
    },
  };
}

const PROBE = "sessions-ops";
