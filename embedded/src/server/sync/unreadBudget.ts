/** Limit for bytes that all clients together leave unread: twice what one may. */
const MAX_UNREAD_IN_ALL_BYTES = 64 * 1024 * 1024;

interface Reader {
  /** Bytes sent to the client and not yet taken by the system. */
  readonly unreadBytes: number;
  /** Buffers among them, or parts of them among them, that other clients may have unread, too. */
  readonly unreadShared: readonly Buffer[];
  drop(): void;
}

/**
 * Bounds the memory for messages that clients do not read. What several clients have unread and
 * lies in memory once is counted once. The client with the most unread is dropped first, so that
 * nobody who reads is dropped for others.
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
      shared: reader.unreadShared,
    }));
    readers.sort((a, b) => a.unreadBytes - b.unreadBytes);
    const holders = new Map<Buffer, number>();
    let total = 0;
    for (const { unreadBytes, shared } of readers) {
      total += ownBytes(unreadBytes, shared);
      for (const buffer of shared) {
        const others = holders.get(buffer) ?? 0;
        if (others === 0) total += buffer.length;
        holders.set(buffer, others + 1);
      }
    }
    while (total > MAX_UNREAD_IN_ALL_BYTES) {
      const most = readers.pop();
      if (most === undefined) break;
      most.reader.drop();
      total -= ownBytes(most.unreadBytes, most.shared);
      for (const buffer of most.shared) {
        const others = (holders.get(buffer) ?? 1) - 1;
        if (others === 0) total -= buffer.length;
        holders.set(buffer, others);
      }
    }
    this.#atMostBytes = total;
  }
}

/** The bytes that only one client has unread. */
function ownBytes(unreadBytes: number, shared: readonly Buffer[]): number {
  const sharedBytes = shared.reduce((sum, { length }) => sum + length, 0);
  return Math.max(0, unreadBytes - sharedBytes);
}
