/** The bounds of a run: how many sessions in all, how many a second, and the window of its schedule. */
import type { Doc } from "../_generated/dataModel.js";
import type { QueryCtx } from "../_generated/server.js";
import type { Bounds } from "../shared/runs/bounds.js";
import { checkInteger, fail } from "../shared/errors.js";
import { openingAt } from "../shared/fires/windows.js";
import { isFiltered, type RunKind } from "../shared/runs/kinds.js";
import { readSettings } from "../settings/inForce.js";
import type { PageDone } from "./due.js";

/** A page of a run with a rate holds the sessions that the rate allows in this time. */
const PACE_MS = 1_000;
/** The visits and actions that count as one session: a page deletes up to four for each that it aims for. */
const ROWS_PER_SESSION = 4;
const RATE_RANGE = [0.01, 100_000] as const;

/** @throws invalidArgument for a `maxSessions` below 1, or a rate that is not from 0.01 to 100,000 */
export function checkBounds(run: Bounds): void {
  const { maxSessions, ratePerSecond: rate } = run;
  if (maxSessions !== undefined) {
    checkInteger("maxSessions", maxSessions, 1, Number.MAX_SAFE_INTEGER);
  }
  const [min, max] = RATE_RANGE;
  if (rate !== undefined && !(rate >= min && rate <= max)) {
    fail(
      "invalidArgument",
      `ratePerSecond must be a number from ${min} to ${max}, got ${rate}.`,
      { argument: "ratePerSecond" },
    );
  }
}

/**
 * The number of sessions that a page of the run aims for.
 * @param wanted the page size by the settings, which a rate may lower
 */
export function pacedPageSize(
  { ratePerSecond: rate }: Bounds,
  wanted: number,
): number {
  if (rate === undefined) return wanted;
  return Math.min(wanted, Math.max(1, Math.floor((rate * PACE_MS) / 1_000)));
}

/**
 * Whether a run keeps to the window of its schedule: one that the schedule started does, until somebody lets it go on
 * by hand; any other where whoever started it asked for it.
 */
export function keepsToWindow({
  kind,
  inWindow,
  trigger,
}: Pick<Doc<"runs">, "kind" | "inWindow" | "trigger">): boolean {
  return !isFiltered(kind) && (inWindow ?? trigger === "schedule");
}

/** When a run may go on that keeps to a window, in ms since the epoch; `null`: at once. It is the window in force. */
export async function windowOpensAt(
  ctx: QueryCtx,
  run: Doc<"runs">,
  now: number,
): Promise<number | null> {
  if (isFiltered(run.kind) || !keepsToWindow(run)) return null;
  const { window, timeZone } = (await readSettings(ctx)).schedules[run.kind];
  if (window === undefined) return null;
  const { opensAt } = openingAt(window, timeZone, now);
  return opensAt <= now ? null : opensAt;
}

/** The wait between a page and the next, in ms, that keeps the run's rate; 0 without a rate. */
export function waitMsAfter(
  { ratePerSecond: rate, kind }: Bounds & { kind: RunKind },
  { leases, sessions, visits, actions }: Omit<PageDone, "cursor" | "isDone">,
): number {
  if (rate === undefined) return 0;
  // Whoever is ended or erased by a filter counts once, with a visit under way or without.
  const handled = Math.max(
    isFiltered(kind) ? sessions : leases + sessions,
    (visits + actions) / ROWS_PER_SESSION,
  );
  return Math.ceil((handled / rate) * 1_000);
}
