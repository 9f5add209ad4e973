/** Lengths of time, and how far a clock is believed. */

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** A run without progress for this long is stuck. Workpool itself looks for lost jobs after five minutes. */
export const STUCK_AFTER_MS = 10 * MINUTE_MS;

/** How long an archived run waits for its operator, whose process may have died or lost its network. */
export const ABANDONED_AFTER_MS = DAY_MS;

/** How often the watchdog's cron fires. */
export const WATCHDOG_EVERY_MINUTES = 15;

/** The watchdog is late once it has not looked for this long. */
export const WATCHDOG_LATE_MS = 40 * MINUTE_MS;

/** How far a stored time may lie ahead and still be believed: clocks are set back by so much unnoticed. */
export const CLOCK_SLACK_MS = MINUTE_MS;

/** Whether a stored time lies ahead of `now` by more than the slack: the clock that stored it was wrong. */
export function isFuture(at: number, now: number): boolean {
  return at > now + CLOCK_SLACK_MS;
}
