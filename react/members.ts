import type { Consent, SessionTrackerOptions } from "./options.js";

/** One hook or component at an engine. */
export interface Member {
  readonly options: SessionTrackerOptions;
  /** The snapshot is another. */
  changed(): void;
}

type Members = Iterable<Member>;

const STRICTEST_FIRST: Consent[] = ["denied", "pending"];
const MIN_INTERVAL_MS = 5_000;
const MAX_INTERVAL_MS = 86_400_000;
const DEFAULT_INTERVAL_MS = 300_000;

/** An option that holds for all: what the first says who says anything. */
export function firstOf<Name extends keyof SessionTrackerOptions>(
  members: Members,
  name: Name,
): SessionTrackerOptions[Name] {
  return all(members, name)[0];
}

export function consentOf(members: Members): Consent {
  const given = all(members, "consent");
  return (
    STRICTEST_FIRST.find((consent) => given.includes(consent)) ?? "granted"
  );
}

export function intervalOf(members: Members): number {
  const [smallest = NaN] = all(members, "heartbeatInterval").sort(
    (a, b) => a - b,
  );
  return (
    Math.min(Math.max(smallest, MIN_INTERVAL_MS), MAX_INTERVAL_MS) ||
    DEFAULT_INTERVAL_MS
  );
}

function all<Name extends keyof SessionTrackerOptions>(
  members: Members,
  name: Name,
): NonNullable<SessionTrackerOptions[Name]>[] {
  return [...members].flatMap(({ options }) => options[name] ?? []);
}
