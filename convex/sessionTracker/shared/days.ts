/** The figures of days: what finished visits came to, by the UTC day on which they began. */
import { v, type Infer } from "convex/values";

export const vDayCounts = v.object({
  /** Visitors whose first visit began on the day. */
  newVisitors: v.number(),
  visits: v.number(),
  /** Visits of less than 10 s of engaged time and without an action. */
  bounces: v.number(),
  engagedMs: v.number(),
  actions: v.number(),
});
export type DayCounts = Infer<typeof vDayCounts>;

export const vDay = v.object({
  /** The UTC day on which the visits began, `YYYY-MM-DD`. */
  day: v.string(),
  ...vDayCounts.fields,
});
/** What the finished visits of one UTC day came to. */
export type Day = Infer<typeof vDay>;
