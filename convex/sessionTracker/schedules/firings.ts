/**
 * When the fires of a schedule come: each is put off by its jitter, and only those within the window start runs.
 *
 * The jitter of a fire is drawn from its due time and the schedule's row in `ticks`, whose id no other deployment has.
 * So it is the same however often it is asked for, and deployments with the same settings do not all work at once. It
 * keeps the fire before the next one, and before the window closes.
 */
import { openingAt, type Opening } from "../shared/fires/windows.js";
import type { Schedule } from "../shared/schedules.js";
import { DAY_MS } from "../shared/times.js";
import { HORIZON_DAYS, walkFires, type Fire } from "./fires.js";
import type { TickRow } from "./ticks.js";

/** A fire of a schedule: `at` is when it comes, `dueAt` when it is due by the spec. */
export interface Firing extends Fire {
  dueAt: number;
  isInWindow: boolean;
}

/**
 * The fires that are due after `from`, a time in ms since the epoch, in order, those outside of the window among them.
 * @param tick the schedule's row; `null` where there is none yet
 */
export function* walkFirings(
  schedule: Schedule,
  tick: TickRow | null,
  from: number,
): Generator<Firing> {
  const { jitterMs = 0 } = schedule;
  const openingOf = openings(schedule);
  let fire: Fire | null = null;
  for (const next of walkFires(schedule, from)) {
    if (jitterMs === 0) {
      yield firingOf(next, openingOf(next.at), 0);
      continue;
    }
    if (fire !== null) yield jittered(fire, next.at);
    fire = next;
  }
  if (fire !== null) yield jittered(fire, Infinity);

  function jittered(fire: Fire, nextAt: number): Firing {
    const opening = openingOf(fire.at);
    const { closesAt = Infinity } = opening ?? {};
    const room = Math.min(jitterMs, nextAt - fire.at, closesAt - fire.at);
    const drawn = fraction(`${tick?._id ?? ""} ${fire.at}`);
    return firingOf(fire, opening, Math.floor((drawn * room) / 1_000) * 1_000);
  }
}

/**
 * The next fires within the window that come after `after` and are due after `from`: `count` of them, or fewer where
 * none comes within eight years.
 */
export function firingsAfter(
  schedule: Schedule,
  tick: TickRow | null,
  { from, after = from }: { from: number; after?: number },
  count: number,
): Firing[] {
  const found: Firing[] = [];
  let end = after + HORIZON_DAYS * DAY_MS;
  for (const firing of walkFirings(schedule, tick, from)) {
    if (firing.at > end) break;
    if (!firing.isInWindow || firing.at <= after) continue;
    found.push(firing);
    if (found.length === count) break;
    end = firing.at + HORIZON_DAYS * DAY_MS;
  }
  return found;
}

// ── Helpers ─────────────────────────────────────────────────────────────────

function firingOf(fire: Fire, opening: Opening | null, delayMs: number) {
  const isInWindow = opening === null || opening.opensAt <= fire.at;
  const at = isInWindow ? fire.at + delayMs : fire.at;
  return { ...fire, at, dueAt: fire.at, isInWindow };
}

/**
 * Finds the opening of the window at a time, or the next one, for times that only grow: each is reckoned once.
 * @returns `null` without a window
 */
function openings({ window, timeZone }: Schedule) {
  let opening: Opening | null = null;
  return (at: number): Opening | null => {
    if (window === undefined) return null;
    if (opening === null || opening.closesAt <= at) {
      opening = openingAt(window, timeZone, at);
    }
    return opening;
  };
}

/** A number from 0 up to 1 that follows from the text: FNV-1a, and a last mix, as its high bits hardly differ. */
function fraction(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
