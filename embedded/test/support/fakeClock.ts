import type { Clock } from "../../src/clock.js";

interface Timer {
  atMs: number;
  callback: () => void;
}

/** A clock that stands still until a test moves it. */
export class FakeClock implements Clock {
  #nowMs: number;
  readonly #timers = new Set<Timer>();
  readonly #awaited = new Set<Timer>();

  constructor(nowMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = nowMs;
  }

  now(): number {
    return this.#nowMs;
  }

  setTimeout(callback: () => void, delayMs: number): unknown {
    const timer = { atMs: this.#nowMs + delayMs, callback };
    this.#timers.add(timer);
    for (const awaited of this.#awaited) {
      if (timer.atMs > awaited.atMs) continue;
      this.#awaited.delete(awaited);
      awaited.callback();
    }
    return timer;
  }

  clearTimeout(timer: unknown): void {
    this.#timers.delete(timer as Timer);
  }

  /** Time when the earliest timer fires; undefined without timers. */
  get nextTimerMs(): number | undefined {
    const times = [...this.#timers].map(({ atMs }) => atMs);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** Number of timers that fire up to a time. */
  timersUntil(timeMs: number): number {
    return [...this.#timers].filter(({ atMs }) => atMs <= timeMs).length;
  }

  /** Resolves as soon as a timer is set that fires within so long, not counting those that are set already. */
  timerSetWithin(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#awaited.add({ atMs: this.#nowMs + ms, callback: resolve });
    });
  }

  /** Moves the time as a machine that slept: it is later, and no due timer has fired. */
  jump(ms: number): void {
    this.#nowMs += ms;
  }

  /** Moves the time and fires due timers on the way, in order, each at its own time. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      const [next] = [...this.#timers]
        .filter(({ atMs }) => atMs <= untilMs)
        .sort((a, b) => a.atMs - b.atMs);
      if (next === undefined) {
        break;
      }
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.callback();
    }
    this.#nowMs = untilMs;
  }
}
