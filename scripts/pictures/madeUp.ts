import { dayLine } from "../../cli/transfer/lineFormat.js";
import type { Day } from "../../convex/sessionTracker/shared/days.js";
import { DAY_MS, MINUTE_MS } from "../../convex/sessionTracker/shared/times.js";
import type { Entry } from "../../convex/sessionTracker/shared/visits.js";
import { seedSessions } from "../seedSessions.js";

const DAYS = 30;

/** Lines for `sessions-ops import`: made-up visits of the last weeks, some under way, and the figures of their days. */
export function madeUpLines(now: number): string[] {
  const days = new Map<string, Day>();
  const lines: string[] = [];
  for (let back = 0; back < DAYS; back += 1) {
    const rows = seedSessions({
      sessions: visitorsOn(back, now),
      days: back === 0 ? 0.3 : 1,
      now: now - back * DAY_MS,
      actionsPerSession: 3,
      seed: back + 1,
    });
    let index = 0;
    for (const { anonymousId, createdAt, lastActive, actions } of rows) {
      index += 1;
      const isUnderWay = lastActive > now - 20 * MINUTE_MS;
      const isBounce = index % 10 < 3 + (back % 2);
      const acts = index % 3 === 0 && !isBounce ? (actions ?? []) : [];
      const there = Math.floor((lastActive - createdAt) * 0.6);
      const engagedMs = isBounce ? Math.min(there, BOUNCE_MS) : there;
      const visit = {
        startedAt: createdAt,
        engagedMs,
        actions: acts.length,
        entry: ENTRIES[index % ENTRIES.length] ?? {},
      };
      if (!isUnderWay) count(days, visit);
      lines.push(
        JSON.stringify({
          anonymousId,
          createdAt,
          lastActive,
          visits: 1,
          actions: acts,
          ...(isUnderWay
            ? { visitUnderWay: visit }
            : {
                finishedVisits: [
                  { ...visit, endedAt: lastActive, why: "idle" },
                ],
              }),
        }),
      );
    }
  }
  return [...lines, ...[...days.values()].map(dayLine)];
}

// ── Helpers ─────────────────────────────────────────────────────────────────

const BOUNCE_MS = 4_000;

const ENTRIES: Entry[] = [
  { path: "/", device: "desktop" },
  { path: "/pricing", referrer: "news.example.com", device: "mobile" },
  { path: "/", referrer: "search.example.com", device: "desktop" },
  { path: "/blog/launch", utmSource: "newsletter", device: "mobile" },
  { path: "/docs", referrer: "search.example.com", device: "desktop" },
];

/** Fewer come at weekends, and each week a few more. */
function visitorsOn(back: number, now: number): number {
  const weekday = new Date(now - back * DAY_MS).getUTCDay();
  const isWeekend = weekday === 0 || weekday === 6;
  const usual = 380 - back * 5 + ((back * 53) % 60);
  return Math.round(usual * (isWeekend ? 0.55 : 1) * (back === 0 ? 0.4 : 1));
}

function count(
  days: Map<string, Day>,
  visit: { startedAt: number; engagedMs: number; actions: number },
): void {
  const day = new Date(visit.startedAt).toISOString().slice(0, 10);
  const before = days.get(day) ?? {
    ...{ day, newVisitors: 0, visits: 0, bounces: 0 },
    ...{ engagedMs: 0, actions: 0 },
  };
  const isBounce = visit.engagedMs < 10_000 && visit.actions === 0;
  days.set(day, {
    day,
    newVisitors: before.newVisitors + 1,
    visits: before.visits + 1,
    bounces: before.bounces + (isBounce ? 1 : 0),
    engagedMs: before.engagedMs + visit.engagedMs,
    actions: before.actions + visit.actions,
  });
}
