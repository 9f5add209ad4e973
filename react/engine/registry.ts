import { createEngine } from "./engine.js";
import { terms, type Member } from "./members.js";
import type { SessionTrackerOptions, TrackedAction } from "./options.js";
import { attempt, listen } from "./page.js";
import {
  STARTING,
  type SessionEngine,
  type SessionSnapshot,
} from "./snapshot.js";
import type { SessionClient } from "./wire.js";

/**
 * Of a deployment: a page has one visitor there, however many clients. Engines stay as long as one of
 * them is open, since what they know must outlive an unmount.
 */
interface Engines {
  clients: Set<SessionClient>;
  byKey: Map<string, SessionEngine>;
  /** The key that was asked for last: hooks without one go by it. */
  key: string;
}

const deployments = new Map<string, Engines>();
/** Of those that are mounted: how each looks for its engine again. */
const seats = new Set<() => void>();

/** What can be done with the session; the same functions at each render. */
export interface SessionActions {
  /**
   * Records what the visitor did: its name, of 1 to 256 characters, with `resourceId` and `metadata`. Kept, up to a hundred
   * calls, until the deployment can be reached. Ignored without consent and after `endSession`; what is not of that form is
   * the `error` `invalidAction`, and throws nothing.
   */
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
  /** What is known now, also of an engine that others are at. */
  snapshot: (this: void) => SessionSnapshot;
  update(options: SessionTrackerOptions): void;
  actions: SessionActions;
}

/** @param storageKey empty for that of the engine that is there */
export function createSeat(client: SessionClient, storageKey: string): Seat {
  // Rendering alone, as a server does for clients that nobody closes, leaves nothing behind.
  let engines = enginesOf(client);
  let engine: SessionEngine | undefined;
  let leave: (() => void) | undefined;
  let join: () => void;
  /** What is called before, such as in a child's effect, waits for the options to be known. */
  const joined = new Promise<void>((resolve) => (join = resolve));
  const member: { -readonly [Name in keyof Member]: Member[Name] } = {
    client,
    options: {},
    changed: join!,
  };

  const key = () => storageKey || engines.key;
  const snapshot = () =>
    (engine ?? engines.byKey.get(key()))?.snapshot() ?? STARTING;

  function settle(): void {
    if (
      (globalThis.document as { prerendering?: boolean } | undefined)
        ?.prerendering
    ) {
      listen({ prerenderingchange: settle });
      return;
    }
    leave = void leave?.();
    // One that was gone before it sat down does so now: for what it did meanwhile.
    if (!seats.has(settle) && engine) return;
    engine = engines.byKey.get(key()) ?? createEngine(client, key());
    engines.byKey.set(key(), engine);
    leave = engine.join(member);
    member.changed();
    join();
  }

  return {
    subscribe(listener) {
      engines = enginesOf(client);
      deployments.set(client.url, engines);
      engines.clients.add(client);
      seats.add(settle);
      member.changed = listener;
      const isNews = storageKey && storageKey !== engines.key;
      if (isNews) engines.key = storageKey;
      // In a microtask all effects of the commit have run: the engine that a hook without a key finds
      // is known, and StrictMode's unmount and mount cancel out.
      for (const seat of isNews ? seats : [settle]) queueMicrotask(seat);
      return () => {
        seats.delete(settle);
        queueMicrotask(settle);
      };
    },
    snapshot,
    update(options) {
      const before = member.options;
      member.options = options;
      if (terms(options) !== terms(before)) engine?.update();
    },
    actions: {
      trackUserAction: (action, details) =>
        void joined.then(() => engine!.trackUserAction(action, details)),
      endSession: () => joined.then(() => engine!.endSession()),
      reset: () => void joined.then(() => engine!.reset()),
    },
  };
}

/** What the deployment says of a block, to the engine at which seats without a key are. */
export function revoke(client: SessionClient, until: number): void {
  const { byKey, key } = enginesOf(client);
  byKey.get(key)?.revoke(until);
}

/** The engines that are open, else none yet. */
function enginesOf(client: SessionClient): Engines {
  const engines = deployments.get(client.url);
  const isOpen = [...(engines?.clients ?? [])].some(
    // A closed one throws.
    (its) => its === client || attempt(() => its.connectionState()),
  );
  return isOpen
    ? engines!
    : { clients: new Set(), byKey: new Map(), key: "anonymousUserId" };
}
