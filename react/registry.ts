import { SessionEngine, STARTING, type Snapshot } from "./engine.js";
import type { SessionTrackerOptions, TrackedAction } from "./options.js";
import type { SessionClient } from "./wire.js";

const DEFAULT_KEY = "anonymousUserId";

const engines = new WeakMap<SessionClient, Map<string, SessionEngine>>();

/**
 * The engine of a client and storage key, made where there is none. Without a key: the first that the
 * client has. Engines stay with their client, since what they know must outlive an unmount.
 */
export function engineOf(
  client: SessionClient,
  storageKey: string | undefined,
): SessionEngine {
  const own = engines.get(client) ?? new Map<string, SessionEngine>();
  engines.set(client, own);
  const [first] = own.values();
  const found = storageKey === undefined ? first : own.get(storageKey);
  if (found !== undefined) return found;
  const key = storageKey ?? DEFAULT_KEY;
  const engine = new SessionEngine(client, key);
  own.set(key, engine);
  return engine;
}

/** A hook's place at an engine. */
export class Seat {
  options: SessionTrackerOptions = {};
  readonly #client: SessionClient;
  readonly #storageKey: string | undefined;
  readonly #listeners = new Set<() => void>();
  #engine: SessionEngine | undefined;
  #leave: (() => void) | undefined;

  constructor(client: SessionClient, storageKey: string | undefined) {
    this.#client = client;
    this.#storageKey = storageKey;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    this.#settle();
    return () => {
      this.#listeners.delete(listener);
      this.#settle();
    };
  };

  readonly snapshot = (): Snapshot => this.#engine?.snapshot ?? STARTING;

  update(options: SessionTrackerOptions): void {
    this.options = options;
    this.#engine?.reconsider();
  }

  readonly trackUserAction = (
    action: string,
    details: Omit<TrackedAction, "action"> = {},
  ): void => {
    void this.#withEngine((engine) => engine.trackUserAction(action, details));
  };

  readonly endSession = (): Promise<void> =>
    this.#withEngine((engine) => engine.endSession());

  readonly reset = (): void => {
    void this.#withEngine((engine) => engine.reset());
  };

  /**
   * Joins or leaves in a microtask: by then all effects of the commit have run, so that a hook
   * without a key finds the engine of a component mounted after it, and StrictMode's unmount and
   * mount cancel out.
   */
  #settle(): void {
    queueMicrotask(() => {
      if (this.#listeners.size === 0) {
        this.#leave?.();
        this.#leave = undefined;
      } else if (this.#leave === undefined) {
        this.#engine ??= engineOf(this.#client, this.#storageKey);
        this.#leave = this.#engine.join(this);
        this.changed();
      }
    });
  }

  changed(): void {
    for (const listener of this.#listeners) listener();
  }

  async #withEngine<T>(act: (engine: SessionEngine) => T): Promise<Awaited<T>> {
    if (this.#engine === undefined) await Promise.resolve();
    this.#engine ??= engineOf(this.#client, this.#storageKey);
    return await act(this.#engine);
  }
}
