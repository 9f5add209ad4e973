/**
 * How many mutations are under way at a time, as on a self-hosted Convex. More would finish no
 * earlier on one thread, but each holds a snapshot, and meets the commits of all the others.
 */
const MAX_UNDER_WAY = 16;

/** Of so many latest runs, roughly, it is known how many lost. */
const RUNS_REMEMBERED = 16;
const HOT_ABOVE = 0.5;
const COLD_BELOW = 0.25;
const FORGOTTEN_BELOW = 0.01;
const NEVER_LOST = { odds: 0, isHot: false };

/** Who may begin, in the order in which they asked. */
export class MutationOrder {
  #underWay = 0;
  readonly #waiting: (() => void)[] = [];
  /** The last in each line of calls of one function. */
  readonly #lines = new Map<string, Promise<void>>();
  /** By function, how likely its first run is to lose, from 0 to 1, and what follows from that. */
  readonly #odds = new Map<string, { odds: number; isHot: boolean }>();
  #alone: Promise<void> | null = null;

  /** Takes a place among those under way. One that ran before goes ahead of those that did not. */
  enter(hasRun: boolean): Promise<void> | undefined {
    if (this.#underWay < MAX_UNDER_WAY) {
      this.#underWay += 1;
      return undefined;
    }
    return new Promise((resolve) => {
      if (hasRun) this.#waiting.unshift(resolve);
      else this.#waiting.push(resolve);
    });
  }

  leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#underWay -= 1;
    else next();
  }

  /** Whether calls of a function run one after the other. */
  hasLine(fn: string): boolean {
    return this.#lines.has(fn) || this.#odds.get(fn)?.isHot === true;
  }

  /**
   * Takes in the first run of a call: whether it lost, or would have, had it not stood in line.
   * Where most do, side by side is a waste of time.
   */
  ranFirst(fn: string, wouldLose: boolean): void {
    const known = this.#odds.get(fn);
    if (known === undefined && !wouldLose) return;
    const { odds: before, isHot } = known ?? NEVER_LOST;
    const odds = before + (Number(wouldLose) - before) / RUNS_REMEMBERED;
    if (odds < FORGOTTEN_BELOW) this.#odds.delete(fn);
    else
      this.#odds.set(fn, {
        odds,
        isHot: odds > (isHot ? COLD_BELOW : HOT_ABOVE),
      });
  }

  /**
   * Waits for all calls of a function that lost before: side by side they would lose to each other.
   * @returns the function that lets the next one run
   */
  async lineUp(fn: string): Promise<() => void> {
    const before = this.#lines.get(fn);
    const { promise, resolve } = deferred();
    this.#lines.set(fn, promise);
    await before;
    return () => {
      if (this.#lines.get(fn) === promise) this.#lines.delete(fn);
      resolve();
    };
  }

  /**
   * Keeps all others from committing.
   * @returns the function that lets them commit again
   */
  async goAlone(): Promise<() => void> {
    while (this.#alone !== null) await this.#alone;
    const { promise, resolve } = deferred();
    this.#alone = promise;
    return () => {
      this.#alone = null;
      resolve();
    };
  }

  /** Resolves when the one that goes alone has ended; null while nobody does. */
  get alone(): Promise<void> | null {
    return this.#alone;
  }
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => {};
  const promise = new Promise<void>((fulfil) => (resolve = fulfil));
  return { promise, resolve };
}
