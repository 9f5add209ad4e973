/** The bounds of a run: what an operator limits the run by, and how much of that is left. */

export interface Bounds {
  /** Number of sessions to take at most, counted from the run's start or from its last resume. */
  maxSessions?: number;
  /** Number of sessions a second at most, on average. */
  ratePerSecond?: number;
}

export interface BoundedRun extends Bounds {
  /** Number of sessions taken so far. */
  sessions: number;
  /** The number of `sessions` at which the run stops as `maxReached`. */
  stopAt?: number;
}

/** The number of sessions that the run may still take; `undefined` for a run without `maxSessions`. */
export function sessionsLeftOf(run: BoundedRun): number | undefined {
  return run.stopAt === undefined ? undefined : run.stopAt - run.sessions;
}

/**
 * The `stopAt` of a run that starts or is resumed now: a run that has reached its maximum may take as many
 * sessions again, another run what it had left.
 */
export function nextStop(run: BoundedRun): number | undefined {
  const { stopAt, sessions, maxSessions } = run;
  if (maxSessions === undefined) return undefined;
  return stopAt === undefined || sessions >= stopAt
    ? sessions + maxSessions
    : stopAt;
}
