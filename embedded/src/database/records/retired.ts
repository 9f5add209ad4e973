import { prefixEnd, type Key } from "../../storage/store.js";
import { FILES_TABLE, type Table } from "./catalog.js";
import { Document } from "./documents.js";
import { metaKey, RETIRED, retiredHead, retiredKey } from "./keyspace.js";
import type { PendingView } from "./view.js";

/** Prefix of the meta keys that name files whose rows are gone, by their storage keys. */
export const GONE_FILES = "files/gone/";

/** Keys that one commit of a sweep deletes. */
const SWEEP_KEYS = 1_000;

/**
 * Retires everything under a head, such as a dropped index's entries: readers of the catalog stop
 * seeing it at once, while its keys are deleted later, some a commit.
 */
export function retire(view: PendingView, head: Key): void {
  view.set(retiredKey(head), "");
}

/** Retires a table's documents; the files of those that had one are named as gone. */
export function retireDocuments(view: PendingView, table: Table): void {
  view.set(retiredKey(table.head), table.name === FILES_TABLE ? FILES : "");
}

/** Mark of a retired head whose documents are rows of files. */
const FILES = "files";

/**
 * Deletes up to {@link SWEEP_KEYS} keys under retired heads.
 * @returns whether any head is left
 */
export function sweep(view: PendingView): boolean {
  let remaining = SWEEP_KEYS;
  for (const { key, value: mark } of [...view.range(RETIRED)]) {
    const head = retiredHead(key)!;
    const range = { lower: head, upper: prefixEnd(head) };
    const keys: Key[] = [];
    for (const entry of view.frozen().range(range)) {
      if (keys.length === remaining) break;
      keys.push(entry.key);
      if (mark === FILES) {
        const { storageKey } = new Document(entry.value).value;
        view.set(metaKey(`${GONE_FILES}${storageKey as string}`), "");
      }
    }
    for (const gone of keys) view.set(gone, null);
    remaining -= keys.length;
    if (remaining === 0) return true;
    view.set(key, null);
  }
  return false;
}
