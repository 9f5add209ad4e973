import { setImmediate } from "node:timers";

/** The one thread, as it is lent to a function. */
export interface Thread {
  /** Whether the function that asks has to give it away. */
  isTurnOver(nowMs: number): boolean;
  /** Calls `goOn` when it is the function's turn again. */
  inAnotherTurn(goOn: () => void): void;
}

/**
 * How long a call holds the thread before sockets, timers and other calls come. A call takes several turns of
 * the event loop, so beside a purge it waits for as many slices; the purge is as fast with shorter ones.
 */
const SLICE_MS = 2;

/** For how long short calls together hold the thread before a long one comes. */
const SHORT_SLICE_MS = 4;

/** A call that has used so much is a long one, for which no short one waits if it can be helped. */
const LONG_MS = 4;

/** When functions began to run in this turn of the event loop; null before they do. */
let sliceStartMs: number | null = null;
const waiting = { short: [] as (() => void)[], long: [] as (() => void)[] };
let isScheduled = false;

/**
 * The thread as a mutation has it, or a query that is one call, with all that they call. Most are over before they have
 * used up a slice, and go first; a long one has a slice of its own in each turn of the event loop, so that it is
 * never starved.
 */
export class CallThread implements Thread {
  /** When the call began, or went on. */
  #sinceMs = performance.now();
  #usedMs = 0;

  isTurnOver(nowMs: number): boolean {
    if (sliceStartMs === null) {
      beginSlice(nowMs);
      return false;
    }
    const sliceMs = nowMs - sliceStartMs;
    if (sliceMs <= SLICE_MS) return false;
    return (
      sliceMs > SHORT_SLICE_MS ||
      this.#isLong ||
      nowMs - this.#sinceMs > SLICE_MS
    );
  }

  inAnotherTurn(goOn: () => void): void {
    this.#usedMs += performance.now() - this.#sinceMs;
    const line = this.#isLong ? waiting.long : waiting.short;
    line.push(() => {
      this.#sinceMs = performance.now();
      goOn();
    });
    schedule();
  }

  /** Waits for another turn where the call has held the thread for long enough; else undefined. */
  readonly giveWay = (): Promise<void> | undefined =>
    this.isTurnOver(performance.now())
      ? new Promise((resolve) => this.inAnotherTurn(resolve))
      : undefined;

  get #isLong(): boolean {
    return this.#usedMs > LONG_MS;
  }
}

function beginSlice(nowMs: number): void {
  if (sliceStartMs === null) setImmediate(endSlice);
  sliceStartMs = nowMs;
}

function endSlice(): void {
  sliceStartMs = null;
}

function schedule(): void {
  if (isScheduled) return;
  isScheduled = true;
  setImmediate(resumeShort);
}

/** Resumes short calls, those first that have waited longest: one a turn, and more while there is time. */
function resumeShort(): void {
  const goOn = waiting.short.shift();
  if (goOn === undefined) return resumeLong();
  const startMs = performance.now();
  // However long calls took that came in meanwhile.
  beginSlice(startMs);
  goOn();
  onceStill(function next() {
    const isOver = performance.now() - startMs > SLICE_MS;
    const another = isOver ? undefined : waiting.short.shift();
    if (another === undefined) return resumeLong();
    another();
    onceStill(next);
  });
}

/** Resumes the long call that has waited longest, however long short ones took. */
function resumeLong(): void {
  isScheduled = false;
  const goOn = waiting.long.shift();
  if (waiting.short.length > 0 || waiting.long.length > 0) schedule();
  if (goOn === undefined) return;
  beginSlice(performance.now());
  goOn();
}

/** Calls `next` when all that went on has run as far as it gets: after the last promise of this moment. */
function onceStill(next: () => void): void {
  queueMicrotask(() => process.nextTick(next));
}
