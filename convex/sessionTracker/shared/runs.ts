/** Runs: what the ledger keeps of one, and the numbers that bound them. */
import { v, type Infer } from "convex/values";
import { vPlace } from "./places.js";
import { vRunKind } from "./runKinds.js";

export const vRunTrigger = v.union(
  v.literal("schedule"),
  v.literal("operator"),
  v.literal("app"),
);
export type RunTrigger = Infer<typeof vRunTrigger>;

export const vRunStatus = v.union(
  v.literal("running"),
  v.literal("completed"),
  v.literal("failed"),
  v.literal("canceled"),
  /** It has done `maxSessions`, and more are due: `resume` goes on with as many again. */
  v.literal("maxReached"),
);
export type RunStatus = Infer<typeof vRunStatus>;

/** The last row that a run handled. */
export const vCursor = v.object({
  /** A purge expires stale leases first, then walks the sessions. */
  phase: v.union(v.literal("leases"), v.literal("sessions")),
  ...vPlace.fields,
});
export type Cursor = Infer<typeof vCursor>;

const vRunError = v.object({
  at: v.number(),
  message: v.string(),
  /** The session set aside, where the failure could be pinned on one. */
  sessionId: v.optional(v.string()),
});

/** What an operator may bound a run by. */
export const vRunBounds = v.object({
  /** Sessions to expire or delete at most. */
  maxSessions: v.optional(v.number()),
  /**
   * Sessions to handle in a second at most, on average, of which up to a second's worth come at once;
   * a session counts once for every four of its actions.
   */
  ratePerSecond: v.optional(v.number()),
});

const vResume = v.object({
  at: v.number(),
  actor: v.string(),
  reason: v.optional(v.string()),
});

export const vRunFields = v.object({
  kind: vRunKind,
  trigger: vRunTrigger,
  actor: v.string(),
  reason: v.optional(v.string()),
  /** Made by whoever asked, so that a retried request does not start a second run. */
  token: v.optional(v.string()),
  status: vRunStatus,
  /** Frozen when the run starts, in ms since the epoch. */
  cutoff: v.number(),
  /** Of the settings it was last asked for under; absent in runs of before this was kept. */
  revision: v.optional(v.number()),
  /** Sessions it takes in all, as far as it is not bounded; absent where nobody has counted them. */
  expected: v.optional(v.number()),
  cursor: v.union(vCursor, v.null()),
  /** Pages enqueued so far; a page that carries another number does nothing. */
  seq: v.number(),
  pageSize: v.number(),
  pages: v.number(),
  /** Sessions expired (expire) or deleted (purge). */
  sessions: v.number(),
  /** Leases expired; a purge expires stale ones on its way. */
  leases: v.number(),
  /** Actions deleted. */
  actions: v.number(),
  /** Rows set aside because they failed alone. */
  quarantined: v.number(),
  failuresInARow: v.number(),
  errors: v.array(vRunError),
  startedAt: v.number(),
  progressAt: v.number(),
  /** When it last went on after a stop, with what it had done; absent in one that never stopped. */
  resumed: v.optional(v.object({ at: v.number(), sessions: v.number() })),
  /** Who let it go on after a stop, or took over its archive; newest last, the last few. */
  resumes: v.optional(v.array(vResume)),
  finishedAt: v.optional(v.number()),
  ...vRunBounds.fields,
  /** The sessions taken so far at which it ends as `maxReached`. */
  stopAt: v.optional(v.number()),
  /** When a paced run does its next page; until then it does not stand still. */
  nextPageAt: v.optional(v.number()),
  /**
   * The file of an archived purge. Whoever writes the file asks for each page and says when it is
   * on disk; nothing else takes the run on.
   */
  archiveFile: v.optional(v.string()),
});

/** What a run has learned about the size of its pages, see `pageSizes`. */
export const vLearned = v.object({
  /** A page of this size ran out of time. */
  outOfTime: v.optional(v.object({ size: v.number(), at: v.number() })),
  /** One of this size failed otherwise; it is tried again after so many pages. */
  failed: v.optional(v.object({ size: v.number(), pages: v.number() })),
});

/** What became of a page that was archived. */
export const vArchivedPage = v.object({
  /** Whether its sessions were deleted; else the page is to be asked for again. */
  purged: v.boolean(),
  /** Sessions archived and not deleted. */
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
  /** `alreadyRunning`: one run of a kind at a time; the id and cutoff are the running one's. */
  status: v.union(v.literal("started"), v.literal("alreadyRunning")),
});
export type RunStarted = Infer<typeof vRunStarted>;

/** Errors, and resumes, kept in a run row; the counts go on. */
export const MAX_RUN_ERRORS = 20;

/** After so many failing rows in a row it is not the row. */
export const MAX_FAILURES_IN_A_ROW = 20;

/**
 * Deletes a page may do. The real backend takes one read interval for each delete by id and
 * allows 4,096 in a transaction (`crates/database/src/transaction.rs`); the rest is for the
 * reads of the page and the work of the chain.
 */
export const MAX_DELETES_PER_PAGE = 3_000;
