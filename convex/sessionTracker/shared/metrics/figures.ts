/** The figures that scrapers ask for, as plain numbers. All times are in ms since the epoch. */
import { v, type Infer } from "convex/values";
import { vDay } from "../days.js";
import { vFireOutcome } from "../fires/fire.js";
import { vRunKind } from "../runs/kinds.js";
import { vRunStatus } from "../runs/run.js";
import { vScheduleName } from "../schedules.js";

const vTime = v.union(v.number(), v.null());

export const vFigures = v.object({
  version: v.string(),
  sessions: v.object({
    active: v.number(),
    expired: v.number(),
    ended: v.number(),
  }),
  /** What the visits that began today, by UTC, have come to so far; one counts once it has closed. */
  today: vDay,
  /** When the session that has been inactive the longest was last active; `null` where none is inactive. */
  oldestInactiveAt: vTime,
  backlog: v.array(
    v.object({
      kind: vScheduleName,
      /** How many sessions the next run would find, counted up to 1,000. */
      sessions: v.number(),
      /** Since when the first of them has been due; `null` where none is. */
      dueSince: vTime,
    }),
  ),
  /** What the runs have come to since the deployment counts them: those kinds and statuses of which there are any. */
  runs: v.array(
    v.object({
      kind: vRunKind,
      status: vRunStatus,
      runs: v.number(),
      /** From each run's start to its end, waits for a resume or a window included. */
      durationMs: v.number(),
    }),
  ),
  kinds: v.array(
    v.object({
      kind: vRunKind,
      /** When the running run was started; `null` where none is running. */
      runningSince: vTime,
      /** When the newest run in the ledger that ended well ended. */
      lastSuccessAt: vTime,
    }),
  ),
  schedules: v.array(
    v.object({
      name: vScheduleName,
      isPaused: v.boolean(),
      lastTickAt: vTime,
      /** What the last fire came to, when, and how late; `null` before the first. */
      lastFire: v.union(
        v.object({
          outcome: vFireOutcome,
          at: v.number(),
          lagMs: v.number(),
        }),
        v.null(),
      ),
      /** When the first fire comes that is not answered for; `null` while paused, or pending. */
      nextAt: vTime,
    }),
  ),
  /** The calls that bounds refused in the last 24 hours, by the full hour. */
  refused: v.object({
    newSessions: v.number(),
    ofAddress: v.number(),
    actionsPerMinute: v.number(),
    actionsPerSession: v.number(),
  }),
  watchdog: v.object({ lastAt: vTime, gaveUpAt: vTime }),
  /** Counted up to 100. */
  hookDebts: v.number(),
  webhooks: v.array(
    v.object({
      webhookId: v.string(),
      failingSince: vTime,
      isDisabled: v.boolean(),
    }),
  ),
  /** Deliveries in the ledger that were given up, counted up to 100. */
  failedDeliveries: v.number(),
});
export type Figures = Infer<typeof vFigures>;
