/** Limit for bytes that all clients together leave unread: four times what one may. */
const MAX_UNREAD_IN_ALL_BYTES = 128 * 1024 * 1024;

interface Reader {
  /** Bytes sent to the client and not yet taken by the system. */
  readonly unreadBytes: number;
  drop(): void;
}

/**
 * Bounds the memory for messages that clients do not read. The client with the most unread is
 * dropped first, so that nobody who reads is dropped for others.
 */
export class UnreadBudget {
  readonly #readers = new Set<Reader>();
  /** Upper bound of the unread bytes: bytes read since the last count are still in it. */
  #atMostBytes = 0;

  /**
   * Adds a client.
   * @returns the function that removes it
   */
  add(reader: Reader): () => void {
    this.#readers.add(reader);
    return () => void this.#readers.delete(reader);
  }

  /** Counts a sent message, so that the clients are looked at only once in many messages. */
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
