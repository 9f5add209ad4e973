/** Lengths of time, and how far a clock is believed. */

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** What stands still for this long is stuck: workpool looks for lost jobs itself after five minutes. */
export const STUCK_AFTER_MS = 10 * MINUTE_MS;

/** For an operator to come back to an archive whose process died or lost its network. */
export const ABANDONED_AFTER_MS = DAY_MS;

/** The watchdog comes every quarter of an hour. */
export const WATCHDOG_LATE_MS = 40 * MINUTE_MS;

/** Clocks are set back by so much without notice; what is stored further ahead proves nothing. */
export const CLOCK_SLACK_MS = MINUTE_MS;

/** A time that a clock stored which was ahead: it has not come, so it says nothing about now. */
export function isFuture(at: number, now: number): boolean {
  return at > now + CLOCK_SLACK_MS;
}
