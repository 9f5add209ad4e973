import { openMemoryStore } from "./memoryStore.js";
import type { Store, WriteOp } from "../../src/storage/store.js";

/** A store in memory whose writes reach the disk when the test wants it. */
export class SlowDisk implements Store {
  readonly #store = openMemoryStore();
  #hold: { durable: Promise<void>; letGo: () => void } | null = null;
  /** Number of writes since it was opened. */
  writes = 0;

  /** Keeps writes from the disk until {@link letGo}. */
  hold(): void {
    let letGo = (): void => undefined;
    const durable = new Promise<void>((resolve) => (letGo = resolve));
    this.#hold = { durable, letGo };
  }

  letGo(): void {
    this.#hold?.letGo();
    this.#hold = null;
  }

  snapshot() {
    return this.#store.snapshot();
  }

  write(ops: readonly WriteOp[]) {
    this.writes += 1;
    const receipt = this.#store.write(ops);
    return this.#hold ?? receipt;
  }

  close() {
    this.letGo();
    return this.#store.close();
  }
}
