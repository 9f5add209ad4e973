import { prefixEnd } from "../../storage/store.js";
import { metaKey, metaName } from "./keyspace.js";
import type { PendingView } from "./view.js";

export interface MetaRange {
  /** Start of the range, inclusive; `to` is exclusive. Both are whole keys. */
  from?: string;
  to?: string;
  limit?: number;
  reverse?: boolean;
}

/**
 * Named texts in the same commit as the documents: due jobs, code, environment variables, request
 * records. They do not count against a function's limits.
 */
export class Meta {
  readonly #view: PendingView;
  readonly #assertWritable: () => void;

  constructor(view: PendingView, assertWritable: () => void) {
    this.#view = view;
    this.#assertWritable = assertWritable;
  }

  get(name: string): string | undefined {
    return this.#view.get(metaKey(name));
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
    for (const { key, value } of this.#view.frozen().range(range)) {
      yield { key: metaName(key), value };
      remaining -= 1;
      if (remaining <= 0) {
        return;
      }
    }
  }
}
