type Listener = (event: Event) => void;

/**
 * An EventTarget whose events may say that a person caused them: `isTrusted` of a real event cannot
 * be set by a test.
 */
export class PageTarget {
  readonly #listeners = new Map<string, Set<Listener>>();

  addEventListener(
    type: string,
    listener: Listener,
    { signal }: { signal?: AbortSignal } = {},
  ): void {
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners);
    listeners.add(listener);
    signal?.addEventListener("abort", () => listeners.delete(listener));
  }

  emit(type: string, fields: object = {}): void {
    const event = { type, isTrusted: true, ...fields };
    for (const listener of [...(this.#listeners.get(type) ?? [])]) {
      listener(event as unknown as Event);
    }
  }

  /** How many listen, to whatever. */
  get listening(): number {
    return [...this.#listeners.values()].reduce(
      (sum, set) => sum + set.size,
      0,
    );
  }
}
