/** The data behind the bars of the page, from bounded queries only. */
import {
  MAX_COUNTED,
  MAX_LISTED_RUNS,
} from "../../convex/sessionTracker/shared/limits.js";
import type { Args, QueryName, Returns } from "../deployment/api.js";
import type { AgeBar, Bar } from "./shapes.js";
import { DAY_MS } from "../../convex/sessionTracker/shared/times.js";

export type Ask = <Name extends QueryName>(
  name: Name,
  args: Args<Name>,
) => Promise<Returns<Name>>;

const DAYS = 14;

/** The sessions still kept that were created on one UTC day. */
export async function createdOn(ask: Ask, startsAt: number): Promise<Bar> {
  const found = await ask("operator/overview:createdBetween", {
    from: startsAt,
    before: startsAt + DAY_MS,
    limit: MAX_COUNTED,
  });
  return { startsAt, ...found };
}

/** The first moments of the last days, today's last. */
export function lastDays(now: number): number[] {
  const today = now - (now % DAY_MS);
  return Array.from(
    { length: DAYS },
    (_, index) => today - (DAYS - 1 - index) * DAY_MS,
  );
}

/**
 * The most pages of purges that are read. An app may start purges as often as it likes; a thousand of
 * them are read.
 */
const MAX_RUN_PAGES = 5;

/** Sessions that purges deleted, on the UTC day of a run's last page. */
export async function purgedByDay(ask: Ask, now: number): Promise<Bar[]> {
  const days = lastDays(now);
  const bars = days.map((startsAt) => ({ startsAt, count: 0 }));
  const [first = 0] = days;
  /** Start of the last run that was read, while there are more. */
  let startedAt = Infinity;
  let cursor: string | null = null;
  for (let page = 0; page < MAX_RUN_PAGES && startedAt > first; page += 1) {
    const found: Returns<"runs/ledger:page"> = await ask("runs/ledger:page", {
      kind: "purge",
      limit: MAX_LISTED_RUNS,
      cursor,
    });
    for (const run of found.runs) {
      const index = Math.floor((run.progressAt - first) / DAY_MS);
      const bar = bars[index];
      if (bar !== undefined) bar.count += run.sessions;
    }
    cursor = found.cursor;
    startedAt = cursor === null ? 0 : (found.runs.at(-1)?.startedAt ?? 0);
  }
  return bars.map((bar) => ({
    ...bar,
    isCapped: bar.startsAt < startedAt && startedAt > first,
  }));
}

const AGES = [0, 1, 3, 7, 14, 30, 90, 365];

/** Inactive sessions by how long ago they were last active. */
export function inactiveByAge(ask: Ask, now: number): Promise<AgeBar[]> {
  return Promise.all(
    AGES.map(async (fromDays, index) => {
      const toDays = AGES[index + 1] ?? null;
      const found = await ask("operator/overview:inactiveBetween", {
        from: toDays === null ? 0 : now - toDays * DAY_MS,
        // Clocks differ: a session that another clock dates in the future counts as young.
        before: fromDays === 0 ? now + DAY_MS : now - fromDays * DAY_MS,
        limit: MAX_COUNTED,
      });
      return { fromDays, toDays, ...found };
    }),
  );
}
