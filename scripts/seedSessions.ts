import type { ImportRow } from "../cli/deployment/api.js";
import type { Action } from "../convex/sessionTracker/shared/sessions.js";
import { DAY_MS, MINUTE_MS } from "../convex/sessionTracker/shared/times.js";

export interface SeedOptions {
  sessions: number;
  /** The last activity of the sessions is spread evenly over so many days before `now`. */
  days: number;
  /** ms since the epoch */
  now: number;
  /** @default 0 */
  actionsPerSession?: number;
  /** Size of an action's metadata as Convex counts it. @default 0: none */
  metadataBytes?: number;
  /** Another seed gives other visitors. @default 1 */
  seed?: number;
}

/**
 * Made-up sessions to import, newest first; the same for the same options. Neighbours in time are
 * no neighbours by anonymousId, as with real visitors.
 */
export function* seedSessions({
  sessions,
  days,
  now,
  actionsPerSession = 0,
  metadataBytes = 0,
  seed = 1,
}: SeedOptions): Generator<ImportRow> {
  const random = randomNumbers(seed);
  const metadata = filler(metadataBytes);
  for (let index = 0; index < sessions; index += 1) {
    const age = ((index + random()) / sessions) * days * DAY_MS;
    const lastActive = Math.floor(now - age);
    const lengthMs = Math.floor(random() * MAX_VISIT_MS);
    const createdAt = lastActive - lengthMs;
    yield {
      anonymousId: uuid(random),
      createdAt,
      lastActive,
      actions: Array.from({ length: actionsPerSession }, (_, n): Action => ({
        at: createdAt + Math.floor((lengthMs * (n + 1)) / actionsPerSession),
        action: ACTIONS[n % ACTIONS.length] ?? "view",
        resourceId: `page-${Math.floor(random() * 500)}`,
        ...metadata,
      })),
    };
  }
}

// ── Helpers ─────────────────────────────────────────────────────────────────

const MAX_VISIT_MS = 20 * MINUTE_MS;
const ACTIONS = ["view", "search", "add_to_cart"];

/**
 * The size beyond the text of an object with one string: 2 bytes, its field name and a byte, and the
 * string's 2 bytes.
 */
const FILLER_OVERHEAD = 2 + "note".length + 1 + 2;

function filler(bytes: number): { metadata?: { note: string } } {
  if (bytes === 0) return {};
  return {
    metadata: { note: "x".repeat(Math.max(0, bytes - FILLER_OVERHEAD)) },
  };
}

function uuid(random: () => number): string {
  const hex = Array.from({ length: 4 }, () =>
    Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, "0"),
  ).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}

/** Random numbers from 0 up to 1, by the generator known as mulberry32. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
