/** Limit for results that wait for the others of their transition. */
const MAX_GATHERED_BYTES = 16 * 1024 * 1024;

/**
 * Bounds the memory for results of transitions that are being made. Beyond the limit only the one
 * that began first goes on, the others when there is room again.
 */
export class Gathering {
  /** Bytes by transition, in the order in which they began. */
  readonly #gathered = new Map<object, number>();
  readonly #waiting = new Set<() => void>();
  #bytes = 0;

  add(transition: object, sizeBytes: number): void {
    this.#gathered.set(
      transition,
      (this.#gathered.get(transition) ?? 0) + sizeBytes,
    );
    this.#bytes += sizeBytes;
  }

  /** Whether a transition may gather more. */
  hasRoom(transition: object): boolean {
    const [first] = this.#gathered.keys();
    return this.#bytes < MAX_GATHERED_BYTES || first === transition;
  }

  /** Resolves when it is worth asking again. */
  change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.add(resolve));
  }

  /** Forgets a transition that has ended. */
  end(transition: object): void {
    this.#bytes -= this.#gathered.get(transition) ?? 0;
    if (!this.#gathered.delete(transition)) return;
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}
