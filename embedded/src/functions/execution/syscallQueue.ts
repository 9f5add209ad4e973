import { inAnotherTurn, isTurnOver } from "./turns.js";
import { startUserTime } from "./userTime.js";

/**
 * The syscalls of one query or mutation, in the order they were made, one at a time. Most are over
 * on the spot; those made while a nested call is under way have to wait. Between two of them the
 * thread is given away, once functions have held it for a while.
 */
export class SyscallQueue {
  #isBusy = false;
  /** Whether nothing is under way, and only the thread was given away. */
  #hasGivenAway = false;
  #isDraining = false;
  /** Whether the thread is given away at all. */
  readonly givesAway: boolean;
  #waiting: (() => void)[] = [];

  constructor(givesAway: boolean) {
    this.givesAway = givesAway;
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
    const mayStay = this.#isDraining || !this.givesAway;
    if (mayStay || !isTurnOver(performance.now())) return answer;
    this.#isBusy = true;
    this.#hasGivenAway = true;
    return new Promise((resolve) => {
      inAnotherTurn(() => {
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
