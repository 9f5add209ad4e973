/** What all clients together may leave unread: a few more than those who read are many who do not. */
const MAX_UNREAD_IN_ALL_BYTES = 128 * 1024 * 1024;

interface Reader {
  /** Sent to it, and not yet taken by the system. */
  readonly unreadBytes: number;
  drop(): void;
}

/**
 * Bounds the memory that clients who do not read hold. Whoever leaves the most unread goes first, so
 * that nobody who reads is dropped for others.
 */
export class UnreadBudget {
  readonly #readers = new Set<Reader>();
  /** No less than what is unread: what was read since it was last counted is still in it. */
  #atMostBytes = 0;

  /** @returns takes it out again */
  add(reader: Reader): () => void {
    this.#readers.add(reader);
    return () => void this.#readers.delete(reader);
  }

  /** To be told of each message, so that all need be looked at only once in many of them. */
  sent(sizeBytes: number): void {
    this.#atMostBytes += sizeBytes;
    if (this.#atMostBytes > MAX_UNREAD_IN_ALL_BYTES) this.#count();
  }

  #count(): void {
    const readers = [...this.#readers].map((reader) => ({
      reader,
      unreadBytes: reader.unreadBytes,
    }));
    readers.sort((a, b) => a.unreadBytes - b.unreadBytes);
    let total = readers.reduce((sum, { unreadBytes }) => sum + unreadBytes, 0);
    while (total > MAX_UNREAD_IN_ALL_BYTES) {
      const most = readers.pop();
      if (most === undefined) break;
      most.reader.drop();
      total -= most.unreadBytes;
    }
    this.#atMostBytes = total;
  }
}
