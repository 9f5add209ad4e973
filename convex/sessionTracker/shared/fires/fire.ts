/** The fires of schedules as they are remembered. */
import { v, type Infer } from "convex/values";

export const vFireOutcome = v.union(
  /** A run was started. */
  v.literal("started"),
  /** No session was due. */
  v.literal("nothingDue"),
  /** A run of the kind was under way: runs of a kind never overlap. */
  v.literal("alreadyRunning"),
  v.literal("paused"),
  /** The fire was due outside of the schedule's window, in which alone it starts runs. */
  v.literal("outsideWindow"),
  /** The fire came late, when its window had closed: it started a run, which works when the window opens. */
  v.literal("waitingForWindow"),
  /** The run was refused. */
  v.literal("failed"),
  /** Nobody came when the fire was due, and a later one was answered for both. */
  v.literal("missed"),
);
export type FireOutcome = Infer<typeof vFireOutcome>;

/** A fire, or several in a row with the same outcome. All times are in ms since the epoch. */
export const vFire = v.object({
  /** Counts the rows of a schedule, from 1. */
  seq: v.number(),
  outcome: vFireOutcome,
  /** When the fire was due by the spec, without jitter; of several, the last. */
  dueAt: v.number(),
  /** When the first of several was due; `dueAt` where it is one. */
  firstDueAt: v.number(),
  /** When it was decided for; of several, the last. */
  at: v.number(),
  /** Number of fires that this stands for. */
  count: v.number(),
  /** The run that was started, or was under way. */
  runId: v.optional(v.id("runs")),
  /** Why nothing was done, where the outcome does not say it. */
  reason: v.optional(v.string()),
});
export type FireRecord = Infer<typeof vFire>;
