import type { Consent, SessionTrackerOptions } from "./options.js";

/** One hook or component at an engine. */
export interface Member {
  readonly options: SessionTrackerOptions;
  /** The snapshot is another. */
  changed(): void;
}

/** The options that hold for all members of an engine. */
export interface CommonOptions extends SessionTrackerOptions {
  consent: Consent;
  heartbeatInterval: number;
}

const MIN_INTERVAL_MS = 5_000;
const MAX_INTERVAL_MS = 86_400_000;

export const DEFAULTS: CommonOptions = {
  consent: "granted",
  heartbeatInterval: 300_000,
};

/**
 * Of consents the strictest, of intervals the smallest, of everything else what the first says who says
 * anything. What nobody says stays as it was before: a component that says it may come and go.
 */
export function together(
  members: Iterable<Member>,
  before: CommonOptions,
): CommonOptions {
  const all = [...members].map(({ options }) => options);
  const common = {} as CommonOptions & Record<string, unknown>;
  for (const said of [...all, before]) {
    for (const [name, value] of Object.entries(said)) common[name] ??= value;
  }
  for (const { consent, heartbeatInterval } of all) {
    if (
      consent === "denied" ||
      (consent === "pending" && common.consent === "granted")
    ) {
      common.consent = consent;
    }
    if (heartbeatInterval! < common.heartbeatInterval) {
      common.heartbeatInterval = heartbeatInterval!;
    }
  }
  common.heartbeatInterval =
    Math.min(
      Math.max(common.heartbeatInterval, MIN_INTERVAL_MS),
      MAX_INTERVAL_MS,
    ) || DEFAULTS.heartbeatInterval;
  return common;
}
