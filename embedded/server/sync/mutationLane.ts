/** Runs a mutation to its answer; calls `committing` when nothing can stop it any more. */
export type Mutation = (committing: () => void) => Promise<void>;

/**
 * The mutations of one client, in the order it sent them: each begins when the one
 * before it is answered.
 */
export class MutationLane {
  readonly #failed: (error: unknown) => void;
  readonly #queue: Mutation[] = [];
  #unanswered: Promise<void> | undefined;
  #running: Promise<void> | undefined;

  constructor(failed: (error: unknown) => void) {
    this.#failed = failed;
  }

  push(mutation: Mutation): void {
    this.#queue.push(mutation);
    this.#running ??= this.#run();
  }

  /** While a mutation is between its commit and its answer: settles at the answer. */
  get unanswered(): Promise<void> | undefined {
    return this.#unanswered;
  }

  /**
   * Forgets what has not begun, which the client sends again over its next socket;
   * resolves when what has begun is done.
   */
  async close(): Promise<void> {
    this.#queue.length = 0;
    await this.#running;
  }

  async #run(): Promise<void> {
    await Promise.resolve();
    try {
      for (
        let mutation = this.#queue.shift();
        mutation !== undefined;
        mutation = this.#queue.shift()
      ) {
        await this.#runOne(mutation);
      }
    } catch (error) {
      this.#queue.length = 0;
      this.#failed(error);
    } finally {
      this.#running = undefined;
    }
  }

  async #runOne(mutation: Mutation): Promise<void> {
    let answered = () => {};
    try {
      await mutation(() => {
        this.#unanswered = new Promise((resolve) => {
          answered = resolve;
        });
      });
    } finally {
      this.#unanswered = undefined;
      answered();
    }
  }
}
