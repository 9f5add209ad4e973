/**
 * A schedule without a deployment: the times at which something looks at it, and what it then finds due by the
 * dispatcher's own rules. The schedule is looked at when its fires are due, when those that are put off come, and
 * again a moment later.
 */
import type { Schedule } from "../../../convex/sessionTracker/shared/schedules.js";
import { DAY_MS } from "../../../convex/sessionTracker/shared/times.js";
import { findDue } from "../../../convex/sessionTracker/schedules/dueFires.js";
import { walkFires } from "../../../convex/sessionTracker/schedules/fires.js";
import type { TickRow } from "../../../convex/sessionTracker/schedules/ticks.js";

export interface Start {
  /** When the schedule decided to start a run. */
  at: number;
  /** How many fires within its window that answers for. */
  count: number;
  dueAt: number;
}

/**
 * The starts of a schedule from a time to another, each of whose fires finds something due.
 * @param stops stretches in which nothing looks, as the process stands still
 */
export function startsBetween(
  schedule: Schedule,
  from: number,
  to: number,
  stops: ReadonlyArray<readonly [from: number, to: number]> = [],
): Start[] {
  const starts: Start[] = [];
  let tick = tickAt(from);
  const look = (now: number): number | null => {
    const due = findDue(schedule, tick, now);
    if (due === null) return null;
    if (due.inside !== null || due.outside !== null) {
      const { inside } = due;
      if (inside !== null) {
        starts.push({ at: now, count: inside.count, dueAt: inside.last });
      }
      tick = { ...tick, answeredUntil: due.answeredUntil };
    }
    return due.putOffTo;
  };
  const lookTwice = (now: number): void => {
    const putOffTo = look(now);
    if (putOffTo !== null) wakes.push(putOffTo);
    // Somebody else looks, too, and must find nothing.
    look(now + 1);
  };
  const wakes: number[] = [];
  const lookUntil = (end: number): void => {
    for (let wake = wakes.shift(); wake !== undefined; wake = wakes.shift()) {
      if (wake > end) {
        wakes.unshift(wake);
        return;
      }
      lookTwice(wake);
    }
  };
  const left = [...stops];
  for (const { at } of walkFires(schedule, from)) {
    if (at >= to) break;
    const [stop] = left;
    if (stop !== undefined && at >= stop[0]) {
      lookUntil(stop[0]);
      if (at < stop[1]) continue;
      // All that was missed comes at once.
      wakes.length = 0;
      lookTwice(stop[1]);
      left.shift();
    }
    lookUntil(at);
    lookTwice(at);
  }
  lookUntil(to);
  return starts;
}

/** The days of a zone's calendar from a time to another, as YYYY-MM-DD. */
export function daysOf(timeZone: string, from: number, to: number): string[] {
  const days = new Set<string>();
  for (let at = from; at < to; at += DAY_MS / 4) days.add(dayAt(timeZone, at));
  return [...days];
}

export function dayAt(timeZone: string, at: number): string {
  return formatOf(timeZone).format(at);
}

// ── Helpers ─────────────────────────────────────────────────────────────────

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const format =
    formats.get(timeZone) ??
    new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short" });
  formats.set(timeZone, format);
  return format;
}

function tickAt(answeredUntil: number): TickRow {
  return {
    _id: "purge" as TickRow["_id"],
    _creationTime: 0,
    name: "purge",
    registeredAt: answeredUntil,
    answeredUntil,
  };
}
