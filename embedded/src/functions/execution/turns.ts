import { setImmediate } from "node:timers";

/** The one thread, as it is lent to a function. */
export interface Thread {
  /** Whether the function that asks has to give it away. */
  isTurnOver(nowMs: number): boolean;
  /** Calls `goOn` when it is the function's turn again. */
  inAnotherTurn(goOn: () => void): void;
}

/**
 * How long functions hold the thread before sockets, timers and other functions come. A call takes several turns of
 * the event loop, so beside a purge it waits for as many slices: 9 ms (p50) with 2, 18 with 5; the purge is as fast.
 */
const SLICE_MS = 2;

/** Those that gave the thread away and go on, some a turn. */
const MAX_RESUMED = 16;

/** When functions began to run in this turn of the event loop; null before they do. */
let sliceStartMs: number | null = null;
const waiting: (() => void)[] = [];
let scheduled = 0;
let left = 0;

/** The thread for mutations and for queries that are one call. */
export const CALLS_THREAD: Thread = { isTurnOver, inAnotherTurn };

/** Whether functions have held the thread for so long that the one that asks has to wait. */
function isTurnOver(nowMs: number): boolean {
  if (sliceStartMs === null) {
    sliceStartMs = nowMs;
    setImmediate(endSlice);
    return false;
  }
  return nowMs - sliceStartMs > SLICE_MS;
}

/** Calls `goOn` in another turn: whoever has waited longest first, and at least one a turn. */
function inAnotherTurn(goOn: () => void): void {
  waiting.push(goOn);
  if (left === 0) schedule();
}

/** Waits for another turn where functions have held the thread for long enough; else undefined. */
export function giveWay(): Promise<void> | undefined {
  return isTurnOver(performance.now())
    ? new Promise((resolve) => inAnotherTurn(resolve))
    : undefined;
}

function endSlice(): void {
  sliceStartMs = null;
}

function schedule(): void {
  scheduled = Math.min(waiting.length, MAX_RESUMED);
  left = scheduled;
  // Between two of them the first runs as far as it gets: a callback waits for all promises.
  for (let i = 0; i < scheduled; i += 1) setImmediate(resumeOne);
}

function resumeOne(): void {
  const nowMs = performance.now();
  const isFirst = left === scheduled;
  left -= 1;
  // However long calls took that came in meanwhile.
  if (isFirst) {
    if (sliceStartMs === null) setImmediate(endSlice);
    sliceStartMs = nowMs;
  }
  const goOn = isFirst || !isTurnOver(nowMs) ? waiting.shift() : undefined;
  if (left === 0 && waiting.length > 0) schedule();
  goOn?.();
}
