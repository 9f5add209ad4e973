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
  if (days !== undefined) return Math.floor(now - days * DAY_MS);
  if (before === undefined) {
    const cutoff = purgeCutoff(retentionDays, now);
    if (cutoff !== null) return Math.floor(cutoff);
    throw new CliError(
      "usage",
      "The retention is never, so there is no cutoff to purge by. Give --days N or --before T.",
    );
  }
  const cutoff = parseTime(before, "--before");
  if (cutoff <= now) return cutoff;
  throw new CliError("usage", `--before ${before} lies in the future.`);
}
