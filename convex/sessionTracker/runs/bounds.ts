/** What an operator may bound a run by: how many sessions in all, and how many in a second. */
import type { Bounds } from "../shared/bounds.js";
import { checkInteger, fail } from "../shared/errors.js";
import type { PageDone } from "./page.js";

/** A page of a paced run holds what the rate allows in this time: so much may come at once. */
const PACE_MS = 1_000;
/** A page bites off four deletes for each session it aims for; so many count as one session. */
const ACTIONS_PER_SESSION = 4;
const RATE_RANGE = [0.01, 100_000] as const;

/** @throws invalidArgument */
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

/** Sessions for a page to aim for, of those the settings want. */
export function pacedPageSize(
  { ratePerSecond: rate }: Bounds,
  wanted: number,
): number {
  if (rate === undefined) return wanted;
  return Math.min(wanted, Math.max(1, Math.floor((rate * PACE_MS) / 1_000)));
}

/** The wait before the next page, in ms, so that the rate is kept. */
export function waitMsAfter(
  { ratePerSecond: rate }: Bounds,
  { expired, purged, actions }: Omit<PageDone, "cursor" | "isDone">,
): number {
  if (rate === undefined) return 0;
  const handled = Math.max(
    expired + purged,
    Math.ceil(actions / ACTIONS_PER_SESSION),
  );
  return Math.ceil((handled / rate) * 1_000);
}
