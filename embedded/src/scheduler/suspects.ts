/**
 * The jobs of which one may have ended the process before this one. While any is left, scheduled
 * mutations run one at a time, so that it is known which was under way if the process ends again.
 */
export class Suspects {
  readonly #left = new Set<string>();
  /** Settles when the last in line has ended. */
  #last: Promise<void> = Promise.resolve();

  add(keys: readonly string[]): void {
    for (const key of keys) this.#left.add(key);
  }

  /** Takes in that a job has run, or needs to run no more. */
  cleared(key: string): void {
    this.#left.delete(key);
  }

  /**
   * Waits until a mutation may run.
   * @returns the function that lets the next one run; undefined where none has to wait
   */
  async turn(): Promise<(() => void) | undefined> {
    if (this.#left.size === 0) return undefined;
    const before = this.#last;
    let end = () => {};
    this.#last = new Promise((resolve) => (end = resolve));
    await before;
    return end;
  }
}
