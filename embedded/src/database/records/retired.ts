import { prefixEnd, type Key } from "../../storage/store.js";
import { RETIRED, retiredHead, retiredKey } from "./keyspace.js";
import type { PendingView } from "./view.js";

/** Keys that one commit of a sweep deletes. */
const SWEEP_KEYS = 1_000;

/**
 * Retires everything under a head, such as a dropped index's entries: readers of the catalog stop
 * seeing it at once, while its keys are deleted later, some a commit.
 */
export function retire(view: PendingView, head: Key): void {
  view.set(retiredKey(head), "");
}

/**
 * Deletes up to {@link SWEEP_KEYS} keys under retired heads.
 * @returns whether any head is left
 */
export function sweep(view: PendingView): boolean {
  let remaining = SWEEP_KEYS;
  for (const { key } of [...view.range(RETIRED)]) {
    const head = retiredHead(key)!;
    const range = { lower: head, upper: prefixEnd(head) };
    const keys: Key[] = [];
    for (const entry of view.frozen().range(range)) {
      if (keys.length === remaining) break;
      keys.push(entry.key);
    }
    for (const gone of keys) view.set(gone, null);
    remaining -= keys.length;
    if (remaining === 0) return true;
    view.set(key, null);
  }
  return false;
}
