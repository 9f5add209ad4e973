import { clearTimeout, setTimeout } from "node:timers";
import type { Clock } from "../../clock.js";
import {
  currentExecution,
  type Execution,
} from "../../functions/execution/execution.js";
import { Timers, type Timer } from "./timers.js";

interface OwnedTimer extends Timer {
  /** The function that set the timer; undefined for the deployment's own. */
  readonly owner: Execution | undefined;
}

/** Longest delay of a timer of Node. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** A deployment's clock, which stands still until a test turns it, or runs on from where it was set. */
export class TurnedClock implements Clock {
  readonly #timers = new Timers();
  readonly #live = new Set<OwnedTimer>();
  /** How many timers each running function waits for. */
  readonly #owned = new Map<Execution, number>();
  /** The time at `#since`, or now where it stands. */
  #atMs: number;
  /** When the clock began to run, by the process's clock; undefined while it stands. */
  #since: number | undefined;
  #wake: NodeJS.Timeout | undefined;
  #order = 0;

  constructor(nowMs: number) {
    this.#atMs = nowMs;
  }

  now(): number {
    if (this.#since === undefined) return this.#atMs;
    return Math.floor(this.#atMs + performance.now() - this.#since);
  }

  setTimeout(callback: () => void, delayMs: number): unknown {
    const owner = currentExecution();
    const timer: OwnedTimer = {
      atMs: this.now() + Math.max(0, delayMs),
      order: (this.#order += 1),
      callback,
      owner,
    };
    this.#timers.add(timer);
    this.#live.add(timer);
    if (owner !== undefined) {
      this.#owned.set(owner, (this.#owned.get(owner) ?? 0) + 1);
    }
    this.#rearm();
    return timer;
  }

  clearTimeout(handle: unknown): void {
    const timer = handle as OwnedTimer;
    if (this.#forget(timer)) this.#timers.stop(timer);
  }

  /** Whether a running function waits for a timer of its own. */
  isAwaitedBy(execution: Execution): boolean {
    return this.#owned.has(execution);
  }

  /** How many timers were ever set. */
  get timersSet(): number {
    return this.#order;
  }

  /** When the first timer fires; undefined without one. */
  get nextTimerMs(): number | undefined {
    return this.#timers.first()?.atMs;
  }

  /** Moves the time of a clock that stands on to the first timer's, and fires that. */
  fireNext(): void {
    const timer = this.#timers.take() as OwnedTimer | undefined;
    if (timer === undefined) return;
    this.#forget(timer);
    this.#atMs = Math.max(this.#atMs, timer.atMs);
    timer.callback();
  }

  /** Moves the time of a clock that stands on, firing nothing. */
  moveTo(timeMs: number): void {
    this.#atMs = Math.max(this.#atMs, timeMs);
  }

  get isRunning(): boolean {
    return this.#since !== undefined;
  }

  /** Lets the time pass from now on, as fast as it does. */
  run(): void {
    this.#since ??= performance.now();
    this.#rearm();
  }

  stand(): void {
    this.#atMs = this.now();
    this.#since = undefined;
    clearTimeout(this.#wake);
  }

  /** Forgets all timers: those who set them are gone. */
  clear(): void {
    this.#timers.clear();
    this.#live.clear();
    this.#owned.clear();
    clearTimeout(this.#wake);
  }

  #rearm(): void {
    if (this.#since === undefined) return;
    clearTimeout(this.#wake);
    const nextMs = this.nextTimerMs;
    if (nextMs === undefined) return;
    const delayMs = Math.min(Math.max(0, nextMs - this.now()), MAX_DELAY_MS);
    this.#wake = setTimeout(() => this.#fireDue(), delayMs).unref();
  }

  #fireDue(): void {
    for (;;) {
      const first = this.#timers.first() as OwnedTimer | undefined;
      if (first === undefined || first.atMs > this.now()) break;
      this.#timers.take();
      this.#forget(first);
      first.callback();
    }
    this.#rearm();
  }

  /** @returns whether the timer had not fired and not been stopped */
  #forget(timer: OwnedTimer): boolean {
    if (!this.#live.delete(timer)) return false;
    const { owner } = timer;
    if (owner !== undefined) {
      const left = this.#owned.get(owner)! - 1;
      if (left === 0) this.#owned.delete(owner);
      else this.#owned.set(owner, left);
    }
    return true;
  }
}
