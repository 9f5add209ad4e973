import type {
  GenericActionCtx,
  GenericDataModel,
  PaginationOptions,
  PaginationResult,
} from "convex/server";
import type { ComponentApi } from "../convex/sessionTracker/_generated/component.js";
import type { Day } from "../convex/sessionTracker/shared/days.js";
import type { SessionVisit } from "../convex/sessionTracker/shared/sessionVisits.js";
import { MAX_LISTED } from "../convex/sessionTracker/shared/limits.js";
import { DAY_MS } from "../convex/sessionTracker/shared/times.js";

/**
 * The `ctx` of any query, mutation or action of the app. That of an action has the least: its `runQuery` takes
 * no options.
 */
type QueryRunner = Pick<GenericActionCtx<GenericDataModel>, "runQuery">;

/** A range of UTC days, `YYYY-MM-DD`, both included. */
export interface DayRange {
  /** @default 29 days before `to` */
  from?: string;
  /** @default today */
  to?: string;
}

/** One session by either of its ids, and which page of its visits. */
export type VisitsOf = { paginationOpts: PaginationOptions } & (
  { sessionId: string } | { anonymousId: string }
);

/**
 * The component for the app's own functions. It asks nobody whether they may: whoever calls the app's
 * function sees what that returns, so check there. Nothing that it returns holds an anonymousId.
 *
 * @example
 * ```ts
 * // convex/figures.ts
 * import { v } from "convex/values";
 * import { SessionTracker } from "sessions-ops";
 * import { components } from "./_generated/api.js";
 * import { query } from "./_generated/server.js";
 *
 * const sessions = new SessionTracker(components.sessionTracker);
 *
 * export const days = query({
 *   args: { from: v.string(), to: v.string() },
 *   handler: (ctx, range) => sessions.days(ctx, range),
 * });
 * ```
 */
export class SessionTracker {
  readonly #component: ComponentApi;

  /** @param component as the app has mounted it: `components.sessionTracker` */
  constructor(component: ComponentApi) {
    this.#component = component;
  }

  /**
   * What finished visits came to on each UTC day: those days that have figures, oldest first. A visit
   * counts on the day on which it began, once it has closed, so that today's figures still grow, and stays
   * when its visitor is purged or forgotten. Without arguments, the last 30 days, today included, by the
   * deployment's clock: a query that nothing re-runs then goes by the day on which it ran.
   *
   * Reads at most nine documents a day, and only visits that close re-run it. Times are in ms.
   * @throws ConvexError `{ kind: "invalidArgument", argument }` for what is no day, `to` before `from`, or
   *   more than 1,100 days
   */
  async days(
    ctx: QueryRunner,
    { from, to = dayOf(Date.now()) }: DayRange = {},
  ): Promise<Day[]> {
    return await ctx.runQuery(this.#component.operator.stats.days, {
      from: from ?? dayBefore(to, 29),
      to,
    });
  }

  /**
   * The visits of one session, newest first, the one under way included, whose `endedAt` and `why` are
   * `null`. No visit where there is no such session. A page holds at most 1,000 visits, whatever
   * `numItems` says, and is what `usePaginatedQuery` takes.
   *
   * Reads at most one document a visit and three more; the visitor's heartbeats re-run it. Times are in ms
   * since the epoch, by the deployment's clock.
   * @throws ConvexError `{ kind: "invalidArgument", argument }` for a `numItems` under 1, or a cursor that
   *   no page has returned
   */
  async visits(
    ctx: QueryRunner,
    of: VisitsOf,
  ): Promise<PaginationResult<SessionVisit>> {
    const { numItems, cursor, endCursor } = of.paginationOpts;
    // Whatever else the app's own arguments hold is no part of what the component is asked.
    const session =
      "sessionId" in of
        ? { sessionId: of.sessionId }
        : { anonymousId: of.anonymousId };
    if (cursor === END) return { page: [], isDone: true, continueCursor: END };
    const isToEnd = endCursor === END;
    const { visits, cursor: next } = await ctx.runQuery(
      this.#component.operator.visits.list,
      {
        session,
        limit: isToEnd ? MAX_LISTED : Math.min(numItems, MAX_LISTED),
        cursor,
        endCursor: isToEnd ? null : (endCursor ?? null),
      },
    );
    return {
      page: visits,
      isDone: next === null,
      continueCursor: next ?? END,
    };
  }
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/** The cursor of a page that is the last. */
const END = "end";

/** The UTC day of a time in ms since the epoch. */
function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

/** The day so many days before; what is no day stays as it is, for the component to refuse. */
function dayBefore(day: string, count: number): string {
  const at = Date.parse(day);
  return Number.isNaN(at) ? day : dayOf(at - count * DAY_MS);
}
