import type { PaginationOptions, PaginationResult } from "convex/server";
import type { AppSession } from "../convex/sessionTracker/shared/appSessions.js";
import type { Day } from "../convex/sessionTracker/shared/days.js";
import type {
  Action,
  ActiveSession,
  SessionOf,
} from "../convex/sessionTracker/shared/sessions.js";
import type {
  OwnVisit,
  SessionVisit,
} from "../convex/sessionTracker/shared/sessionVisits.js";
import { metricsText } from "../convex/sessionTracker/shared/metrics/metricsText.js";
import { DAY_MS, MINUTE_MS } from "../convex/sessionTracker/shared/times.js";
import {
  type ComponentApi,
  idOf,
  type LinkTo,
  type Own,
  type QueryRunner,
} from "./calls.js";
import { toPage } from "./pages.js";

/** A range of UTC days, `YYYY-MM-DD`, both included. */
export interface DayRange {
  /** The first day. @default 29 days before `to` */
  from?: string;
  /** The last day. @default today, by the deployment's clock */
  to?: string;
}

/** Which page. */
export interface Paged {
  /**
   * As `usePaginatedQuery` sends them: that of `convex-helpers/react`, by which pages end where they ended while rows
   * come; Convex's own does so for tables of the app only. A page holds at most 1,000 rows, whatever `numItems` says.
   */
  paginationOpts: PaginationOptions;
}

/** One session, and which page of its visits or actions. */
export type PageOfSession = Paged & SessionOf;

/** A user by the app's own id, and which page of the user's sessions. */
export interface PageOfUser extends Paged {
  /** The app's own id of the user, as the sessions were linked to it. */
  userId: string;
}

/** A time window up to now. */
export interface ActiveWithin {
  /** In minutes, more than 0 and at most ten years. @default 15 */
  minutesActive?: number;
  /** How many at most, from 1 to 1,000. @default 100 */
  limit?: number;
}

/**
 * The part of `SessionTracker` that only reads: its calls are for queries, mutations and actions. All times are in ms
 * since the epoch, by the deployment's clock.
 */
export class SessionReader {
  protected readonly component: ComponentApi;

  /** @param component as the app has mounted it: `components.sessionTracker` */
  constructor(component: ComponentApi) {
    this.component = component;
  }

  /**
   * One session by either of its ids, the visit under way included; `null` where there is none. It comes without its
   * anonymousId, which only who already has it can ask by.
   *
   * Reads two documents; the visitor's heartbeats that are written down re-run a query.
   * @param ctx that of a query, mutation or action of the app
   * @param of the session
   *
   * @example
   * ```ts
   * export const device = internalQuery({
   *   args: { sessionId: v.string() },
   *   handler: async (ctx, { sessionId }) => {
   *     const session = await sessions.get(ctx, { sessionId });
   *     return session?.entry?.device ?? "unknown";
   *   },
   * });
   * ```
   */
  async get(ctx: QueryRunner, of: SessionOf): Promise<AppSession | null> {
    const session = idOf(of);
    return await ctx.runQuery(this.component.visitors.appSessions.get, {
      session,
    });
  }

  /**
   * A visitor's own visit: the one under way, else the last; `null` where none is known, such as for an anonymousId that
   * is nobody's. It holds what the visitor's own browser told, and a block that is in force.
   *
   * Reads two documents; the visitor's heartbeats that are written down re-run a query.
   * @param ctx that of a query, mutation or action of the app
   * @param of whose
   *
   * @example
   * ```ts
   * export const myVisit = query({
   *   args: { anonymousId: v.string() },
   *   handler: (ctx, { anonymousId }) => sessions.ownVisit(ctx, { anonymousId }),
   * });
   * ```
   */
  async ownVisit(
    ctx: QueryRunner,
    { anonymousId }: Own,
  ): Promise<OwnVisit | null> {
    return await ctx.runQuery(this.component.visitors.ownVisit.get, {
      anonymousId,
    });
  }

  /**
   * Whom a visitor's session is linked to: `userId` is `null` where it is to nobody, and the answer `null` where there is
   * no session.
   *
   * Reads one document; heartbeats do not re-run a query.
   * @param ctx that of a query, mutation or action of the app
   * @param of whose
   *
   * @example
   * ```ts
   * export const isMine = query({
   *   args: { anonymousId: v.string() },
   *   handler: async (ctx, { anonymousId }) => {
   *     const user = await ctx.auth.getUserIdentity();
   *     const linked = await sessions.linkOf(ctx, { anonymousId });
   *     return user !== null && linked?.userId === user.subject;
   *   },
   * });
   * ```
   */
  async linkOf(ctx: QueryRunner, { anonymousId }: Own): Promise<LinkTo | null> {
    return await ctx.runQuery(this.component.visitors.ownVisit.user, {
      anonymousId,
    });
  }

  /**
   * The sessions that are linked to a user, newest first by creation, in pages, however many there are.
   *
   * Reads one document a session, and one more where it is active; only heartbeats of this user's visitors re-run a
   * query.
   * @param ctx that of a query, mutation or action of the app
   * @param of whose, and which page
   * @throws ConvexError `{ kind: "invalidArgument", argument }` for a `numItems` that is no whole
   *   number from 1, or a cursor that no page has returned
   *
   * @example
   * ```ts
   * export const devicesOf = internalQuery({
   *   args: { userId: v.string(), paginationOpts: paginationOptsValidator },
   *   handler: (ctx, args) => sessions.ofUser(ctx, args),
   * });
   * ```
   */
  async ofUser(
    ctx: QueryRunner,
    { userId, paginationOpts }: PageOfUser,
  ): Promise<PaginationResult<AppSession>> {
    return await toPage(paginationOpts, async (asked) => {
      const { sessions: items, ...ends } = await ctx.runQuery(
        this.component.visitors.appSessions.ofUser,
        { userId, ...asked },
      );
      return { items, ...ends };
    });
  }

  /**
   * The sessions last active within the last `minutesActive` minutes, newest first, at most `limit`. A window beyond
   * the idle timeout also has those that have expired since.
   *
   * Reads two documents a session, and up to 4,000 more in a window beyond the idle timeout. Heartbeats of anybody in
   * the window re-run a query; time alone does not.
   * @param ctx that of a query, mutation or action of the app
   * @param within the window, and how many at most
   * @throws ConvexError `{ kind: "invalidArgument", argument }` for a `minutesActive` that is not above 0 and at most ten
   *   years, or a `limit` that is no whole number from 1 to 1,000
   *
   * @example
   * ```ts
   * export const signedInNow = internalQuery({
   *   args: {},
   *   handler: async (ctx) => {
   *     const active = await sessions.active(ctx, { minutesActive: 5 });
   *     return active.filter(({ userId }) => userId !== undefined).length;
   *   },
   * });
   * ```
   */
  async active(
    ctx: QueryRunner,
    { minutesActive = 15, limit = 100 }: ActiveWithin = {},
  ): Promise<ActiveSession[]> {
    return await ctx.runQuery(this.component.visitors.active.list, {
      minutesActive,
      limit,
    });
  }

  /**
   * The visits of one session, newest first, in pages, the one under way included, whose `endedAt` and `why` are
   * `null`. No visit where there is no such session. `userId` is who was signed in when the visit was over.
   *
   * Reads at most one document a visit and three more; the visitor's heartbeats re-run a query.
   * @param ctx that of a query, mutation or action of the app
   * @param of the session, and which page
   * @throws ConvexError `{ kind: "invalidArgument", argument }` for a `numItems` that is no whole
   *   number from 1, or a cursor that no page has returned
   *
   * @example
   * In the browser: `usePaginatedQuery(api.figures.visitsOf, { sessionId }, { initialNumItems: 20 })`, of
   * ```ts
   * export const visitsOf = query({
   *   args: { sessionId: v.string(), paginationOpts: paginationOptsValidator },
   *   handler: async (ctx, args) => {
   *     const user = await ctx.auth.getUserIdentity();
   *     if (user?.["role"] !== "admin") throw new Error("Only for admins.");
   *     return await sessions.visits(ctx, args);
   *   },
   * });
   * ```
   */
  async visits(
    ctx: QueryRunner,
    of: PageOfSession,
  ): Promise<PaginationResult<SessionVisit>> {
    return await toPage(of.paginationOpts, async (asked) => {
      const { visits: items, ...ends } = await ctx.runQuery(
        this.component.operator.visits.list,
        { session: idOf(of), ...asked },
      );
      return { items, ...ends };
    });
  }

  /**
   * The actions of one session, newest first, in pages. No action where there is no such session. A page ends early
   * once it holds 4 MiB.
   *
   * Reads one document an action and two more; the visitor's actions re-run a query.
   * @param ctx that of a query, mutation or action of the app
   * @param of the session, and which page
   * @throws ConvexError `{ kind: "invalidArgument", argument }` for a `numItems` that is no whole
   *   number from 1, or a cursor that no page has returned
   *
   * @example
   * ```ts
   * export const lastSearches = query({
   *   args: { anonymousId: v.string() },
   *   handler: async (ctx, { anonymousId }) => {
   *     const paginationOpts = { numItems: 20, cursor: null };
   *     const { page } = await sessions.actions(ctx, { anonymousId, paginationOpts });
   *     return page.filter(({ action }) => action === "search");
   *   },
   * });
   * ```
   */
  async actions(
    ctx: QueryRunner,
    of: PageOfSession,
  ): Promise<PaginationResult<Action>> {
    return await toPage(of.paginationOpts, async (asked) => {
      const { actions: items, ...ends } = await ctx.runQuery(
        this.component.visitors.timeline.list,
        { session: idOf(of), ...asked },
      );
      return { items, ...ends };
    });
  }

  /**
   * What finished visits came to on each UTC day: those days that have figures, oldest first. A visit
   * counts on the day on which it began, once it has closed, so that today's figures still grow, and stays
   * when its visitor is purged or forgotten. Without arguments, the last 30 days, today included, by the
   * deployment's clock: a query that nothing re-runs then goes by the day on which it ran.
   *
   * Reads at most eleven documents a day, and only visits that close re-run a query. `engagedMs` is in ms.
   * @param ctx that of a query, mutation or action of the app
   * @param range the first and the last day
   * @throws ConvexError `{ kind: "invalidArgument", argument }` for what is no day, `to` before `from`, or
   *   more than 1,100 days
   *
   * @example
   * ```ts
   * export const march = internalQuery({
   *   args: {},
   *   handler: (ctx) =>
   *     sessions.days(ctx, { from: "2026-03-01", to: "2026-03-31" }),
   * });
   * ```
   */
  async days(
    ctx: QueryRunner,
    { from, to = dayOf(Date.now()) }: DayRange = {},
  ): Promise<Day[]> {
    return await ctx.runQuery(this.component.operator.stats.days, {
      from: from ?? dayBefore(to, 29),
      to,
    });
  }

  /**
   * The metrics as OpenMetrics text, for an answer of your own to a scraper; `registerMetrics` is one ready made. They
   * name no visitor. As of the last full minute by the deployment's clock, so that Convex has them in its cache for as
   * long as nothing changes.
   *
   * Reads a few dozen documents whatever the number of sessions, and those that are due, up to 1,000 of each kind of
   * run. Visits that begin, end or are found idle re-run a query, heartbeats do not.
   * @param ctx that of a query, mutation or action of the app
   *
   * @example
   * ```ts
   * export const metrics = internalQuery({
   *   args: {},
   *   handler: (ctx) => sessions.metrics(ctx),
   * });
   * ```
   */
  async metrics(ctx: QueryRunner): Promise<string> {
    const now = Date.now();
    const at = now - (now % MINUTE_MS);
    const { get } = this.component.alerts.metrics;
    return metricsText(await ctx.runQuery(get, { at }));
  }
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/** The UTC day of a time in ms since the epoch. */
function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

/** The day so many days before; what is no day stays as it is, for the component to refuse. */
function dayBefore(day: string, count: number): string {
  const at = Date.parse(day);
  return Number.isNaN(at) ? day : dayOf(at - count * DAY_MS);
}
