import type {
  GenericActionCtx,
  GenericDataModel,
  PaginationOptions,
  PaginationResult,
} from "convex/server";
import type { ComponentApi } from "../convex/sessionTracker/_generated/component.js";
import type {
  Block,
  BlockedUntil,
} from "../convex/sessionTracker/shared/sessions.js";
import type { Day } from "../convex/sessionTracker/shared/days.js";
import type { SessionVisit } from "../convex/sessionTracker/shared/sessionVisits.js";
import { MAX_LISTED } from "../convex/sessionTracker/shared/limits.js";
import { DAY_MS } from "../convex/sessionTracker/shared/times.js";

/**
 * The `ctx` of any query, mutation or action of the app. That of an action has the least: its `runQuery` takes
 * no options.
 */
type QueryRunner = Pick<GenericActionCtx<GenericDataModel>, "runQuery">;

/** The `ctx` of any mutation or action of the app. */
type MutationRunner = Pick<GenericActionCtx<GenericDataModel>, "runMutation">;

/** A range of UTC days, `YYYY-MM-DD`, both included. */
export interface DayRange {
  /** @default 29 days before `to` */
  from?: string;
  /** @default today */
  to?: string;
}

/** One session by either of its ids. */
export type SessionOf = { sessionId: string } | { anonymousId: string };

/** One session, and which page of its visits. */
export type VisitsOf = { paginationOpts: PaginationOptions } & SessionOf;

/** The session to end, and for how long its visitor may not come back. */
export type EndOf = {
  /** Kept with the session until the visitor comes back, for operators. */
  reason?: string;
  /** `{ forMs }`, in ms from now up to a hundred years, or `"forever"`. @default the visitor may come back at once */
  block?: Block;
} & SessionOf;

/** What `end` came to. */
export interface Ended {
  /** `false`: no visit was under way. */
  ended: boolean;
  /** `null` where there is no such session. */
  sessionId: string | null;
  /** When the block in force ends, in ms since the epoch, or `"forever"`; `null` where there is none. */
  blockedUntil: BlockedUntil | null;
}

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
    const session = idOf(of);
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

  /**
   * Ends the visit of one session now. Without `block` the visitor's next sign of life starts the next visit. With
   * it the visitor is answered `{ ok: false, reason: "revoked", retryAfterMs? }` until the block is over, also where
   * the session had expired or ended before; it takes the place of a block that there is. A purge keeps the
   * session that long, and `forgetSession` erases it with its block. Where there is no session nobody is
   * blocked, and a browser that forgets its anonymousId is a new visitor: a block keeps out honest clients, and
   * whoever must not use the app is for the app's own sign-in to refuse.
   *
   * Costs what a visit's end costs, and one more write with a block; heartbeats of others cost nothing more.
   * @throws ConvexError `{ kind: "invalidArgument", argument }` for a `forMs` that is not a whole number from 1, or
   *   an empty `reason`
   *
   * @example
   * ```ts
   * // convex/devices.ts
   * import { v } from "convex/values";
   * import { SessionTracker } from "sessions-ops";
   * import { components } from "./_generated/api.js";
   * import { internalMutation } from "./_generated/server.js";
   *
   * const sessions = new SessionTracker(components.sessionTracker);
   *
   * export const lockOut = internalMutation({
   *   args: { sessionId: v.string() },
   *   handler: async (ctx, { sessionId }) => {
   *     const block = { forMs: 24 * 3_600_000 };
   *     await sessions.end(ctx, { sessionId, reason: "lost device", block });
   *   },
   * });
   *
   * export const letIn = internalMutation({
   *   args: { sessionId: v.string() },
   *   handler: async (ctx, { sessionId }) => {
   *     await sessions.unblock(ctx, { sessionId });
   *   },
   * });
   * ```
   */
  async end(ctx: MutationRunner, of: EndOf): Promise<Ended> {
    const { reason, block } = of;
    return await ctx.runMutation(this.#component.visitors.block.end, {
      session: idOf(of),
      ...(reason === undefined ? {} : { reason }),
      ...(block === undefined ? {} : { block }),
    });
  }

  /**
   * Lifts the block of one session; the visitor's next sign of life starts the next visit.
   * @returns `unblocked: false` where no block was in force, `sessionId: null` where there is no such session
   */
  async unblock(
    ctx: MutationRunner,
    of: SessionOf,
  ): Promise<{ unblocked: boolean; sessionId: string | null }> {
    const session = idOf(of);
    return await ctx.runMutation(this.#component.visitors.block.lift, {
      session,
    });
  }
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/** The cursor of a page that is the last. */
const END = "end";

function idOf(of: SessionOf): SessionOf {
  return "sessionId" in of
    ? { sessionId: of.sessionId }
    : { anonymousId: of.anonymousId };
}

/** The UTC day of a time in ms since the epoch. */
function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

/** The day so many days before; what is no day stays as it is, for the component to refuse. */
function dayBefore(day: string, count: number): string {
  const at = Date.parse(day);
  return Number.isNaN(at) ? day : dayOf(at - count * DAY_MS);
}
