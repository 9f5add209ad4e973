import { prefixEnd, type Key } from "../../storage/store.js";
import { metaKey, metaName } from "./keyspace.js";
import type { PendingView } from "./view.js";

export interface MetaRange {
  /** Start of the range, inclusive; `to` is exclusive. Both are whole keys. */
  from?: string;
  to?: string;
  limit?: number;
  reverse?: boolean;
}

/** Where keys and intervals that were read are noted. */
export interface MetaReads {
  readonly keys: Set<Key>;
  readonly intervals: { readonly lower: Key; readonly upper: Key }[];
}

/**
 * Named texts in the same commit as the documents: due jobs, code, environment variables, request
 * records. They do not count against a function's limits.
 */
export class Meta {
  readonly #view: PendingView;
  readonly #reads: MetaReads | null;
  readonly #assertWritable: () => void;

  /** @param reads - takes in what is read; null where nobody asks */
  constructor(
    view: PendingView,
    reads: MetaReads | null,
    assertWritable: () => void,
  ) {
    this.#view = view;
    this.#reads = reads;
    this.#assertWritable = assertWritable;
  }

  get(name: string): string | undefined {
    const key = metaKey(name);
    this.#reads?.keys.add(key);
    return this.#view.get(key);
  }

  put(name: string, value: string): void {
    this.#assertWritable();
    this.#view.set(metaKey(name), value);
  }

  delete(name: string): void {
    this.#assertWritable();
    this.#view.set(metaKey(name), null);
  }

  /** Entries whose name starts with `prefix`, in the byte order of their names. */
  *range(
    prefix: string,
    { from, to, limit = Infinity, reverse = false }: MetaRange = {},
  ): IterableIterator<{ key: string; value: string }> {
    const start = metaKey(prefix);
    const end = prefixEnd(start);
    const lower = from === undefined ? start : metaKey(from);
    const upper = to === undefined ? end : metaKey(to);
    let remaining = limit;
    if (remaining <= 0) {
      return;
    }
    const range = {
      lower: lower > start ? lower : start,
      upper: upper < end ? upper : end,
      reverse,
    };
    this.#reads?.intervals.push(range);
    for (const { key, value } of this.#view.frozen().range(range)) {
      yield { key: metaName(key), value };
      remaining -= 1;
      if (remaining <= 0) {
        return;
      }
    }
  }
}
