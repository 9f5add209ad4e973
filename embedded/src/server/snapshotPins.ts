import type { Clock } from "../clock.js";
import type { Runtime, RuntimeSnapshot } from "../functions/runtime.js";
import { badRequest } from "./http/http.js";

/** How long after `query_ts` its snapshot can be read, as on Convex. */
const PIN_MS = 30_000;

/** Limit for pinned snapshots, each of which keeps its pages from being reused. */
const MAX_PINS = 32;

interface Pin {
  readonly snapshot: RuntimeSnapshot;
  readonly timer: unknown;
  /** Number of queries that read the snapshot right now; it is released after the last. */
  users: number;
}

/** A pinned snapshot in use by one query. */
export interface PinInUse {
  readonly snapshot: RuntimeSnapshot;
  release(): void;
}

/**
 * Snapshots that `query_ts` promised to its caller, bounded in time and number. A query of a
 * snapshot that is gone is refused, never run on a newer one.
 */
export class SnapshotPins {
  readonly #runtime: Runtime;
  readonly #clock: Clock;
  readonly #pins = new Map<bigint, Pin>();

  constructor(runtime: Runtime, clock: Clock) {
    this.#runtime = runtime;
    this.#clock = clock;
  }

  /** Keeps the latest snapshot readable for a while. */
  async pin(): Promise<bigint> {
    const snapshot = this.#runtime.snapshot();
    const { ts } = snapshot.data;
    this.#drop(ts);
    const timer = this.#clock.setTimeout(() => this.#drop(ts), PIN_MS);
    this.#pins.set(ts, { snapshot, timer, users: 1 });
    for (const oldest of this.#pins.keys()) {
      if (this.#pins.size <= MAX_PINS) break;
      this.#drop(oldest);
    }
    await this.#runtime.database.whenDurable(ts);
    return ts;
  }

  /** Keeps a pinned snapshot until one query is done with it. */
  use(ts: bigint): PinInUse {
    const pin = this.#pins.get(ts);
    if (pin === undefined) {
      throw badRequest(
        "SnapshotNotAvailable",
        `The snapshot at ${ts} cannot be read: only those that query_ts answered within the last ${PIN_MS / 1_000} seconds can. Ask for a new one.`,
      );
    }
    pin.users += 1;
    return { snapshot: pin.snapshot, release: () => leave(pin) };
  }

  /** Releases every snapshot. */
  close(): void {
    for (const ts of [...this.#pins.keys()]) this.#drop(ts);
  }

  #drop(ts: bigint): void {
    const pin = this.#pins.get(ts);
    if (pin === undefined) return;
    this.#pins.delete(ts);
    this.#clock.clearTimeout(pin.timer);
    leave(pin);
  }
}

function leave(pin: Pin): void {
  pin.users -= 1;
  if (pin.users === 0) pin.snapshot.data.release();
}

/** A timestamp in base64 of the u64 in little endian, the form clients pass along unread. */
export function encodeTs(ts: bigint): string {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(ts);
  return bytes.toString("base64");
}

/** The inverse of {@link encodeTs}; anything else is refused. */
export function decodeTs(encoded: unknown): bigint {
  if (typeof encoded === "string") {
    const bytes = Buffer.from(encoded, "base64");
    if (bytes.length === 8) return bytes.readBigUInt64LE();
  }
  throw badRequest("BadTimestamp", "ts must be what /api/query_ts answered.");
}
