import { createEngine, type SessionEngine } from "./engine.js";
import type { Member } from "./members.js";
import type { SessionTrackerOptions, TrackedAction } from "./options.js";
import { STARTING, type Snapshot } from "./snapshot.js";
import type { SessionClient } from "./wire.js";

const DEFAULT_KEY = "anonymousUserId";

const engines = new WeakMap<SessionClient, Map<string, SessionEngine>>();
/** Of those that are mounted: how each looks for its engine again. */
const seats = new Set<() => void>();

/**
 * The engine of the key, made where there is none. Without a key the first of the client that has
 * one, and else, for as long as that is so, that of the default key. Engines stay as long as their
 * client: what they know must outlive an unmount.
 */
function engineOf(client: SessionClient, storageKey?: string): SessionEngine {
  const own = engines.get(client) ?? new Map<string, SessionEngine>();
  engines.set(client, own);
  const key = storageKey || [...own.keys()].find(Boolean) || "";
  const engine = own.get(key) ?? createEngine(client, key || DEFAULT_KEY);
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
  let join: () => void;
  /** What is called before, such as in a child's effect, waits for the options to be known. */
  const joined = new Promise<void>((resolve) => (join = resolve));
  let changed: (() => void) | undefined;
  const member: { -readonly [Name in keyof Member]: Member[Name] } = {
    options: {},
    changed: () => changed?.(),
  };

  function settle(): void {
    const wanted = changed && engineOf(client, storageKey);
    if (leave && wanted === engine) return;
    leave?.();
    leave = undefined;
    if (!wanted) return;
    engine = wanted;
    leave = engine.join(member);
    member.changed();
    join();
  }

  return {
    subscribe(listener) {
      changed = listener;
      seats.add(settle);
      if (storageKey) engineOf(client, storageKey);
      // In a microtask all effects of the commit have run: the engine that a hook without a key finds
      // is known, and StrictMode's unmount and mount cancel out.
      for (const seat of storageKey ? seats : [settle]) queueMicrotask(seat);
      return () => {
        changed = undefined;
        seats.delete(settle);
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
        void joined.then(() => engine?.trackUserAction(action, details)),
      endSession: () => joined.then(() => engine?.endSession()),
      reset: () => void joined.then(() => engine?.reset()),
    },
  };
}
