import type { ConvexReactClient } from "convex/react";
import { listen } from "./engine/page.js";

/** What the client puts in the event when it makes the browser ask "Leave site?". */
const CLIENTS_TEXT =
  "Are you sure you want to leave? Your changes may not be saved.";

/** The clients with calls that nobody need be asked about, and how many each has. */
const quiet = new Map<ConvexReactClient, number>();
let stop: (() => void) | undefined;

/**
 * Makes a mutation by the client's own socket, and keeps the client from asking "Leave site?" for it while nothing
 * else of it is under way. What the app itself asks, for a form that is not saved, is asked as ever.
 */
export async function quietly<Result>(
  client: ConvexReactClient,
  mutate: () => Promise<Result>,
): Promise<Result> {
  count(client, 1);
  try {
    return await mutate();
  } finally {
    count(client, -1);
  }
}

function count(client: ConvexReactClient, change: 1 | -1): void {
  const calls = (quiet.get(client) ?? 0) + change;
  if (calls > 0) quiet.set(client, calls);
  else quiet.delete(client);
  if (quiet.size > 0) stop ??= hush();
  else stop = void stop?.();
}

/**
 * The client's listener cancels the event and then sets its text. So a cancellation is held back until it is seen
 * what follows: it is dropped before that text, and passed on before anything else. Browsers call the window's
 * listeners for this event in the order in which they were added, so the client's is past when the one that is added
 * here comes, and nothing is held back from then on. Returns how to leave everything as it was.
 */
function hush(): () => void {
  if (typeof BeforeUnloadEvent === "undefined") return () => {};
  const { prototype } = BeforeUnloadEvent;
  const text = Object.getOwnPropertyDescriptor(prototype, "returnValue");
  if (!text) return () => {};
  let held: Event | undefined;
  let past: Event | undefined;
  const cancel = (event: Event) => Event.prototype.preventDefault.call(event);
  const release = () => {
    if (held) cancel(held);
    held = undefined;
  };
  const prevent = (event: Event) => {
    release();
    if (event !== past && isOnlyQuiet()) held = event;
    else cancel(event);
  };
  Object.defineProperty(prototype, "preventDefault", {
    configurable: true,
    value(this: Event) {
      prevent(this);
    },
  });
  Object.defineProperty(prototype, "returnValue", {
    ...text,
    set(this: Event, value: unknown) {
      if (held === this && value === CLIENTS_TEXT) held = undefined;
      else text.set?.call(this, value);
    },
  });
  const unlisten = listen({
    beforeunload(event) {
      release();
      past = event;
    },
  });
  return () => {
    unlisten();
    Object.defineProperty(prototype, "returnValue", text);
    Reflect.deleteProperty(prototype, "preventDefault");
  };
}

/** Whether nothing is under way that the client would rightly ask about. */
function isOnlyQuiet(): boolean {
  return [...quiet].every(([client, calls]) => {
    const { inflightMutations, inflightActions } = client.connectionState();
    return inflightMutations + inflightActions <= calls;
  });
}
