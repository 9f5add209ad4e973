import { clearTimeout, setImmediate, setTimeout } from "node:timers";

/** How long live queries hold the thread before calls and other clients come. */
const SLICE_MS = 2;

/** A turn that takes longer waits for something that may never happen. */
const LATE_MS = 25;

/** Limit for turns that go on while others have theirs. */
const MAX_LATE = 16;

/** One client's use of the thread. */
export interface Turn {
  /** Whether it is time to let others have theirs. */
  readonly isOver: boolean;
  /**
   * Lets others have theirs, and waits for the next one; safe to call again meanwhile.
   *
   * @param until - what has to happen first; its failure is the result
   */
  giveWay(until?: Promise<unknown>): Promise<void>;
  /** Resolves when it has the thread again; undefined while it has it. */
  readonly regained: Promise<void> | undefined;
  /** Ends it; safe to call again. */
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
  #current: Stretch | undefined;
  readonly #late = new Set<Stretch>();
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
  async take(line: Line): Promise<Turn> {
    const enter = (again: Line) => this.#enter(again);
    return new LentTurn(line, await enter(line), enter);
  }

  #enter(line: Line): Promise<Stretch> {
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
    const stretch = new Stretch((ended) => this.#ended(ended));
    this.#current = stretch;
    this.#lateness ??= setTimeout(() => this.#lookForLate(), LATE_MS);
    next(stretch);
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

  #ended(stretch: Stretch): void {
    if (this.#late.delete(stretch)) {
      this.#workMs += LATE_MS;
    } else {
      this.#current = undefined;
      this.#workMs += stretch.tookMs;
      this.#sliceMs += stretch.tookMs;
      // The slice may have ended meanwhile, as its query waited for something.
      this.#openSlice();
    }
    this.#serve();
  }

  #lookForLate(): void {
    this.#lateness = undefined;
    const stretch = this.#current;
    if (stretch === undefined) return;
    if (stretch.tookMs >= LATE_MS) {
      this.#late.add(stretch);
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

type Waiting = (stretch: Stretch) => void;

class LentTurn implements Turn {
  readonly #line: Line;
  readonly #enter: (line: Line) => Promise<Stretch>;
  #stretch: Stretch;
  #regained: Promise<void> | undefined;
  #hasEnded = false;

  constructor(
    line: Line,
    first: Stretch,
    enter: (line: Line) => Promise<Stretch>,
  ) {
    this.#line = line;
    this.#stretch = first;
    this.#enter = enter;
  }

  get isOver(): boolean {
    return this.#stretch.tookMs >= SLICE_MS;
  }

  get regained(): Promise<void> | undefined {
    return this.#regained;
  }

  giveWay(until?: Promise<unknown>): Promise<void> {
    this.#stretch.end();
    // Whoever has used up a turn is no longer urgent.
    const line = until === undefined ? "others" : this.#line;
    return (this.#regained ??= this.#regain(line, until));
  }

  end(): void {
    this.#hasEnded = true;
    this.#stretch.end();
  }

  async #regain(line: Line, until?: Promise<unknown>): Promise<void> {
    await until;
    this.#stretch = await this.#enter(line);
    this.#regained = undefined;
    if (this.#hasEnded) this.#stretch.end();
  }
}

/** A time for which one client has the thread. */
class Stretch {
  readonly #startedAt = performance.now();
  readonly #ended: (stretch: Stretch) => void;
  #hasEnded = false;

  constructor(ended: (stretch: Stretch) => void) {
    this.#ended = ended;
  }

  get tookMs(): number {
    return performance.now() - this.#startedAt;
  }

  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#ended(this);
  }
}
