import { MAX_INTERVAL_MS, MIN_INTERVAL_MS } from "./limits.js";
import type { CommonOptions, SessionTrackerOptions } from "./options.js";
import type { SessionClient } from "./wire.js";

/** One hook or component at an engine. */
export interface Member {
  readonly options: SessionTrackerOptions;
  /** That of its part of the page; without one, the engine's. */
  readonly client: SessionClient;
  /** The snapshot is another. */
  changed(): void;
}

/**
 * What must be reconsidered where it is another. Functions are looked up when they are called, and
 * objects that may be among a component's props are left alone.
 */
export function terms(options: SessionTrackerOptions): string {
  return String(
    Object.entries(options).filter(([, value]) => Object(value) !== value),
  );
}

/**
 * Of consents the strictest, of intervals the smallest, of everything else what the first says who says
 * anything. What nobody says stays as it was before: a component that says it may come and go. `null`
 * says nothing, nor does an interval that is no number; what is none of the consents is pending.
 */
export function together(
  members: Iterable<Member>,
  before: CommonOptions,
): CommonOptions {
  const all = [...members].map(({ options }) => options);
  const common: Record<string, unknown> = {};
  for (const said of [...all, before]) {
    for (const name in said) common[name] ??= said[name as keyof typeof said];
  }
  const consents = [common, ...all].flatMap(({ consent }) => consent ?? []);
  const [interval = before.heartbeatInterval] = all
    .map(({ heartbeatInterval }) => heartbeatInterval!)
    .filter(Number.isFinite)
    .sort((a, b) => a - b);
  return {
    ...common,
    consent: consents.includes("denied")
      ? "denied"
      : consents.every((consent) => consent === "granted")
        ? "granted"
        : "pending",
    heartbeatInterval: Math.max(
      MIN_INTERVAL_MS,
      Math.min(MAX_INTERVAL_MS, interval),
    ),
  };
}
