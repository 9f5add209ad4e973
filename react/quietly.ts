import type { ConvexReactClient } from "convex/react";
import { listen } from "./engine/page.js";

/** What the client puts in the event when it makes the browser ask "Leave site?". */
const CLIENTS_TEXT =
  "Are you sure you want to leave? Your changes may not be saved.";

/** How many calls of a client nobody need be asked about. */
const quiet = new WeakMap<ConvexReactClient, number>();

/**
 * Makes a mutation by the client's own socket, and keeps the client from asking "Leave site?" for it while nothing
 * else of it is under way. What the app itself asks, for a form that is not saved, is asked as ever.
 */
export async function quietly<Result>(
  client: ConvexReactClient,
  mutate: () => Promise<Result>,
): Promise<Result> {
  // Captured, so that it comes before the client's own listener, though that was there first.
  const stop = listen(globalThis, {
    beforeunload: (event) => hush(client, event),
  });
  quiet.set(client, (quiet.get(client) ?? 0) + 1);
  try {
    return await mutate();
  } finally {
    quiet.set(client, quiet.get(client)! - 1);
    stop();
  }
}

/**
 * The client cancels the event and then sets its text. So a cancellation is held back until it is seen what
 * follows: it is dropped before that text, and passed on before anything else, also before nothing.
 */
function hush(client: ConvexReactClient, event: Event): void {
  const { inflightMutations, inflightActions } = client.connectionState();
  if (inflightMutations + inflightActions > quiet.get(client)!) return;
  const text = Object.getOwnPropertyDescriptor(
    Object.getPrototypeOf(event),
    "returnValue",
  );
  // Two of these calls at once: the first has done it.
  if (!text?.set || Object.hasOwn(event, "returnValue")) return;
  let isHeld = false;
  const release = () => {
    if (isHeld) Event.prototype.preventDefault.call(event);
    isHeld = false;
  };
  event.preventDefault = () => {
    release();
    isHeld = true;
  };
  Object.defineProperty(event, "returnValue", {
    configurable: true,
    get: () => text.get?.call(event) as unknown,
    set(value) {
      if (isHeld && value === CLIENTS_TEXT) isHeld = false;
      else text.set?.call(event, value);
    },
  });
  // Last of all, as those that are added meanwhile come after all that were there.
  addEventListener("beforeunload", release, { once: true });
}
