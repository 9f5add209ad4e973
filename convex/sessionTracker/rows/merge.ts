/** Merging walks: going through the rows of several indexes as through those of one. */
import { comparePlaces, type Order, type Place } from "../shared/places.js";

/** The rows of all walks in one order; each walk is read one row ahead. */
export async function* merged<Item extends { place: Place }>(
  walks: AsyncIterable<Item>[],
  order: Order,
): AsyncGenerator<Item> {
  const open = walks.map((walk) => walk[Symbol.asyncIterator]());
  try {
    const heads: Head<Item>[] = [];
    for (const iterator of open) {
      const next = () => iterator.next();
      const first = await next();
      if (!first.done) heads.push({ item: first.value, next });
    }
    for (;;) {
      heads.sort((a, b) => comparePlaces(a.item.place, b.item.place, order));
      const [head] = heads;
      if (head === undefined) return;
      yield head.item;
      const result = await head.next();
      if (result.done) heads.shift();
      else head.item = result.value;
    }
  } finally {
    for (const iterator of open) await iterator.return?.();
  }
}

// ── Helpers ─────────────────────────────────────────────────────────────────

interface Head<Item> {
  item: Item;
  next: () => Promise<IteratorResult<Item>>;
}
