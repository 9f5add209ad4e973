import type { Consent, SessionTrackerOptions } from "sessions-ops/react";

/**
 * The time between heartbeats, shorter than the default of five minutes, so that there is something to
 * see.
 */
export const HEARTBEAT_MS = 90_000;

/** How the pages that are tracked are tracked. */
export function trackingOptions(consent: Consent): SessionTrackerOptions {
  return {
    consent,
    heartbeatInterval: HEARTBEAT_MS,
    forgetOnDenied: true,
    // The pages of this app are told apart by the fragment, which is never told by itself.
    visit: (facts) => ({ ...facts, path: location.hash.slice(1) || "/" }),
  };
}
