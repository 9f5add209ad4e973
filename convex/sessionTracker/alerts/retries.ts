/** When a delivery that failed is tried again, and when no more. Pure, but for chance. */
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../shared/times.js";
import type { Attempt, DeliveryType } from "../shared/webhooks/webhook.js";

/**
 * The waits before each attempt after the first. They come to more than a day, after which the endpoint is
 * disabled, so that the last attempt of a delivery finds that out.
 */
const WAITS_MS = [
  5_000,
  MINUTE_MS,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  4 * HOUR_MS,
  8 * HOUR_MS,
  10 * HOUR_MS,
];
/** That a schedule did its work is no news an hour later, when the next ping may follow. */
const WAITS_OF_A_PING_MS = WAITS_MS.slice(0, 3);

/** Waits are up to a fifth longer, so that what failed together does not come back together. */
const JITTER = 0.2;

/** An attempt that was lost with its process is made again after this long. */
const LOST_WAIT_MS = 1_000;
/** Of an endpoint that has too much to do already. */
const LEAST_WAIT_WHEN_BUSY_MS = MINUTE_MS;
/** The longest that an endpoint's `retry-after` is believed. */
const LONGEST_ASKED_MS = DAY_MS;

interface Tried {
  type: DeliveryType;
  /** The attempts so far, without the last one. */
  tries: number;
}

/** Whether an answer says that the delivery arrived: any of 200 to 299, and no other. */
export function isGood({ status = 0 }: Pick<Attempt, "status">): boolean {
  return status >= 200 && status <= 299;
}

/**
 * How long to wait for another attempt.
 * @param outcome what the last one came to; "lost" where nobody knows
 * @returns `null` where there is to be none
 */
export function waitMsBefore(
  { type, tries }: Tried,
  outcome:
    (Pick<Attempt, "status"> & { retryAfterMs: number | undefined }) | "lost",
): number | null {
  const waitMs = waitsOf(type)[tries];
  if (waitMs === undefined) return null;
  if (outcome === "lost") return LOST_WAIT_MS;
  const { status, retryAfterMs = 0 } = outcome;
  // The endpoint says that it will never take any.
  if (status === 410) return null;
  const isBusy = status === 429 || status === 502 || status === 504;
  return Math.max(
    waitMs * (1 + JITTER * Math.random()),
    isBusy ? LEAST_WAIT_WHEN_BUSY_MS : 0,
    Math.min(retryAfterMs, LONGEST_ASKED_MS),
  );
}

/** Reads the header `retry-after`: seconds, or a date. @returns ms from `now`; `undefined` where it says neither */
export function readRetryAfter(
  header: string | null,
  now: number,
): number | undefined {
  if (header === null) return undefined;
  const seconds = Number(header);
  const ms = Number.isNaN(seconds) ? Date.parse(header) - now : seconds * 1_000;
  return ms > 0 && Number.isFinite(ms) ? ms : undefined;
}

function waitsOf(type: DeliveryType): readonly number[] {
  if (type === "webhook.test") return [];
  return type === "ping" ? WAITS_OF_A_PING_MS : WAITS_MS;
}
