import type { Thread } from "./turns.js";
import { startUserTime } from "./userTime.js";

/**
 * The syscalls of one query or mutation, in the order they were made, one at a time. Most are over
 * on the spot; those made while a nested call is under way have to wait. Between two of them the
 * thread is given away, once it is others' turn.
 */
export class SyscallQueue {
  #isBusy = false;
  /** Whether nothing is under way, and only the thread was given away. */
  #hasGivenAway = false;
  #isDraining = false;
  readonly #thread: Thread;
  #waiting: (() => void)[] = [];

  constructor(thread: Thread) {
    this.#thread = thread;
  }

  /** Runs a syscall, which must not reject, when it is its turn. */
  run<T>(start: () => T | Promise<T>): T | Promise<T> {
    if (!this.#isBusy) return this.#start(start);
    return new Promise((resolve) => {
      this.#waiting.push(() => resolve(this.#start(start)));
    });
  }

  /** Runs those that their function made and did not wait for, up to a nested call. */
  finish(): void {
    if (!this.#hasGivenAway) return;
    this.#isDraining = true;
    this.#next();
  }

  #start<T>(start: () => T | Promise<T>): T | Promise<T> {
    const answer = start();
    if (answer instanceof Promise) {
      this.#isBusy = true;
      return answer.then((value) => {
        startUserTime();
        this.#next();
        return value;
      });
    }
    if (this.#isDraining || !this.#thread.isTurnOver(performance.now())) {
      return answer;
    }
    this.#isBusy = true;
    this.#hasGivenAway = true;
    return new Promise((resolve) => {
      this.#thread.inAnotherTurn(() => {
        // The time in between is nobody's.
        startUserTime();
        resolve(answer);
        if (this.#hasGivenAway) this.#next();
      });
    });
  }

  #next(): void {
    this.#isBusy = false;
    this.#hasGivenAway = false;
    while (!this.#isBusy) {
      const run = this.#waiting.shift();
      if (run === undefined) return;
      run();
    }
  }
}
