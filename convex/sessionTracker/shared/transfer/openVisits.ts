/** Visits under way, as exports and backups hand them on: what a lease says, whatever deployment it is in. */
import { v, type Infer } from "convex/values";
import { startOf, vEntry, type VisitUnderWay } from "../visits.js";

/** Times are in ms since the epoch. */
export const vOpenVisit = v.object({
  startedAt: v.number(),
  /** How long somebody was really there so far, in ms. */
  engagedMs: v.number(),
  /** When the visit last took some engaged time; absent: at its start. */
  engagedAt: v.optional(v.number()),
  /** Actions recorded in it so far. */
  actions: v.number(),
  /** Those of it that purges have deleted by their age, which are not among `actions`; absent is 0. */
  purgedActions: v.optional(v.number()),
  entry: v.optional(vEntry),
  /** Where the visitor is. */
  path: v.optional(v.string()),
  /** Whose it was when it was over, where the session was handed on since; `null` is nobody's. */
  formerUserId: v.optional(v.union(v.string(), v.null())),
});
export type OpenVisit = Infer<typeof vOpenVisit>;

/** The visit of a lease, without what depends on the deployment: its terms, and whether it is over. */
export function toOpenVisit(
  lease: VisitUnderWay & Partial<OpenVisit> & { actionCount: number },
): OpenVisit {
  const { lastActive, engagedMs = 0, engagedAt, entry, path } = lease;
  const { purgedActions = 0 } = lease;
  const { formerUserId } = lease;
  // A clock that was set back may have written later times than that of the last activity.
  const startedAt = Math.min(startOf(lease), lastActive);
  return {
    startedAt,
    engagedMs: Math.min(engagedMs, lastActive - startedAt),
    ...(engagedAt === undefined
      ? {}
      : { engagedAt: Math.max(startedAt, Math.min(engagedAt, lastActive)) }),
    actions: lease.actionCount,
    ...(purgedActions === 0 ? {} : { purgedActions }),
    ...(entry === undefined ? {} : { entry }),
    ...(path === undefined ? {} : { path }),
    ...(formerUserId === undefined ? {} : { formerUserId }),
  };
}
