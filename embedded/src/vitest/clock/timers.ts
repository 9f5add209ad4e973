/** A timer that was set. */
export interface Timer {
  readonly atMs: number;
  /** Timers of one time fire in the order in which they were set. */
  readonly order: number;
  readonly callback: () => void;
}

/** Timers in the order of their times: a binary heap. */
export class Timers {
  readonly #heap: Timer[] = [];
  readonly #stopped = new Set<Timer>();

  add(timer: Timer): void {
    const heap = this.#heap;
    let at = heap.push(timer) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(timer, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = timer;
  }

  /** Leaves a timer out that was added and has not been taken. */
  stop(timer: Timer): void {
    this.#stopped.add(timer);
  }

  /** The first timer; undefined without one. */
  first(): Timer | undefined {
    for (let [top] = this.#heap; top !== undefined; [top] = this.#heap) {
      if (!this.#stopped.delete(top)) return top;
      this.#removeFirst();
    }
    return undefined;
  }

  take(): Timer | undefined {
    const first = this.first();
    if (first !== undefined) this.#removeFirst();
    return first;
  }

  clear(): void {
    this.#heap.length = 0;
    this.#stopped.clear();
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const moved = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      const right = child + 1;
      if (right < heap.length && isBefore(heap[right]!, heap[child]!))
        child = right;
      if (!isBefore(heap[child]!, moved)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = moved;
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
