/** What visits came to, for the page's charts: by day, for a year back, and by where they came from. */
import { DAY_MS } from "../../convex/sessionTracker/shared/times.js";
import type { Returns } from "../deployment/api.js";
import { iso } from "../time/time.js";
import type { Ask } from "./barQueries.js";
import type { Days, Sources } from "./shapes.js";

/** As many as the page's charts show at most: 52 weeks. */
const DAYS = 364;
/** Visits are counted on the day on which they began, so those that close now began today or yesterday. */
const LATE_DAYS = 2;
const SOURCE_DAYS = 7;

type Day = Returns<"operator/stats:days">[number];

export class VisitFigures {
  readonly #ask: Ask;
  #known = new Map<string, Day>();

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  /**
   * Up to eleven documents a day are read.
   * @param isPastDue else only the last two days are read
   */
  async days(now: number, isPastDue: boolean): Promise<Days> {
    const from = dayBefore(now, (isPastDue ? DAYS : LATE_DAYS) - 1);
    const today = dayBefore(now, 0);
    const found = await this.#ask("operator/stats:days", { from, to: today });
    if (isPastDue) this.#known.clear();
    for (const day of found) this.#known.set(day.day, day);
    return { today, days: [...this.#known.values()] };
  }

  /** Up to 4,000 documents are read. */
  async sources(now: number): Promise<Sources> {
    const from = dayBefore(now, SOURCE_DAYS - 1);
    return { from, ...(await this.#ask("operator/stats:sources", { from })) };
  }
}

/** The UTC day so many days before that of `now`. */
function dayBefore(now: number, days: number): string {
  return iso(now - days * DAY_MS).slice(0, 10);
}
