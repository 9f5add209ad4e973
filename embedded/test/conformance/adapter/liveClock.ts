import type { Clock } from "../../../src/clock.js";

/**
 * A clock that looks its globals up at each use, so that fake timers control it as soon as a test
 * installs them.
 */
export const liveClock: Clock = {
  now: () => Date.now(),
  setTimeout: (callback, delayMs) => globalThis.setTimeout(callback, delayMs),
  clearTimeout: (timer) => globalThis.clearTimeout(timer as NodeJS.Timeout),
};
