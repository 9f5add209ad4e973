type Listener = (event: Event) => void;

/**
 * An EventTarget whose events may say that a person caused them: `isTrusted` of a real event cannot
 * be set by a test.
 */
export class PageTarget {
  readonly #listeners = new Map<
    string,
    Map<Listener, AddEventListenerOptions>
  >();

  addEventListener(
    type: string,
    listener: Listener,
    options: AddEventListenerOptions = {},
  ): void {
    const listeners =
      this.#listeners.get(type) ?? new Map<Listener, AddEventListenerOptions>();
    this.#listeners.set(type, listeners);
    listeners.set(listener, options);
    options.signal?.addEventListener("abort", () => listeners.delete(listener));
  }

  emit(type: string, fields: object = {}): void {
    const event = { type, isTrusted: true, ...fields };
    for (const listener of [...(this.#listeners.get(type)?.keys() ?? [])]) {
      listener(event as unknown as Event);
    }
  }

  /** The number of listeners, of any type. */
  get listening(): number {
    return [...this.#listeners.values()].reduce(
      (sum, listeners) => sum + listeners.size,
      0,
    );
  }

  /** Whether the browser has to ask a listener before it acts on such an event itself. */
  mayHoldUp(type: string): boolean {
    const listeners = this.#listeners.get(type)?.values() ?? [];
    return [...listeners].some(({ passive }) => passive !== true);
  }
}
