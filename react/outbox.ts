import { attempt, type Page } from "./page.js";
import type { Store } from "./store.js";
import type { MutationName } from "./wire.js";

/** A call that waits to be made, with its arguments encoded. */
export interface Waiting {
  name: MutationName;
  args?: { anonymousId?: string | undefined };
  /** In the store; where it has one already, it keeps its place. */
  key?: string;
}

/**
 * What waits for the deployment, oldest first, shared by the tabs through the store: each call under
 * a key of its own, so that tabs that add and remove at the same time undo nothing of each other.
 */
export interface Outbox {
  read(): Waiting[];
  add(item: Waiting): void;
}

/** What waits at most; over it the oldest is dropped. */
const LIMIT = 100;

/** @param onDropped gets the number of all that were */
export function createOutbox(
  page: Page,
  store: Store,
  prefix: string,
  onDropped: (count: number) => void,
): Outbox {
  let dropped = 0;
  let lastAt = 0;

  return {
    read: () =>
      store.keys(prefix).map((key) => ({
        // Others may have put anything there; the deployment refuses that.
        ...attempt(() => JSON.parse(store.get(key)!) as Waiting)!,
        key,
      })),
    add(item) {
      // Sorts by time, also within the millisecond, and is no other tab's.
      lastAt = Math.max(page.Date.now(), lastAt + 1);
      // Who is to be forgotten comes last, and is not dropped for what is done as another.
      const last = item.name === "forgetSession" ? "~" : "";
      const { key = prefix + last + lastAt + page.Math.random() } = item;
      store.set(key, JSON.stringify(item));
      for (const oldest of store.keys(prefix).slice(0, -LIMIT)) {
        store.set(oldest);
        onDropped(++dropped);
      }
    },
  };
}
