/** Runs: what the ledger keeps of a run, and the limits of a run and of its pages. */
import { v, type Infer } from "convex/values";
import { vPlace } from "../places.js";
import type { Policy } from "../settings.js";
import { DAY_MS } from "../times.js";
import { vBlockedUntil } from "../sessions.js";
import { vFilter } from "./filter.js";
import { vRunKind } from "./kinds.js";

/** The cutoffs of visits and of actions that a purge takes before their session, in ms since the epoch. */
export const vOwnCutoffs = v.object({
  /** Visits that ended strictly before it; absent: visits go with their session. */
  visits: v.optional(v.number()),
  /** Actions strictly before it; absent: actions go with their session. */
  actions: v.optional(v.number()),
});
export type OwnCutoffs = Infer<typeof vOwnCutoffs>;

export const vRunTrigger = v.union(
  v.literal("schedule"),
  v.literal("operator"),
  v.literal("app"),
);
/** What started a run: its schedule, an operator, or the app's own code. */
export type RunTrigger = "schedule" | "operator" | "app";

export const vRunStatus = v.union(
  v.literal("running"),
  v.literal("completed"),
  v.literal("failed"),
  v.literal("canceled"),
  /** The run has taken `maxSessions`, and more sessions are due: `resume` takes as many again. */
  v.literal("maxReached"),
);
export type RunStatus = Infer<typeof vRunStatus>;

/**
 * The index that a run walks. A purge expires stale leases first, then goes on to the sessions; then, where
 * visits or actions have a retention of their own, to what is left of these by age: last visits, which are
 * fields of their sessions, other visits, and actions. What a run over a filter walks, see `runs/many/stages`.
 */
const vRunPhase = v.union(
  v.literal("leases"),
  v.literal("sessions"),
  v.literal("lastVisits"),
  v.literal("visits"),
  v.literal("actions"),
  v.literal("created"),
  v.literal("createdAgain"),
  // Of runs that an earlier version began.
  v.literal("returned"),
);
export type RunPhase = Infer<typeof vRunPhase>;

/** The key of the last row that a run handled; `null` in place of a cursor means that it has handled none. */
export const vCursor = v.object({
  phase: vRunPhase,
  ...vPlace.fields,
});
export type Cursor = Infer<typeof vCursor>;

const vRunError = v.object({
  at: v.number(),
  message: v.string(),
  /** The session that was set aside, where the failure could be pinned on a single session. */
  sessionId: v.optional(v.string()),
});

/** The bounds of a run: what an operator may limit the run by. */
export const vRunBounds = v.object({
  /** Number of sessions to take at most. @default all that are due */
  maxSessions: v.optional(v.number()),
  /**
   * Number of sessions a second at most, on average; a page takes up to one second's worth at once. A session
   * counts once for every four of its actions. @default as fast as pages go
   */
  ratePerSecond: v.optional(v.number()),
});

const vResume = v.object({
  at: v.number(),
  actor: v.string(),
  reason: v.optional(v.string()),
});

/** A run, as the ledger stores it and operators see it. All times are in ms since the epoch. */
export const vRunFields = v.object({
  kind: vRunKind,
  trigger: vRunTrigger,
  actor: v.string(),
  reason: v.optional(v.string()),
  /** The caller's own name for the request, so that a repeated request does not start a second run. */
  token: v.optional(v.string()),
  status: vRunStatus,
  /**
   * The run takes sessions last active strictly before this time, which is fixed when the run starts. A run with a
   * filter takes sessions that were created by then.
   */
  cutoff: v.number(),
  /** Which sessions an `end` or a `forget` takes, as it was frozen at the start; absent in other runs. */
  filter: v.optional(vFilter),
  /** Until when an `end` blocks the sessions; absent where it only ends visits. */
  blockedUntil: v.optional(vBlockedUntil),
  /**
   * The cutoffs of visits and actions that go before their session. Fixed when the run starts; a resume makes
   * them earlier where their retention was raised meanwhile.
   */
  cutoffs: v.optional(vOwnCutoffs),
  /**
   * The revision of the settings at the run's start or last resume; absent in rows from before it was kept.
   */
  revision: v.optional(v.number()),
  /** Number of sessions due when the run started, `maxSessions` aside; absent where nobody counted them. */
  expected: v.optional(v.number()),
  cursor: v.union(vCursor, v.null()),
  /** The number of the chain's next link, from 0; a page that carries another number does nothing. */
  seq: v.number(),
  /** Number of sessions that the next page aims for. */
  pageSize: v.number(),
  /** Number of pages done. */
  pages: v.number(),
  /** Number of sessions expired (expire), deleted (purge, forget), or ended or blocked (end). */
  sessions: v.number(),
  /**
   * Number of visits under way that the run closed; a purge expires stale leases before it deletes sessions.
   */
  leases: v.number(),
  /** Number of visits deleted, with their session or before it; absent in rows of 0.1. */
  visits: v.optional(v.number()),
  /** Number of actions deleted, with their session or before it. */
  actions: v.number(),
  /** Number of rows set aside because a page of that row alone failed. */
  quarantined: v.number(),
  /** Number of rows set aside since the last page that went well. */
  failuresInARow: v.number(),
  /** The last errors, newest last, at most `MAX_RUN_ERRORS`. */
  errors: v.array(vRunError),
  startedAt: v.number(),
  /** When the run started, was resumed, or last did a page or set a row aside; the latest of these. */
  progressAt: v.number(),
  /** When the run last went on after a stop, and its `sessions` then; absent in a run that never stopped. */
  resumed: v.optional(v.object({ at: v.number(), sessions: v.number() })),
  /** Who resumed the run, or took over its archive, newest last, at most `MAX_RUN_ERRORS`. */
  resumes: v.optional(v.array(vResume)),
  finishedAt: v.optional(v.number()),
  ...vRunBounds.fields,
  /** The number of `sessions` at which the run stops as `maxReached`; absent without `maxSessions`. */
  stopAt: v.optional(v.number()),
  /**
   * When the next page is due of a run with a rate, or of one that waits for its window; the run does not count as
   * stuck before.
   */
  nextPageAt: v.optional(v.number()),
  /**
   * Whether the run keeps to the window of its schedule. @default where the schedule started it, and nobody has let
   * it go on by hand since
   */
  inWindow: v.optional(v.boolean()),
  /** When the window opens for which the run waits, between two pages; absent while it works. */
  waitingUntil: v.optional(v.number()),
  /**
   * The path of the file that an archived purge writes to. The client that writes the file asks for each page
   * and says when the page is on disk; nothing else takes such a run on.
   */
  archiveFile: v.optional(v.string()),
});

/** What a run has learned from failures about the size of its pages, see `runs/pageSizes`. */
export const vLearned = v.object({
  /** A page of `size` sessions ran out of time, at a time in ms since the epoch. */
  outOfTime: v.optional(v.object({ size: v.number(), at: v.number() })),
  /**
   * A page of `size` sessions failed for another reason; that size is tried again after `pages` more pages.
   */
  failed: v.optional(v.object({ size: v.number(), pages: v.number() })),
});

/** The outcome of a page that was archived. */
export const vArchivedPage = v.object({
  /** Whether the page's sessions were deleted; where not, the page has to be asked for again. */
  purged: v.boolean(),
  /** The sessions of the page that were archived and yet not deleted, and why. */
  stayed: v.array(
    v.object({
      sessionId: v.string(),
      why: v.union(
        v.literal("cameBack"),
        v.literal("changed"),
        v.literal("gone"),
      ),
    }),
  ),
});
export type ArchivedPage = Infer<typeof vArchivedPage>;

export const vRun = v.object({ runId: v.id("runs"), ...vRunFields.fields });
export type Run = Infer<typeof vRun>;

export const vRunStarted = v.object({
  runId: v.id("runs"),
  cutoff: v.number(),
  /**
   * `alreadyRunning`: a run of the kind is under way, whose id and cutoff these are; there is only one at a
   * time.
   */
  status: v.union(v.literal("started"), v.literal("alreadyRunning")),
});
export type RunStarted = Infer<typeof vRunStarted>;

/**
 * The most errors, and the most resumes, that a run's row keeps: the newest. The run's counts include all.
 */
export const MAX_RUN_ERRORS = 20;

/** A run fails once so many rows in a row have failed alone: then the cause is not in a row. */
export const MAX_FAILURES_IN_A_ROW = 20;

/** @returns `undefined` where neither visits nor actions have a retention of their own */
export function ownCutoffs(
  {
    visitRetentionDays: visits,
    actionRetentionDays: actions,
  }: Pick<Policy, "visitRetentionDays" | "actionRetentionDays">,
  now: number,
): OwnCutoffs | undefined {
  if (visits === "session" && actions === "session") return undefined;
  const cutoffOf = (days: number) => Math.floor(now - days * DAY_MS);
  return {
    ...(visits === "session" ? {} : { visits: cutoffOf(visits) }),
    ...(actions === "session" ? {} : { actions: cutoffOf(actions) }),
  };
}

/** The earlier of two cutoffs of each kind: a kind takes nothing where one of the two does not name it. */
export function earlierCutoffs(
  a: OwnCutoffs | undefined,
  b: OwnCutoffs | undefined,
): OwnCutoffs | undefined {
  if (a === undefined || b === undefined) return undefined;
  const both: OwnCutoffs = {};
  for (const kind of ["visits", "actions"] as const) {
    const [ofA, ofB] = [a[kind], b[kind]];
    if (ofA !== undefined && ofB !== undefined) both[kind] = Math.min(ofA, ofB);
  }
  return both;
}
