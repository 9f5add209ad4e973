"use client";
import { useConvex, type ConvexReactClient } from "convex/react";
import { useEffect, useMemo, useSyncExternalStore } from "react";
import type { SessionTrackerOptions } from "./options.js";
import { createSeat, type Seat, type SessionActions } from "./registry.js";
import { STARTING, type Snapshot } from "./snapshot.js";

/** What `useSessionTracker` returns. */
export type SessionTracking = Snapshot & SessionActions;

/**
 * Tracks this visitor's session while mounted. Hooks and components of one Convex client share one
 * engine, so there is one anonymousId and one heartbeat however many there are.
 */
export function useSessionTracker(
  options: SessionTrackerOptions = {},
): SessionTracking {
  const seat = useSeat(options);
  const snapshot = useSyncExternalStore(
    seat.subscribe,
    seat.snapshot,
    () => STARTING,
  );
  return { ...snapshot, ...seat.actions };
}

/** The visitor's anonymousId; `null` on the server, before it is known, and without consent. */
export function useAnonymousId(): string | null {
  const seat = useSeat({});
  return useSyncExternalStore(
    seat.subscribe,
    () => seat.snapshot().anonymousId,
    () => null,
  );
}

/** Tracks this visitor's session while mounted; shows nothing. */
export function SessionTracker(options: SessionTrackerOptions): null {
  useSessionTracker(options);
  return null;
}

function useSeat(options: SessionTrackerOptions): Seat {
  // Its type leaves out that it is undefined outside a provider.
  const client = useConvex() as ConvexReactClient | undefined;
  if (!client) throw Error("No ConvexProvider");
  const { storageKey } = options;
  const seat = useMemo(
    () => createSeat(client, storageKey),
    [client, storageKey],
  );
  useEffect(() => seat.update(options));
  return seat;
}
