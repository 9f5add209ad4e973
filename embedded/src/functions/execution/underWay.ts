interface Link<T> {
  member: T | undefined;
  before: Link<T> | undefined;
  after: Link<T> | undefined;
}

/**
 * What is under way, the latest first. A `Set` of what comes and goes so often would make
 * a call a fifth dearer: each of its tables that has outlived some collections keeps its former members,
 * and all that they refer to, until the next full one.
 */
export class UnderWay<T> implements Iterable<T> {
  #last: Link<T> | undefined;

  /** @returns the function that takes it out again; safe to call twice */
  add(member: T): () => void {
    const link: Link<T> = { member, before: this.#last, after: undefined };
    if (this.#last !== undefined) this.#last.after = link;
    this.#last = link;
    return () => this.#takeOut(link);
  }

  *[Symbol.iterator](): IterableIterator<T> {
    for (let link = this.#last; link !== undefined; link = link.before) {
      if (link.member !== undefined) yield link.member;
    }
  }

  #takeOut(link: Link<T>): void {
    if (link.member === undefined) return;
    const { before, after } = link;
    if (before !== undefined) before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
    link.member = link.before = link.after = undefined;
  }
}
