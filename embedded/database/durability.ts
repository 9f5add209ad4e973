/** Follows which commits have reached the disk. Commits arrive there in order. */
export class Durability {
  #durableTs: bigint;
  readonly #pending: { ts: bigint; durable: Promise<void> }[] = [];

  constructor(durableTs: bigint) {
    this.#durableTs = durableTs;
  }

  get durableTs(): bigint {
    return this.#durableTs;
  }

  add(ts: bigint, durable: Promise<void>): void {
    this.#pending.push({ ts, durable });
    durable.then(
      () => this.#reached(ts),
      // The failure itself goes to those who wait for this commit; it stays
      // pending, since nothing after it can be on disk either.
      () => undefined,
    );
  }

  when(ts: bigint): Promise<void> {
    if (ts <= this.#durableTs) {
      return Promise.resolve();
    }
    const commit = this.#pending.find((pending) => pending.ts >= ts);
    return commit?.durable ?? Promise.resolve();
  }

  #reached(ts: bigint): void {
    this.#durableTs = ts;
    while ((this.#pending[0]?.ts ?? ts + 1n) <= ts) {
      this.#pending.shift();
    }
  }
}
