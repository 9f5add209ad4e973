/**
 * The only source of time and timers in the embedded deployment, so that tests can control both.
 */
export interface Clock {
  /** Wall-clock milliseconds since the epoch. */
  now(): number;
  /** Calls back once `delayMs` have passed; returns what `clearTimeout` takes. */
  setTimeout(callback: () => void, delayMs: number): unknown;
  /** Calls back no more. */
  clearTimeout(handle: unknown): void;
  /**
   * How long who waits for a time of day trusts a timer before a look at the clock: timers stand still while the
   * machine sleeps, and know nothing of a clock that is set. @default as long as it takes
   */
  readonly trustsTimersMs?: number;
}

/** The process's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
  trustsTimersMs: 30_000,
};
