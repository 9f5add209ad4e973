/**
 * Clock changes of time zones, kinds of specs and stops of the process, and an oracle of due times that only reads
 * clocks. `clockChanges` tests a part of their combinations, `scale/clockChanges` all.
 */
import { expect, vi } from "vitest";
import {
  fireAfter,
  firesAfter,
} from "../../../convex/sessionTracker/schedules/fires.js";
import { advance } from "./clock.js";
import {
  checkWatchdog,
  purgesOf,
  setSpec,
  setUpWithRefill,
} from "./fireKit.js";
import type { Component } from "./rows.js";
import {
  DAY_MS,
  HOUR_MS,
  MINUTE_MS,
} from "../../../convex/sessionTracker/shared/times.js";

/** Moments at which clocks change, two in a year in most zones, and as many for UTC where none changes. */
export const CHANGES: Array<[timeZone: string, change: string]> = [
  ["Europe/Berlin", "2026-03-29T01:00Z"],
  ["Europe/Berlin", "2026-10-25T01:00Z"],
  ["America/New_York", "2026-03-08T07:00Z"],
  ["America/New_York", "2026-11-01T06:00Z"],
  ["Australia/Lord_Howe", "2026-04-04T15:00Z"],
  ["Australia/Lord_Howe", "2026-10-03T15:30Z"],
  ["Africa/Cairo", "2026-04-23T22:00Z"],
  ["Africa/Cairo", "2026-10-29T21:00Z"],
  ["Asia/Beirut", "2026-03-28T22:00Z"],
  ["Asia/Beirut", "2026-10-24T21:00Z"],
  ["America/Santiago", "2026-04-05T03:00Z"],
  ["America/Santiago", "2026-09-06T04:00Z"],
  ["Pacific/Apia", "2021-04-03T14:00Z"],
  ["Pacific/Apia", "2011-12-30T10:00Z"],
  ["UTC", "2026-03-29T01:00Z"],
  ["UTC", "2026-10-25T01:00Z"],
];

export interface Kind {
  kind: string;
  spec: (weekday: number) => string;
  /** How long before and after the change the fires of the spec are looked at. */
  aroundMs: number;
}

export const MIDNIGHT: Kind[] = [
  { kind: "daily at midnight", spec: () => "0 0 * * *", aroundMs: 2 * DAY_MS },
  {
    kind: "weekly at midnight",
    spec: (weekday) => `0 0 * * ${weekday}`,
    aroundMs: 8 * DAY_MS,
  },
];
export const KINDS: Kind[] = [
  { kind: "daily", spec: () => "30 2 * * *", aroundMs: 2 * DAY_MS },
  {
    kind: "weekly",
    spec: (weekday) => `30 2 * * ${weekday}`,
    aroundMs: 8 * DAY_MS,
  },
  { kind: "hourly", spec: () => "0 * * * *", aroundMs: 3 * HOUR_MS },
  {
    kind: "quarter-hourly",
    spec: () => "*/15 * * * *",
    aroundMs: 1.5 * HOUR_MS,
  },
];

export const STOPS = [0, MINUTE_MS, HOUR_MS, 7 * DAY_MS];

export interface ClockCase extends Kind {
  timeZone: string;
  change: string;
  stopMs: number;
  /** The schedule has ticked before the change, and is not registered a moment before it. */
  withTicks: boolean;
}

/**
 * Expects that each due time of a schedule has one run over a change of clocks, or all that a stop missed
 * have one.
 */
export async function expectOneRunEach({
  spec,
  aroundMs,
  timeZone,
  change,
  stopMs,
  withTicks,
}: ClockCase): Promise<void> {
  const at = Date.parse(change);
  const cron = { spec: spec(weekdayOf(timeZone, at)), timeZone };
  // Without earlier ticks the schedule is registered a moment before the fire at the change.
  const begin = withTicks
    ? at - aroundMs
    : (dueBetween(cron, at - 5 * MINUTE_MS, at + aroundMs)[0] ?? at) -
      MINUTE_MS;
  vi.setSystemTime(begin);
  const t = await setUpWithRefill();
  await setSpec(t, "purge", cron.spec, timeZone);

  const stop = Math.max(begin + 1, at - MINUTE_MS / 2);
  await watch(t, begin, stop, at);
  const resumed = stop + stopMs;
  if (stopMs > 0) {
    vi.setSystemTime(resumed);
    await checkWatchdog(t);
  }
  // A second more, so that a fire at the very end is done.
  const end = Math.max(at + aroundMs, resumed + HOUR_MS) + 1_000;
  await watch(t, resumed, end, stopMs > HOUR_MS ? resumed : at);

  // The stop ends with a check of the watchdog; a fire that was due by then is done at once or soon after.
  const missed = dueBetween(cron, stop, resumed);
  const runs = (await purgesOf(t)).map((iso) => Date.parse(iso));
  const onTime = [
    ...dueBetween(cron, begin, stop),
    ...dueBetween(cron, resumed, end),
  ];
  expect(runs.length).toBe(onTime.length + (missed.length > 0 ? 1 : 0));
  let answered = begin;
  for (const run of runs) {
    // Each run answers for a fire of its own, so no run comes twice.
    expect(dueBetween(cron, answered, run)).not.toEqual([]);
    answered = run;
  }
  expect(fireAfter(cron, answered)).toBeGreaterThan(end);
  // Timers that stood still with the process are late by the stop, until the watchdog sees it.
  if (stopMs === 0) expect(runs).toEqual(onTime);
}

/** Lets time go on to `end`; near the change the watchdog checks, seven minutes after each quarter. */
async function watch(
  t: Component,
  from: number,
  end: number,
  near: number,
): Promise<void> {
  const period = 15 * MINUTE_MS;
  const first = Math.max(from, near - HOUR_MS);
  let check = Math.ceil(first / period) * period + 7 * MINUTE_MS;
  for (; check < Math.min(end, near + 2 * HOUR_MS); check += period) {
    if (check <= Date.now()) continue;
    await advance(t, check - Date.now());
    await checkWatchdog(t);
  }
  if (end > Date.now()) await advance(t, end - Date.now());
}
// ── What is due, told by looking at clocks ──────────────────────────────────

interface Cron {
  spec: string;
  timeZone: string;
}

export function dueBetween(cron: Cron, after: number, until: number): number[] {
  const due: number[] = [];
  for (;;) {
    const next = firesAfter(cron, due.at(-1) ?? after, 8).map(({ at }) => at);
    due.push(...next);
    if (next.length === 0 || (due.at(-1) ?? until) >= until) break;
  }
  return due.filter((at) => at <= until);
}

/**
 * The due times of a spec, found by looking at the clocks minute by minute. A time of every hour is due whenever
 * the clocks show it, any other time once, when the clocks first come to it.
 */
export function dueByClocks(
  { spec, timeZone }: Cron,
  after: number,
  until: number,
): number[] {
  const [minute = "", hour = "", , , weekday = ""] = spec.split(" ");
  const minutes = minute.startsWith("*/") ? [0, 15, 30, 45] : [Number(minute)];
  const due = new Set<number>();
  const started = new Set<number>();
  let before = wallClock(timeZone, after - 2 * DAY_MS);
  for (let at = after - 2 * DAY_MS + MINUTE_MS; at <= until; at += MINUTE_MS) {
    const wall = wallClock(timeZone, at);
    if (hour === "*") {
      if (minutes.includes(new Date(wall).getUTCMinutes())) due.add(at);
    } else {
      const time = (Number(hour) * 60 + Number(minute)) * MINUTE_MS;
      // Every day that the clocks came to or went past since the minute before.
      for (let day = floorDay(before); day <= floorDay(wall); day += DAY_MS) {
        const wanted = day + time;
        const isDay = weekday === "*" || new Date(day).getUTCDay() === +weekday;
        if (!isDay || started.has(day) || before >= wanted || wall < wanted) {
          continue;
        }
        started.add(day);
        // A time that the clocks went past is due as much later as it lies after the minute before.
        due.add(wall === wanted ? at : at + (wanted - before) - MINUTE_MS);
      }
    }
    before = wall;
  }
  return [...due]
    .filter((at) => at > after && at <= until)
    .sort((a, b) => a - b);
}

function floorDay(wall: number): number {
  return Math.floor(wall / DAY_MS) * DAY_MS;
}

/** The weekday of the change, which the clocks skip or cut short: that of the moment after the change. */
export function weekdayOf(timeZone: string, change: number): number {
  return new Date(wallClock(timeZone, change)).getUTCDay();
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** The local time that the clocks show, as the moment that it would be in UTC. */
function wallClock(timeZone: string, at: number): number {
  const format =
    formats.get(timeZone) ??
    new Intl.DateTimeFormat("sv-SE", {
      timeZone,
      dateStyle: "short",
      timeStyle: "medium",
    });
  formats.set(timeZone, format);
  return Date.parse(`${format.format(at).replace(" ", "T")}Z`);
}
