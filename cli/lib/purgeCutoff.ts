import {
  DAY_MS,
  purgeCutoff,
  type RetentionDays,
} from "../../convex/sessionTracker/shared.js";
import { CliError } from "./errors.js";
import { parseTime } from "./zonedTime.js";

export interface CutoffOptions {
  readonly days?: number;
  readonly before?: string;
}

/**
 * The cutoff an operator named, else that of the retention in force. In whole milliseconds, so
 * that what a dry run prints names the same one.
 */
export function chooseCutoff(
  { days, before }: CutoffOptions,
  retentionDays: RetentionDays,
  now: number,
): number {
  if (days !== undefined) {
    const cutoff = Math.floor(now - days * DAY_MS);
    if (cutoff >= 0) return cutoff;
    throw new CliError(
      "usage",
      `--days ${days} goes back to before 1970. It must be a number above 0 and at most ${Math.floor(now / DAY_MS)}.`,
    );
  }
  if (before === undefined) {
    const cutoff = purgeCutoff(retentionDays, now);
    if (cutoff !== null) return Math.floor(cutoff);
    throw new CliError(
      "usage",
      "The retention is never, so there is no cutoff to purge by. Give --days N or --before T.",
    );
  }
  const cutoff = parseTime(before, "--before");
  if (cutoff >= 0 && cutoff <= now) return cutoff;
  throw new CliError(
    "usage",
    `--before ${before} lies ${cutoff < 0 ? "before 1970" : "in the future"}. Give a time from 1970-01-01 until now.`,
  );
}
