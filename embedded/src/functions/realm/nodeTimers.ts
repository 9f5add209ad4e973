import { AsyncResource } from "node:async_hooks";
import timersPromises from "node:timers/promises";
import { promisify } from "node:util";
import { currentExecution } from "../execution/execution.js";
import { systemClock, type Clock } from "../../clock.js";

type Callback = (...args: unknown[]) => unknown;

/**
 * Node's timers, on the deployment's clock. Unlike those of other actions they outlive theirs, as
 * pools of connections need it.
 */
export const nodeTimers = {
  setTimeout: promisified(
    (callback: Callback, delayMs?: number, ...args: unknown[]) =>
      new NodeTimer(callback, delayMs, args, false),
    (delayMs?: number, value?: unknown) =>
      new Promise((resolve) => {
        new NodeTimer(resolve, delayMs, [value], false);
      }),
  ),
  setInterval: (callback: Callback, delayMs?: number, ...args: unknown[]) =>
    new NodeTimer(callback, delayMs, args, true),
  clearTimeout: clear,
  clearInterval: clear,
  setImmediate: promisified(
    (callback: Callback, ...args: unknown[]) => setImmediate(callback, ...args),
    timersPromises.setImmediate,
  ),
  clearImmediate: (immediate: NodeJS.Immediate) => clearImmediate(immediate),
  queueMicrotask: (callback: () => void) => queueMicrotask(callback),
};

/** A timer that `util.promisify` makes `inPromises` of. */
function promisified<T extends object>(timer: T, inPromises: unknown): T {
  return Object.defineProperty(timer, promisify.custom, { value: inPromises });
}

const timersById = new Map<number, NodeTimer>();
let lastId = 0;

/** A timer as Node's `setTimeout` returns it. */
class NodeTimer {
  readonly #id = ++lastId;
  readonly #clock: Clock = currentExecution()?.clock ?? systemClock;
  readonly #fire: () => void;
  readonly #delayMs: number;
  readonly #repeats: boolean;
  #handle: unknown;
  #holds = true;

  constructor(
    callback: Callback,
    delayMs: number | undefined,
    args: readonly unknown[],
    repeats: boolean,
  ) {
    if (typeof callback !== "function") {
      throw new TypeError(
        'The "callback" argument must be of type function. Received ' +
          typeof callback,
      );
    }
    this.#fire = AsyncResource.bind(() => callback(...args));
    this.#delayMs = Math.max(1, Number(delayMs) || 1);
    this.#repeats = repeats;
    this.#arm();
  }

  ref(): this {
    return this.#hold(true);
  }

  unref(): this {
    return this.#hold(false);
  }

  hasRef(): boolean {
    return this.#holds;
  }

  refresh(): this {
    this.close();
    this.#arm();
    return this;
  }

  close(): this {
    this.#clock.clearTimeout(this.#handle);
    timersById.delete(this.#id);
    return this;
  }

  [Symbol.toPrimitive](): number {
    return this.#id;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #arm(): void {
    timersById.set(this.#id, this);
    this.#handle = this.#clock.setTimeout(() => {
      if (this.#repeats) this.#arm();
      else timersById.delete(this.#id);
      this.#fire();
    }, this.#delayMs);
    this.#hold(this.#holds);
  }

  #hold(holds: boolean): this {
    this.#holds = holds;
    // Handles of a test's clock hold nothing.
    const handle = this.#handle as Partial<NodeJS.Timeout> | undefined;
    if (holds) handle?.ref?.();
    else handle?.unref?.();
    return this;
  }
}

function clear(timer: unknown): void {
  if (timer instanceof NodeTimer) timer.close();
  else timersById.get(Number(timer))?.close();
}
