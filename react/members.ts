import type { Consent, SessionTrackerOptions } from "./options.js";

/** One hook or component at an engine. */
export interface Member {
  readonly options: SessionTrackerOptions;
  /** The snapshot is another. */
  changed(): void;
}

const STRICTEST_FIRST: Consent[] = ["denied", "pending", "granted"];
const MIN_INTERVAL_MS = 5_000;
const MAX_INTERVAL_MS = 86_400_000;
const DEFAULT_INTERVAL_MS = 300_000;

/** What holds for all members together. */
export function effective(members: ReadonlySet<Member>) {
  const all = [...members].map(({ options }) => options);
  const first = <Name extends keyof SessionTrackerOptions>(name: Name) =>
    all.find((options) => options[name] !== undefined)?.[name];
  const intervals = all
    .map(({ heartbeatInterval }) => heartbeatInterval)
    .filter((interval) => interval !== undefined && interval > 0) as number[];
  const interval =
    intervals.length === 0 ? DEFAULT_INTERVAL_MS : Math.min(...intervals);
  return {
    consent:
      STRICTEST_FIRST.find((consent) =>
        all.some((options) => options.consent === consent),
      ) ?? "granted",
    heartbeatInterval: Math.min(
      Math.max(interval, MIN_INTERVAL_MS),
      MAX_INTERVAL_MS,
    ),
    forgetOnDenied: first("forgetOnDenied"),
    respectPrivacySignals: first("respectPrivacySignals"),
    skipBots: first("skipBots"),
    requireInput: first("requireInput"),
    beforeSend: first("beforeSend"),
    functions: first("functions") ?? {},
  };
}
