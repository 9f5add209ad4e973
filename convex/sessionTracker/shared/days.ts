/** The figures of days: what finished visits came to, by the UTC day on which they began. */
import { v } from "convex/values";

export const vDayCounts = v.object({
  newVisitors: v.number(),
  visits: v.number(),
  bounces: v.number(),
  engagedMs: v.number(),
  actions: v.number(),
});
/** What finished visits came to. */
export type DayCounts = {
  /** Number of visitors whose first visit began on the day. */
  newVisitors: number;
  /** Number of visits that began on the day and have closed. */
  visits: number;
  /** Number of those with less than 10 s of engaged time and without an action; GA4 draws the line at 10 s, too. */
  bounces: number;
  /** How long visitors were really there in them, in ms. */
  engagedMs: number;
  /** Number of actions in them. */
  actions: number;
};

export const vDay = v.object({
  day: v.string(),
  ...vDayCounts.fields,
});
/** What the finished visits of one UTC day came to. */
export type Day = DayCounts & {
  /** The UTC day on which the visits began, `YYYY-MM-DD`. */
  day: string;
};
