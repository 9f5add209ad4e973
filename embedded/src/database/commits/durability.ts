/** Follows which commits have reached the disk. They arrive there in order. */
export class Durability {
  #durableTs: bigint;
  /** Groups of commits that reach the disk together, with the last of each. */
  readonly #pending: { lastTs: bigint; durable: Promise<void> }[] = [];

  constructor(durableTs: bigint) {
    this.#durableTs = durableTs;
  }

  add(ts: bigint, durable: Promise<void>): void {
    const group = this.#pending.at(-1);
    if (group?.durable === durable) {
      group.lastTs = ts;
      return;
    }
    this.#pending.push({ lastTs: ts, durable });
    durable.then(
      () => this.#firstIsDurable(),
      // The failure itself goes to those who wait for these commits. The group
      // stays: nothing after it can be on disk either.
      () => undefined,
    );
  }

  when(ts: bigint): Promise<void> {
    const group =
      ts <= this.#durableTs
        ? undefined
        : this.#pending.find(({ lastTs }) => lastTs >= ts);
    return group?.durable ?? Promise.resolve();
  }

  #firstIsDurable(): void {
    const group = this.#pending.shift();
    this.#durableTs = group?.lastTs ?? this.#durableTs;
  }
}
