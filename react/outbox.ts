import { attempt } from "./page.js";
import type { Store } from "./store.js";
import type { MutationName } from "./wire.js";

/** A call that waits to be made: function name and encoded arguments. */
export type Waiting = [name: MutationName, args?: Record<string, unknown>];

/**
 * What waits for the deployment, in order, shared by the tabs through the store. An item is taken
 * out before it is sent, so that a page that goes away meanwhile does not leave it to be sent again.
 */
export interface Outbox {
  read(): Waiting[];
  write(items: Waiting[]): void;
}

/** What waits at most; over it the oldest is dropped. */
const LIMIT = 100;

/** @param onDropped gets the number of all that were */
export function createOutbox(
  store: Store,
  key: string,
  onDropped: (count: number) => void,
): Outbox {
  let dropped = 0;

  return {
    // Others may have put anything there.
    read: () =>
      attempt(() =>
        store
          .all(key)
          .flatMap((items) => JSON.parse(items) as Waiting[])
          .filter(Array.isArray),
      ) ?? [],
    write(items) {
      const kept = items.slice(-LIMIT);
      store.set(key, kept[0] && JSON.stringify(kept));
      const lost = items.length - kept.length;
      if (lost > 0) onDropped((dropped += lost));
    },
  };
}
