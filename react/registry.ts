import {
  createEngine,
  STARTING,
  type SessionEngine,
  type Snapshot,
} from "./engine.js";
import type { Member } from "./members.js";
import type { SessionTrackerOptions, TrackedAction } from "./options.js";
import type { SessionClient } from "./wire.js";

const DEFAULT_KEY = "anonymousUserId";

const engines = new WeakMap<SessionClient, Map<string, SessionEngine>>();

/**
 * The engine of a client and storage key, made where there is none; without a key the first that the
 * client has. Engines stay as long as their client: what they know must outlive an unmount.
 */
function engineOf(client: SessionClient, storageKey?: string): SessionEngine {
  const own = engines.get(client) ?? new Map<string, SessionEngine>();
  engines.set(client, own);
  const [first] = own.keys();
  const key = storageKey ?? first ?? DEFAULT_KEY;
  const engine = own.get(key) ?? createEngine(client, key);
  own.set(key, engine);
  return engine;
}

/** What hooks return to act with. */
export interface SessionActions {
  /** Records what the visitor did. Ignored without consent and after `endSession`. */
  trackUserAction: (
    action: string,
    details?: Omit<TrackedAction, "action">,
  ) => void;
  /**
   * Ends the session in all tabs, until `reset()` or the next page load. Resolves, and never rejects,
   * when the deployment has been told or could not be yet.
   */
  endSession: () => Promise<void>;
  /** Ends the session and starts one with a new anonymousId. */
  reset: () => void;
}

/** A hook's place at an engine, which it joins while somebody listens. */
export interface Seat {
  subscribe: (this: void, listener: () => void) => () => void;
  snapshot: (this: void) => Snapshot;
  update(options: SessionTrackerOptions): void;
  actions: SessionActions;
}

export function createSeat(client: SessionClient, storageKey?: string): Seat {
  let engine: SessionEngine | undefined;
  let leave: (() => void) | undefined;
  let join: (engine: SessionEngine) => void;
  /** What is called before, such as in a child's effect, waits for the options to be known. */
  const joined = new Promise<SessionEngine>((resolve) => (join = resolve));
  const listeners = new Set<() => void>();
  const member: { -readonly [Name in keyof Member]: Member[Name] } = {
    options: {},
    changed() {
      for (const listener of listeners) listener();
    },
  };

  function settle(): void {
    if (listeners.size === 0) {
      leave?.();
      leave = undefined;
    } else if (leave === undefined) {
      engine ??= engineOf(client, storageKey);
      leave = engine.join(member);
      member.changed();
      join(engine);
    }
  }

  return {
    subscribe(listener) {
      listeners.add(listener);
      // In a microtask all effects of the commit have run: a hook without a key finds the engine of a
      // component mounted after it, and StrictMode's unmount and mount cancel out.
      queueMicrotask(settle);
      return () => {
        listeners.delete(listener);
        queueMicrotask(settle);
      };
    },
    snapshot: () => engine?.snapshot() ?? STARTING,
    update(options) {
      member.options = options;
      engine?.reconsider();
    },
    actions: {
      trackUserAction: (action, details) =>
        void joined.then((its) => its.trackUserAction(action, details)),
      endSession: () => joined.then((its) => its.endSession()),
      reset: () => void joined.then((its) => its.reset()),
    },
  };
}
