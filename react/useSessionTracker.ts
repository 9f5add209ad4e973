"use client";
import { useConvex, type ConvexReactClient } from "convex/react";
import {
  startTransition,
  useEffect,
  useMemo,
  useState,
  useSyncExternalStore,
} from "react";
import type { SessionTrackerOptions } from "./engine/options.js";
import {
  createSeat,
  type Seat,
  type SessionActions,
} from "./engine/registry.js";
import { STARTING, type SessionSnapshot } from "./engine/snapshot.js";

/** What `useSessionTracker` returns. */
export interface SessionTracking extends SessionSnapshot, SessionActions {}

/**
 * Tracks this visitor's session while mounted. Hooks and components of one Convex client share one
 * engine, so there is one anonymousId and one heartbeat however many there are.
 *
 * @param options - how; of what several hooks give, the smallest interval and the strictest consent win
 * @returns what is known of the session, and what can be done with it
 * @throws Error outside of a `ConvexProvider`; what goes wrong later is the `error`
 *
 * @example
 * ```tsx
 * import { useSessionTracker } from "sessions-ops/react";
 *
 * export function Order() {
 *   const { status, trackUserAction } = useSessionTracker();
 *   const order = () => trackUserAction("order", { resourceId: "sku-1" });
 *   return <button onClick={order}>Order ({status})</button>;
 * }
 * ```
 */
export function useSessionTracker(
  options: SessionTrackerOptions = {},
): SessionTracking {
  const seat = useSeat(options);
  const snapshot = useShown(seat, (shown) => shown);
  return useMemo(() => ({ ...snapshot, ...seat.actions }), [snapshot, seat]);
}

/**
 * The visitor's anonymousId; `null` on the server, before it is known, and without consent. It is the visitor's only
 * credential: send it to the app's own functions, and show it to nobody.
 *
 * @throws Error outside of a `ConvexProvider`
 *
 * @example
 * ```tsx
 * import { useAnonymousId } from "sessions-ops/react";
 *
 * export function Basket() {
 *   const anonymousId = useAnonymousId();
 *   return <p>{anonymousId === null ? "…" : "Your basket"}</p>;
 * }
 * ```
 */
export function useAnonymousId(): string | null {
  return useShown(useSeat({}), ({ anonymousId }) => anonymousId);
}

function useSeat(options: SessionTrackerOptions): Seat {
  // Its type leaves out that it is undefined outside a provider.
  const client = useConvex() as ConvexReactClient | undefined;
  if (!client) throw Error("No ConvexProvider");
  const storageKey = options.storageKey;
  const key = typeof storageKey === "string" ? storageKey : "";
  const seat = useMemo(() => createSeat(client, key), [client, key]);
  useEffect(() => seat.update(options));
  return seat;
}

/**
 * What is selected of the seat's snapshot. React hydrates it as the server rendered it, and takes all
 * that comes later as a transition, which waits for Suspense boundaries that are still to be hydrated:
 * an urgent update that reaches one makes React throw away what the server sent.
 */
function useShown<Selected>(
  seat: Seat,
  select: (snapshot: SessionSnapshot) => Selected,
): Selected {
  let snapshot = seat.snapshot();
  // A store that never changes: it is there for React to say whether it hydrates.
  useSyncExternalStore(constant, constant, () => {
    snapshot = STARTING;
    return constant;
  });
  const [shownOf, showOf] = useState(seat);
  const [shown, show] = useState(select(snapshot));
  useEffect(
    () =>
      seat.subscribe(() =>
        startTransition(() => {
          show(select(seat.snapshot()));
          showOf(seat);
        }),
      ),
    [seat],
  );
  return shownOf === seat ? shown : select(snapshot);
}

const constant = (): (() => void) => constant;
