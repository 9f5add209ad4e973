/** The times of the story, as far as both the maker of the directory and its test must know. */
export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

export const OPENED_AT = Date.UTC(2026, 0, 20);
/** The deployment is closed amid a purge. */
export const CLOSED_AT = OPENED_AT + HOUR_MS;
/** The deployment is opened again after two fires of the expire schedule, of ten minutes each. */
export const REOPENED_AT = CLOSED_AT + 20 * MINUTE_MS;
/** The end of the purge schedule's pause; its first fire after that is forty minutes later. */
export const PAUSED_UNTIL = OPENED_AT + 2 * HOUR_MS;
/** The cutoff of the purge that is under way. */
export const PURGED_BEFORE = OPENED_AT - 40 * DAY_MS;
