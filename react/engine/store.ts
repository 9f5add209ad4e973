import { MAX_WAITING } from "./limits.js";
import { attempt } from "./page.js";
import type { VisitReport } from "./options.js";
import type { MutationName } from "./wire.js";

/** A call that waits to be made, with its arguments encoded. */
export interface Waiting {
  name: MutationName;
  args?: { anonymousId?: string | undefined; visit?: VisitReport | undefined };
  /** In the store; a call that has one already keeps its place. */
  key?: string;
}

/**
 * What the tabs of a browser share: strings, each kept in localStorage, else in sessionStorage, else in
 * the page's memory. Nothing is read from or written to the browser unless it may be used.
 */
export interface Store {
  get(key: string): string | undefined;
  /** Those that begin so, sorted. */
  keys(prefix: string): string[];
  /** `undefined` removes. */
  set(key: string, value?: string): void;
  /** The calls that wait for the deployment, oldest first. */
  waiting(): Waiting[];
  add(call: Waiting): void;
}

/**
 * @param prefix of the keys of waiting calls: each has a key of its own, so that tabs that add and remove at
 * the same time undo nothing of each other
 * @param fail is told how many calls were dropped
 */
export function createStore(
  prefix: string,
  mayUseBrowser: () => boolean,
  fail: (kind: "actionsDropped", message: string) => void,
): Store {
  const memory = new Map<string, string>();
  let dropped = 0;
  let lastAt = 0;

  const storages = () =>
    (["localStorage", "sessionStorage"] as const).flatMap(
      // Naming a storage throws where it is blocked.
      (name) => attempt(() => mayUseBrowser() && globalThis[name]) || [],
    );

  const get = (key: string) =>
    storages()
      .map((storage) => storage.getItem(key))
      .find(Boolean) ?? memory.get(key);

  const keys = (start: string) =>
    [...storages().flatMap(Object.keys), ...memory.keys()]
      .filter((key) => key.startsWith(start))
      .sort();

  const set = (key: string, value = "") => {
    for (const storage of storages()) {
      // Writing throws where the storage is full.
      if (value && attempt(() => [storage.setItem(key, value)])) value = "";
      // What is older there must not be read instead.
      else storage.removeItem(key);
    }
    if (value) memory.set(key, value);
    else memory.delete(key);
  };

  return {
    get,
    keys,
    set,
    waiting: () =>
      keys(prefix).map((key) => ({
        // Others may have put anything there; the deployment refuses that.
        ...attempt(() => JSON.parse(get(key)!) as Waiting)!,
        key,
      })),
    add(call) {
      // Sorts by time, also within the millisecond, and is no other tab's.
      lastAt = Math.max(Date.now(), lastAt + 1);
      // An erasure comes last, and is not dropped for what is done as another visitor.
      const last = call.name === "forgetSession" ? "~" : "";
      const { key = prefix + last + lastAt + Math.random() } = call;
      set(key, JSON.stringify(call));
      // Not every storage that an app puts in the browser's place lists its keys.
      if (!keys(prefix).includes(key)) memory.set(key, get(key)!);
      for (const oldest of keys(prefix).slice(0, -MAX_WAITING)) {
        set(oldest);
        fail("actionsDropped", ++dropped + " dropped");
      }
    },
  };
}
