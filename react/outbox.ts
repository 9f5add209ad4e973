import { attempt } from "./page.js";
import type { Store } from "./store.js";

/** A call that waits to be made: function name and encoded arguments. */
export type Waiting = [
  name: "trackUserAction" | "endSession" | "forgetSession",
  args: Record<string, unknown>,
];

/** What waits at most; over it the oldest is dropped. */
const LIMIT = 100;

/**
 * What waits for the deployment, in order, shared by the tabs through the store. An item is taken
 * out before it is sent, so that a page that goes away meanwhile does not leave it to be sent again.
 */
export interface Outbox {
  read(): Waiting[];
  /** Returns how many old items had to be dropped. */
  write(items: Waiting[]): number;
}

export function createOutbox(store: Store, key: string): Outbox {
  return {
    // What others may have put there is not sent.
    read: () =>
      attempt(() => [...(JSON.parse(store.get(key) ?? "[]") as Waiting[])]) ??
      [],
    write(items) {
      const kept = items.slice(-LIMIT);
      store.set(key, kept[0] && JSON.stringify(kept));
      return items.length - kept.length;
    },
  };
}
