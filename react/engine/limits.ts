/** Times and bounds. Exported ones become numbers in an app's bundle, which is smaller than their names. */

/** The time between two heartbeats, unless the app asks for another within these bounds. */
export const DEFAULT_INTERVAL_MS = 300_000;
export const MIN_INTERVAL_MS = 5_000;
export const MAX_INTERVAL_MS = 86_400_000;
/** Shares of the interval: a heartbeat is up to a tenth earlier or later, so that browsers do not beat together. */
export const EARLIEST = 0.9;
export const LATEST = 1.1;
export const SPREAD = 0.2;
/** The least time between two heartbeats, and before a failed call is made again. */
export const MIN_GAP_MS = 5_000;
/** The longest time for which the app's function may ask to be left alone. */
export const LONGEST_WAIT_MS = 86_400_000;

/** The time within which a tab sees what others store. */
export const SEEN_MS = 75;
/** Without Web Locks, tabs that wake together take their turns within this time. */
export const STAGGER_MS = 500;
/**
 * Two seconds for the lock: who has it for longer is waiting for the network, or is a tab in which nothing
 * runs. In steps, since a timer that is overdue tells only that nothing ran in this one.
 */
export const STEPS = 40;
export const STEP_MS = 50;

/** Engaged time is counted, and stored, so often: a page that crashes loses no more. */
export const TICK_MS = 1_000;
/** A tick of more counts nothing: nothing ran meanwhile, as while the machine slept. */
export const LONGEST_TICK_MS = 2_000;
/** With `requireInput` somebody is there for so long after the last input. */
export const INPUT_MS = 60_000;
/** What is counted beyond what was sent is worth a call from here on. */
export const LEAST_REST_MS = 1_000;
/** Who switches to another tab and back within this time has not left. */
export const MOMENT_MS = 5_000;
/** After so long a page that is hidden leaves to the next heartbeat what it could not send. */
export const LATE_MS = 60_000;
/** For so long a page's referrer and query say where a visit came from. */
export const YOUNG_MS = 1_800_000;

/** Calls that may wait for the deployment; over it the oldest is dropped. */
export const MAX_WAITING = 100;
/** The time that the deployment has to answer. */
export const TIMEOUT_MS = 30_000;
/** Chromium takes 4 to 8 ms to refuse what is over its limit of what is kept alive. */
export const PROMPT_MS = 30;
/**
 * Characters of a request that is kept alive, and of all that a page sends when it goes. Browsers refuse
 * over 64 KiB for all that it has open, and a character has up to 3 bytes.
 */
export const KEEPALIVE_LENGTH = 10_000;
