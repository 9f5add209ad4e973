interface Request {
  owner: object;
  grant: () => Promise<unknown>;
}

/** Web Locks of one browser, as far as exclusive requests go: granted in order, released by a crash. */
export class BrowserLocks {
  readonly #queues = new Map<string, Request[]>();

  /**
   * `navigator.locks` of one tab.
   * @param run runs something in the tab: later, where nothing runs in it, though it has the lock
   */
  of(
    owner: object,
    run: (act: () => void) => void,
  ): Pick<LockManager, "request"> {
    const request = (name: string, act: (lock: Lock) => unknown) =>
      new Promise((resolve, reject) => {
        const queue = this.#queues.get(name) ?? [];
        this.#queues.set(name, queue);
        const lock: Lock = { name, mode: "exclusive" };
        const grant = () =>
          new Promise<void>((done) =>
            run(() => {
              void Promise.resolve(act(lock))
                .then(resolve, reject)
                .finally(done);
            }),
          );
        queue.push({ owner, grant });
        if (queue.length === 1) void this.#serve(name);
      });
    return { request: request as LockManager["request"] };
  }

  /** The number of waiting requests, without those that have their lock. */
  get waiting(): number {
    return [...this.#queues.values()].reduce(
      (sum, queue) => sum + Math.max(0, queue.length - 1),
      0,
    );
  }

  /** Forgets a tab that is gone: its locks are free, its requests are dropped. */
  release(owner: object): void {
    for (const [name, queue] of this.#queues) {
      const [holder] = queue;
      const left = queue.filter((request) => request.owner !== owner);
      queue.splice(0, queue.length, ...left);
      if (holder !== left[0] && left.length > 0) void this.#serve(name);
    }
  }

  async #serve(name: string): Promise<void> {
    const queue = this.#queues.get(name) ?? [];
    for (let first; (first = queue[0]) !== undefined;) {
      await first.grant();
      // The tab may have crashed meanwhile, and another have been served.
      if (queue[0] !== first) return;
      queue.shift();
    }
  }
}
