/** What an operator limits a run by, and how much of it is left. */

export interface Bounds {
  /** Sessions to take at most, from its start or from where it goes on. */
  maxSessions?: number;
  /** Sessions a second at most. */
  ratePerSecond?: number;
}

export interface BoundedRun extends Bounds {
  /** Taken so far. */
  sessions: number;
  /** What `sessions` is when it ends. */
  stopAt?: number;
}

/** Sessions the run may still take; `undefined` where nothing bounds them. */
export function sessionsLeftOf(run: BoundedRun): number | undefined {
  return run.stopAt === undefined ? undefined : run.stopAt - run.sessions;
}

/** Where a run ends that starts, or goes on, now. */
export function nextStop(run: BoundedRun): number | undefined {
  const { stopAt, sessions, maxSessions } = run;
  if (maxSessions === undefined) return undefined;
  return stopAt === undefined || sessions >= stopAt
    ? sessions + maxSessions
    : stopAt;
}
