import { clearTimeout, setImmediate, setTimeout } from "node:timers";

/** How long live queries hold the thread before calls and other clients come. */
const SLICE_MS = 5;

/** A turn that takes longer waits for something, or gives the thread away by itself. */
const LATE_MS = 25;

/** Limit for turns that go on while others have theirs. */
const MAX_LATE = 16;

/** One client's use of the thread. */
export interface Turn {
  /** Whether it is time to end it, and to ask for another one. */
  readonly isOver: boolean;
  /** Ends the turn; safe to call again. */
  end(): void;
}

type Line = "urgent" | "others";

/**
 * Whose live queries are next: one client after the other, each for a short while, and now and then
 * nobody's, so that calls are answered meanwhile. Those that wait for something of their own are
 * served in turns with the others.
 */
export class Turns {
  readonly #lines: Record<Line, Waiting[]> = { urgent: [], others: [] };
  #current: StartedTurn | undefined;
  readonly #late = new Set<StartedTurn>();
  #lastServed: Line = "others";
  /** Time used since calls could last come. */
  #sliceMs = 0;
  #isSliceOpen = false;
  #lateness: NodeJS.Timeout | undefined;
  #workMs = 0;

  /** The time that all turns have taken. */
  get workMs(): number {
    return this.#workMs;
  }

  /** Waits for a turn. */
  take(line: Line): Promise<Turn> {
    return new Promise((resolve) => {
      this.#lines[line].push(resolve);
      this.#serve();
    });
  }

  #serve(): void {
    if (this.#current !== undefined || this.#sliceMs >= SLICE_MS) return;
    if (this.#late.size >= MAX_LATE) return;
    const next = this.#next();
    if (next === undefined) return;
    this.#openSlice();
    const turn = new StartedTurn((ended) => this.#ended(ended));
    this.#current = turn;
    this.#lateness ??= setTimeout(() => this.#lookForLate(), LATE_MS);
    next(turn);
  }

  #next(): Waiting | undefined {
    const { urgent, others } = this.#lines;
    const isUrgent =
      urgent.length > 0 &&
      (this.#lastServed === "others" || others.length === 0);
    this.#lastServed = isUrgent ? "urgent" : "others";
    return isUrgent ? urgent.shift() : others.shift();
  }

  #openSlice(): void {
    if (this.#isSliceOpen) return;
    this.#isSliceOpen = true;
    // What came in meanwhile is handled before it is called.
    setImmediate(() => {
      this.#isSliceOpen = false;
      this.#sliceMs = 0;
      this.#serve();
    });
  }

  #ended(turn: StartedTurn): void {
    if (this.#late.delete(turn)) {
      this.#workMs += LATE_MS;
    } else {
      this.#current = undefined;
      this.#workMs += turn.tookMs;
      this.#sliceMs += turn.tookMs;
      // The slice may have ended meanwhile, as its query gave the thread away.
      this.#openSlice();
    }
    this.#serve();
  }

  #lookForLate(): void {
    this.#lateness = undefined;
    const turn = this.#current;
    if (turn === undefined) return;
    if (turn.tookMs >= LATE_MS) {
      this.#late.add(turn);
      this.#current = undefined;
      this.#serve();
    } else {
      this.#lateness = setTimeout(() => this.#lookForLate(), LATE_MS);
    }
  }

  close(): void {
    clearTimeout(this.#lateness);
  }
}

type Waiting = (turn: Turn) => void;

class StartedTurn implements Turn {
  readonly #startedAt = performance.now();
  readonly #ended: (turn: StartedTurn) => void;
  #hasEnded = false;

  constructor(ended: (turn: StartedTurn) => void) {
    this.#ended = ended;
  }

  get tookMs(): number {
    return performance.now() - this.#startedAt;
  }

  get isOver(): boolean {
    return this.tookMs >= SLICE_MS;
  }

  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#ended(this);
  }
}
