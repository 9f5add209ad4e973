import type { CliContext } from "../context.js";
import type { Feed } from "./feed.js";
import {
  createdOn,
  inactiveByAge,
  lastDays,
  purgedByDay,
  type Ask,
} from "./barQueries.js";
import type { Bar } from "./shapes.js";
import { VisitFigures } from "./visitFigures.js";

/** How often today's bar is read, while a page is open. */
const TODAY_EVERY_MS = 30_000;
/**
 * How often the bars of the past are read. Only runs and imports change them, and reading them costs
 * the most.
 */
const PAST_EVERY_MS = 600_000;

/** The bars of the page: all of them at the start, then as often as is worth their reads. */
export class Bars {
  readonly #context: CliContext;
  readonly #feed: Feed;
  readonly #ask: Ask;
  readonly #created = new Map<number, Bar>();
  readonly #visits: VisitFigures;
  #pastAt = -Infinity;
  #readAt = -Infinity;
  #wake: () => void = () => {};

  constructor(context: CliContext, feed: Feed, ask: Ask) {
    this.#context = context;
    this.#feed = feed;
    this.#ask = ask;
    this.#visits = new VisitFigures(ask);
    feed.whenWatched(() => this.#catchUp());
  }

  /** Reads the bars of the past soon, for when a run has changed them. */
  refreshSoon(): void {
    this.#pastAt = -Infinity;
    this.#wake();
  }

  async keepUp(stop: AbortSignal): Promise<void> {
    await this.#refresh();
    while (!stop.aborted) {
      const woken = new Promise<void>((resolve) => (this.#wake = resolve));
      await Promise.race([this.#context.sleep(TODAY_EVERY_MS, stop), woken]);
      if (this.#feed.isWatched && !stop.aborted) await this.#refresh();
    }
  }

  /** While nobody had the page open nothing was read, and nobody heard of runs that ended. */
  #catchUp(): void {
    if (this.#context.now() - this.#readAt >= TODAY_EVERY_MS)
      this.refreshSoon();
  }

  async #refresh(): Promise<void> {
    const now = this.#context.now();
    this.#readAt = now;
    const isPastDue = now - this.#pastAt >= PAST_EVERY_MS;
    if (isPastDue) this.#pastAt = now;
    this.#feed.publish("created", await this.#createdByDay(now, isPastDue));
    this.#feed.publish("days", await this.#visits.days(now, isPastDue));
    if (!isPastDue) return;
    this.#feed.publish("sources", await this.#visits.sources(now));
    this.#feed.publish("purged", await purgedByDay(this.#ask, now));
    this.#feed.publish("ages", await inactiveByAge(this.#ask, now));
  }

  /** @param isPastDue else only today's is read, and any that are missing */
  async #createdByDay(now: number, isPastDue: boolean): Promise<Bar[]> {
    const days = lastDays(now);
    const today = days.at(-1);
    return await Promise.all(
      days.map(async (day) => {
        const known = this.#created.get(day);
        if (known !== undefined && day !== today && !isPastDue) return known;
        const bar = await createdOn(this.#ask, day);
        this.#created.set(day, bar);
        return bar;
      }),
    );
  }
}
