"use client";
import { createElement, type ReactNode } from "react";
import type { SessionTrackerOptions } from "./engine/options.js";
import { useLinkUser, type LinkUserOptions } from "./useLinkUser.js";
import { useSessionTracker } from "./useSessionTracker.js";

/** How visitors are tracked, and whether they are linked to the user who is signed in. */
export interface SessionTrackerProps extends SessionTrackerOptions {
  /**
   * Whether the visitor is linked to the user who is signed in, as `useLinkUser` does.
   * @default false
   */
  linkUser?: boolean | Pick<LinkUserOptions, "unlinkOnSignOut"> | undefined;
}

/**
 * Tracks this visitor's session while mounted; shows nothing.
 *
 * @param props - how; what is left out is as its default says
 * @throws Error outside of a `ConvexProvider`
 *
 * @example
 * ```tsx
 * import { SessionTracker } from "sessions-ops/react";
 *
 * export function Root() {
 *   return <SessionTracker heartbeatInterval={120_000} skipBots />;
 * }
 * ```
 */
export function SessionTracker({
  linkUser,
  ...options
}: SessionTrackerProps): ReactNode {
  useSessionTracker(options);
  if (!linkUser) return null;
  const { functions } = options;
  const asked = linkUser === true ? {} : linkUser;
  return createElement(LinkUser, { ...asked, functions });
}

/** A component of its own, so that nothing of it runs where it is not asked for. */
function LinkUser(options: LinkUserOptions): null {
  useLinkUser(options);
  return null;
}
