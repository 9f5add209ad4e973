/**
 * Time zones: local times, and the moments at which a zone's clocks show them. Both are numbers in ms; a local
 * time is written as the moment that the same time would be in UTC.
 */
import { DAY_MS, HOUR_MS } from "../times.js";

/** A stretch of time in which a zone's clocks are not changed. */
export interface Stretch {
  /** The first moment of the stretch. */
  from: number;
  /** The first moment after the stretch. */
  to: number;
  /** How far the clocks are ahead of UTC. */
  offsetMs: number;
}

/** Whether a text is the name of a time zone that this runtime knows. */
export function isTimeZone(timeZone: string): boolean {
  try {
    wallClock(timeZone);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** The local time that the zone's clocks show at a moment. */
export function toLocal(timeZone: string, at: number): number {
  return at + offsetAt(timeZone, at);
}

/** The stretches around a local day, wide enough for clocks that change by a whole day. */
export function stretchesAround(
  timeZone: string,
  localDay: number,
): readonly Stretch[] {
  const key = `${timeZone} ${localDay}`;
  const known = stretchesKnown.get(key);
  if (known !== undefined) return known;
  // A schedule is asked about the same few days again and again.
  if (stretchesKnown.size >= MAX_DAYS_KNOWN) stretchesKnown.clear();
  const found = findStretches(timeZone, localDay);
  stretchesKnown.set(key, found);
  return found;
}

/** The moments at which the clocks show a local time: none, one, or two. */
export function momentsOf(
  stretches: readonly Stretch[],
  local: number,
): number[] {
  return stretches
    .filter(({ from, to, offsetMs }) => {
      const at = local - offsetMs;
      return at >= from && at < to;
    })
    .map(({ offsetMs }) => local - offsetMs);
}

/** The moment at which the clocks first show a local time, or come past one that they skip. */
export function momentOf(stretches: readonly Stretch[], local: number): number {
  return momentsOf(stretches, local)[0] ?? momentInGap(stretches, local);
}

/** The moment of a local time that the clocks skip: when they would have shown it without the change. */
export function momentInGap(
  stretches: readonly Stretch[],
  local: number,
): number {
  const before = stretches.findLast(
    ({ from, offsetMs }) => from + offsetMs <= local,
  );
  return local - (before ?? stretches[0] ?? { offsetMs: 0 }).offsetMs;
}

// ── Helpers ─────────────────────────────────────────────────────────────────

const stretchesKnown = new Map<string, readonly Stretch[]>();
const MAX_DAYS_KNOWN = 64;

function findStretches(timeZone: string, localDay: number): Stretch[] {
  const end = localDay + 2.5 * DAY_MS;
  const stretches: Stretch[] = [];
  let from = localDay - 1.5 * DAY_MS;
  let offsetMs = offsetAt(timeZone, from);
  for (let at = from; at < end; at += SAMPLE_MS) {
    const nextMs = offsetAt(timeZone, at + SAMPLE_MS);
    if (nextMs === offsetMs) continue;
    const to = changeWithin(timeZone, at, at + SAMPLE_MS);
    stretches.push({ from, to, offsetMs });
    [from, offsetMs] = [to, nextMs];
  }
  return [...stretches, { from, to: end + SAMPLE_MS, offsetMs }];
}

/** The time between two looks at a zone's clocks, in which no zone changes them twice. */
const SAMPLE_MS = 12 * HOUR_MS;

/** The first moment, to the second, with the later of the two offsets that clocks have before and after. */
function changeWithin(timeZone: string, before: number, after: number): number {
  const offsetMs = offsetAt(timeZone, before);
  let low = before / 1_000;
  let high = after / 1_000;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(timeZone, middle * 1_000) === offsetMs) low = middle;
    else high = middle;
  }
  return high * 1_000;
}

function offsetAt(timeZone: string, at: number): number {
  const seconds = Math.floor(at / 1_000) * 1_000;
  const shown: Record<string, number> = {};
  for (const { type, value } of wallClock(timeZone).formatToParts(seconds)) {
    shown[type] = Number(value);
  }
  const { year = 0, month = 1, day, hour, minute, second } = shown;
  return Date.UTC(year, month - 1, day, hour, minute, second) - seconds;
}

/** The formats by time zone. They are kept, because to make a format takes longer than all uses of it. */
const wallClocks = new Map<string, Intl.DateTimeFormat>();

function wallClock(timeZone: string): Intl.DateTimeFormat {
  const known = wallClocks.get(timeZone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  wallClocks.set(timeZone, made);
  return made;
}
