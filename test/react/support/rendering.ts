/** React on a real client: helpers that render hooks and components, and wait for them. */
import { waitFor } from "@testing-library/react";
import { ConvexProvider, ConvexReactClient } from "convex/react";
import { createElement, type ReactNode } from "react";
import { expect, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import {
  useSessionTracker,
  type SessionTracking,
} from "../../../react/index.js";
import type { LiveApp } from "./liveApp.js";

/** A client that is closed when the test is finished. */
export function clientOf({ url }: LiveApp): ConvexReactClient {
  const client = new ConvexReactClient(url, {
    webSocketConstructor: WebSocket as unknown as typeof globalThis.WebSocket,
    logger: false,
  });
  onTestFinished(() => client.close());
  return client;
}

export function under(client: ConvexReactClient, ...children: ReactNode[]) {
  return createElement(
    ConvexProvider,
    { client, children: undefined },
    ...children,
  );
}

/** A component that uses the hook, with the hook's last value. */
export function tracking(options?: Parameters<typeof useSessionTracker>[0]) {
  const seen: SessionTracking[] = [];
  function Tracked() {
    seen.push(useSessionTracker(options));
    return null;
  }
  return {
    element: createElement(Tracked),
    seen,
    get last(): SessionTracking {
      return seen.at(-1)!;
    },
  };
}

/** Lets React and the network do their work until the check passes. */
export function until(check: () => void | Promise<void>): Promise<void> {
  return waitFor(check, { timeout: 25_000, interval: 20 });
}

/** The visitor's id, once the component shows it. */
export async function idOf(tracked: {
  readonly last: SessionTracking;
}): Promise<string> {
  await until(() => expect(tracked.last.anonymousId).not.toBeNull());
  return tracked.last.anonymousId!;
}
