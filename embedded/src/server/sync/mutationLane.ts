/**
 * Runs a mutation until it is on disk and returns the function that sends its answer; calls
 * `committing` when no later mutation can overtake it any more.
 */
export type Mutation = (committing: () => void) => Promise<() => void>;

/**
 * The mutations of one client, run and answered in the order it sent them. The next begins when the
 * one before it commits, so that many reach the disk together; none is answered before it is on
 * disk.
 */
export class MutationLane {
  readonly #failed: (error: unknown) => void;
  readonly #queue: Mutation[] = [];
  /** Settles when every mutation that has begun is answered. */
  #answers: Promise<void> = Promise.resolve();
  #unanswered: Promise<void> | undefined;
  #running: Promise<void> | undefined;

  constructor(failed: (error: unknown) => void) {
    this.#failed = failed;
  }

  push(mutation: Mutation): void {
    this.#queue.push(mutation);
    this.#running ??= this.#run();
  }

  /** Settles when every mutation that has committed by now is answered. */
  get unanswered(): Promise<void> | undefined {
    return this.#unanswered;
  }

  /**
   * Forgets mutations that have not begun, which the client sends again over its next socket;
   * resolves when those that have begun are done.
   */
  async close(): Promise<void> {
    this.#queue.length = 0;
    await this.#running;
    await this.#answers;
  }

  async #run(): Promise<void> {
    await Promise.resolve();
    for (
      let mutation = this.#queue.shift();
      mutation !== undefined;
      mutation = this.#queue.shift()
    ) {
      await this.#begin(mutation);
    }
    this.#running = undefined;
  }

  /** Runs one mutation; resolves when the next may begin. */
  #begin(mutation: Mutation): Promise<void> {
    return new Promise((next) => {
      const ran = mutation(() => {
        this.#unanswered = this.#answers;
        next();
      });
      this.#answers = this.#answerAfter(this.#answers, ran).finally(next);
    });
  }

  async #answerAfter(
    before: Promise<void>,
    ran: Promise<() => void>,
  ): Promise<void> {
    try {
      const answer = await ran;
      await before;
      answer();
    } catch (error) {
      this.#queue.length = 0;
      this.#failed(error);
    }
  }
}
