/** Cutoffs of runs, reckoned by the deployment's clock; no cutoff may take a visitor who is not idle. */
import { v, type Infer } from "convex/values";
import { fail } from "../shared/errors.js";
import { ownCutoffs } from "../shared/runs/run.js";
import type { ScheduleName } from "../shared/schedules.js";
import { expireCutoff, purgeCutoff, type Policy } from "../shared/settings.js";
import { DAY_MS, MINUTE_MS } from "../shared/times.js";

/** The cutoff that a caller asks for: a time in ms since the epoch, or a number of days ago. */
export const vAskedCutoff = v.union(
  v.number(),
  v.object({ daysAgo: v.number() }),
);
export type AskedCutoff = Infer<typeof vAskedCutoff>;

type Terms = Pick<
  Policy,
  | "idleTimeoutMs"
  | "retentionDays"
  | "visitRetentionDays"
  | "actionRetentionDays"
>;

/**
 * The cutoff that was asked for, or else that of the settings, in whole ms since the epoch. A number of days
 * that goes back beyond 1970 gives 1970.
 * @throws retentionNever; invalidCutoff `{ cutoff, now, latest }`
 */
export function reckonCutoff(
  kind: ScheduleName,
  asked: AskedCutoff | undefined,
  terms: Terms,
  now: number,
): number {
  const cutoff =
    asked === undefined
      ? cutoffBySettings(kind, terms, now)
      : momentOf(asked, now);
  if (cutoff === null) {
    fail(
      "retentionNever",
      "Retention is set to never, so there is no cutoff to purge by: name one, or set a retention.",
    );
  }
  checkCutoff(cutoff, terms, now);
  return cutoff;
}

/**
 * The cutoff by the settings, in ms since the epoch; `null` for a purge where the retention is `never`. Where
 * visits or actions have a retention all the same, such a purge takes no session: its cutoff is 0.
 */
export function cutoffBySettings(
  kind: ScheduleName,
  terms: Terms,
  now: number,
): number | null {
  if (kind === "expire") return expireCutoff(terms.idleTimeoutMs, now);
  const cutoff = purgeCutoff(terms.retentionDays, now);
  return cutoff === null && ownCutoffs(terms, now) !== undefined ? 0 : cutoff;
}

/**
 * @throws invalidCutoff `{ cutoff, now, latest }`, for a cutoff before 1970 or younger than the idle
 * timeout
 */
export function checkCutoff(
  cutoff: number,
  { idleTimeoutMs }: Pick<Terms, "idleTimeoutMs">,
  now: number,
): void {
  const latest = expireCutoff(idleTimeoutMs, now);
  if (cutoff >= 0 && cutoff <= latest) return;
  const text = timeText(cutoff);
  const why =
    cutoff > now
      ? `The cutoff ${text} lies in the future: the deployment's clock says ${timeText(now)}.`
      : cutoff > latest
        ? `The cutoff ${text} is younger than the idle timeout (${idleTimeoutMs / MINUTE_MS} minutes), so that visitors who are still there would be taken.`
        : `The cutoff ${text} lies before 1970.`;
  const range = `Give one from 1970-01-01 to ${timeText(latest)}.`;
  fail("invalidCutoff", `${why} ${range}`, { cutoff, now, latest });
}

/** A cutoff in ms since the epoch; a number of days that goes back beyond 1970 gives 1970. */
export function momentOf(asked: AskedCutoff, now: number): number {
  if (typeof asked === "number") return asked;
  return Math.max(0, Math.floor(now - asked.daysAgo * DAY_MS));
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/** The largest time that a `Date` can hold, in ms. */
const MAX_TIME = 8.64e15;

function timeText(ms: number): string {
  return Math.abs(ms) <= MAX_TIME ? new Date(ms).toISOString() : String(ms);
}
