import type { Transaction } from "../database/transactions/transaction.js";

/** A lane, which has its own order of due work. */
export type LaneName = "mutation" | "action" | "cron" | "expiry";

/** A stored entry of due work. */
export interface DueEntry {
  readonly key: string;
  readonly value: string;
}

let keysMade = 0;

/** The key of an entry due at `timeMs`; entries of the same time keep the order they were made in. */
export function dueKey(lane: LaneName, timeMs: number, ts: bigint): string {
  // The transaction orders entries across restarts, the counter those within it.
  const order = `${hex(ts)}${hex(BigInt(keysMade++))}`;
  return `${duePrefix(lane)}${sortableTime(timeMs)}/${order}`;
}

/** The prefix of all keys of a lane. */
export function duePrefix(lane: LaneName): string {
  return `scheduler/due/${lane}/`;
}

/** The time when an entry is due. */
export function dueTimeMs(lane: LaneName, key: string): number {
  const start = duePrefix(lane).length;
  scratch.setBigUint64(0, BigInt(`0x${key.slice(start, start + 16)}`));
  return scratch.getFloat64(0);
}

/**
 * Up to `limit` entries that are due at `nowMs`, earliest first.
 * @param from - a key before which there are none
 */
export function dueEntries(
  tx: Transaction,
  lane: LaneName,
  nowMs: number,
  limit: number,
  from = duePrefix(lane),
): DueEntry[] {
  const to = `${duePrefix(lane)}${sortableTime(nowMs)}0`;
  return from < to
    ? [...tx.meta.range(duePrefix(lane), { from, to, limit })]
    : [];
}

/** Entries of several lanes in one order, after a place in it; `""` is before all. */
export function* dueInOrder(
  tx: Transaction,
  lanes: readonly LaneName[],
  after: string,
): Iterable<{ readonly place: string; readonly value: string }> {
  const waiting = lanes.map((lane) => {
    const prefix = duePrefix(lane);
    const entries = tx.meta.range(prefix, { from: `${prefix}${after}` });
    const next = () => {
      for (;;) {
        const entry = entries.next();
        if (entry.done === true) return undefined;
        const { key, value } = entry.value;
        const place = key.slice(prefix.length);
        if (place > after) return { place, value };
      }
    };
    return { next, head: next() };
  });
  for (;;) {
    const [first] = waiting
      .filter(({ head }) => head !== undefined)
      .sort((a, b) => (a.head!.place < b.head!.place ? -1 : 1));
    if (first?.head === undefined) return;
    yield first.head;
    first.head = first.next();
  }
}

const scratch = new DataView(new ArrayBuffer(8));

/**
 * A time as text that sorts like the number: the bits of a double do, as times are never negative.
 */
function sortableTime(timeMs: number): string {
  scratch.setFloat64(0, Math.max(0, timeMs));
  return hex(scratch.getBigUint64(0));
}

function hex(value: bigint): string {
  return value.toString(16).padStart(16, "0");
}
