import type { Clock } from "../../clock.js";

/** The greatest times already given out, kept in every commit: a restart must not repeat them. */
export interface HighWater {
  /** Time of the latest commit, in nanoseconds. */
  readonly ts: string;
  /** Creation time of the latest document, in milliseconds. */
  readonly creationTime: number;
}

/** Times of commits and of documents, each greater than all before, whatever the clock does. */
export class Timestamps {
  readonly #clock: Clock;
  #latestTs: bigint;
  #creationTime: number;

  constructor(clock: Clock, { ts, creationTime }: HighWater) {
    this.#clock = clock;
    this.#latestTs = BigInt(ts);
    this.#creationTime = creationTime;
  }

  /** Timestamp of the latest commit, in nanoseconds. */
  get latestTs(): bigint {
    return this.#latestTs;
  }

  /** The wall clock's nanoseconds, or one more than the last timestamp where that is greater. */
  nextTs(): bigint {
    const wall = BigInt(Math.floor(this.#clock.now())) * 1_000_000n;
    return wall > this.#latestTs ? wall : this.#latestTs + 1n;
  }

  /** What is stored with a commit. */
  highWaterAt(ts: bigint): HighWater {
    return { ts: String(ts), creationTime: this.#creationTime };
  }

  /** Takes in a commit that was written. */
  committed(ts: bigint): void {
    this.#latestTs = ts;
  }

  nextCreationTime(): number {
    const now = this.#clock.now();
    this.#creationTime =
      now > this.#creationTime ? now : nextAfter(this.#creationTime);
    return this.#creationTime;
  }
}

const bits = new DataView(new ArrayBuffer(8));

/** The next greater float64 after a positive one. */
function nextAfter(value: number): number {
  bits.setFloat64(0, value);
  bits.setBigUint64(0, bits.getBigUint64(0) + 1n);
  return bits.getFloat64(0);
}
