/** The cutoff of a purge as the operator names it; the deployment reckons it, by its own clock. */
import type { Args } from "../deployment/api.js";
import { CliError } from "../errors.js";
import type { PurgePreview } from "./preview.js";
import { readDuration } from "../time/time.js";
import { parseTime } from "../time/zonedTime.js";
import { DAY_MS } from "../../convex/sessionTracker/shared/times.js";

export interface CutoffOptions {
  readonly days?: number;
  readonly before?: string;
}

/** The cutoff to ask for. @returns `undefined` where the retention in force is to decide */
export function askedCutoff({
  days,
  before,
}: CutoffOptions): Args<"runs/control:start">["cutoff"] {
  if (days !== undefined) return { daysAgo: days };
  if (before === undefined) return undefined;
  const agoMs = readDuration(before);
  if (agoMs !== null) return { daysAgo: agoMs / DAY_MS };
  return parseTime(before, "--before");
}

/**
 * Refuses more days than there have been since 1970, which are a mistake; to the deployment they are
 * all of them.
 */
export function checkReach(
  { days, before = "" }: CutoffOptions,
  { now }: Pick<PurgePreview, "now">,
): void {
  const agoMs = days === undefined ? readDuration(before) : days * DAY_MS;
  if (agoMs === null || agoMs <= now) return;
  const most = Math.floor(now / DAY_MS);
  throw new CliError(
    "usage",
    days === undefined
      ? `--before ${before} goes back to before 1970. Give at most ${most}d.`
      : `--days ${days} goes back to before 1970. It must be a number above 0 and at most ${most}.`,
  );
}
