import type { DayCounts } from "../../../convex/sessionTracker/shared/days.js";
import type { Component } from "./rows.js";

export type { DayCounts };

export function emptyDay(): DayCounts {
  return { newVisitors: 0, visits: 0, bounces: 0, engagedMs: 0, actions: 0 };
}

/** The figures by day, the shards of each added up. */
export async function readDays(
  t: Component,
): Promise<Record<string, DayCounts>> {
  const rows = await t.run((ctx) => ctx.db.query("days").collect());
  const days: Record<string, DayCounts> = {};
  for (const { day, ...row } of rows) {
    const counts = (days[day] ??= emptyDay());
    for (const field of Object.keys(counts) as (keyof DayCounts)[]) {
      counts[field] += row[field];
    }
  }
  return days;
}
