/**
 * Previews: the sessions that a purge would take, or a run has left, found by the walk and the rule of
 * runs.
 */
import { getConvexSize, v, type Infer } from "convex/values";
import type { Doc, Id } from "../_generated/dataModel.js";
import { query, type QueryCtx } from "../_generated/server.js";
import {
  ownCutoffs,
  type OwnCutoffs,
  vOwnCutoffs,
} from "../shared/runs/run.js";
import { placeOf, vPlace } from "../shared/places.js";
import { isFiltered } from "../shared/runs/kinds.js";
import { type Cursor, vCursor } from "../shared/runs/run.js";
import {
  purgeCutoff,
  type RetentionDays,
  vPolicy,
  vRetentionDays,
} from "../shared/settings.js";
import { DAY_MS } from "../shared/times.js";
import { readActions } from "../rows/wholeSessions.js";
import { readRevisedSettings } from "../settings/inForce.js";
import { reckonCutoff, vAskedCutoff } from "./cutoffs.js";
import {
  type AgePhase,
  beginningOf,
  dueLeases,
  dueSessions,
  isByAge,
  leaseCursor,
  sessionCursor,
  type Due,
} from "./due.js";
import { countDue } from "./many/preview.js";
import { manyOf } from "./many/terms.js";
import { beginningAfter, previewByAge, vByRetention } from "./previewByAge.js";
import { existingRun } from "./runRows.js";

/**
 * The most sessions of one call: of 4,096 reads a lease takes two, and its actions, where measured, a
 * third.
 */
const PREVIEW_PAGE = 2_000;
const MEASURED_PAGE = 1_000;

const vPreviewCursor = v.object({
  ...vCursor.fields,
  /**
   * The place of the last action measured, where the row is counted but its actions are not all measured
   * yet.
   */
  action: v.optional(vPlace),
});
type PreviewCursor = Infer<typeof vPreviewCursor>;

const vByDay = v.object({
  /** The beginning of the UTC day on which the sessions were last active, in ms since the epoch. */
  day: v.number(),
  sessions: v.number(),
  actions: v.number(),
});
const vByAge = v.object({
  /** Number of whole days since the sessions were last active. */
  days: v.number(),
  sessions: v.number(),
  actions: v.number(),
});

/**
 * One page of the sessions that a purge would take. Call again with the answered cursor and cutoff, until the
 * cursor is `null`. Without a cutoff the settings decide. Whoever then starts the purge passes on the answered
 * `revision`, see `control.start`.
 * @throws retentionNever; invalidCutoff, as `control.start` refuses a cutoff
 */
export const purge = query({
  args: {
    cutoff: v.optional(vAskedCutoff),
    /** The cutoffs of visits and actions, as the first page answered them. @default those of the settings */
    cutoffs: v.optional(vOwnCutoffs),
    /** Counts only sessions last active at or after this time, in ms since the epoch. @default all */
    from: v.optional(v.number()),
    /** Changes of the settings with which to preview; nothing is changed. */
    patch: v.optional(vPolicy.partial()),
    cursor: v.optional(v.union(vPreviewCursor, v.null())),
    /** Whether to count bytes too, for which every action is read. @default false */
    measure: v.optional(v.boolean()),
    /** The time that ages are counted from, in ms since the epoch. @default now, by the deployment's clock */
    now: v.optional(v.number()),
  },
  returns: v.object({
    /** The sessions counted were last active strictly before this time, in ms since the epoch. */
    cutoff: v.number(),
    /**
     * The cutoffs of visits and actions that would go while their session stays; absent where none do, and where
     * `from` asks for sessions only.
     */
    cutoffs: v.optional(vOwnCutoffs),
    /** What goes by these in this page. Call on until the cursor is `null`: they come after all sessions. */
    byRetention: vByRetention,
    /** The time by the deployment's clock, in ms since the epoch. */
    now: v.number(),
    /** The revision of the settings in force when the page was counted. */
    revision: v.number(),
    retentionDays: vRetentionDays,
    /** Whether the purge would take sessions that the retention in force keeps. */
    isBelowRetention: v.boolean(),
    /** Number of sessions in this page. */
    sessions: v.number(),
    /** Number of their visits, one under way included. */
    visits: v.number(),
    /** Number of their actions. */
    actions: v.number(),
    /** Bytes of the documents, without indexes; 0 unless `measure` asks for them. */
    bytes: v.number(),
    /**
     * The first and the last time at which one of the sessions was last active; `null` for a page of none.
     */
    oldest: v.union(v.number(), v.null()),
    newest: v.union(v.number(), v.null()),
    byDay: v.array(vByDay),
    byAge: v.array(vByAge),
    cursor: v.union(vPreviewCursor, v.null()),
  }),
  handler: async (ctx, { patch, from, measure = false, ...args }) => {
    const settings = await readRevisedSettings(ctx);
    const { revision, retentionDays } = settings;
    const now = Date.now();
    const terms = { ...settings, ...patch };
    const cutoff = reckonCutoff("purge", args.cutoff, terms, now);
    const due = { from, cutoff };
    const cursor = args.cursor ?? null;
    const cutoffs =
      from === undefined ? (args.cutoffs ?? ownCutoffs(terms, now)) : undefined;
    const { rows, next, bytes, byRetention } = await pageOf(
      ctx,
      { ...due, cutoffs },
      cursor,
      measure,
    );
    const agesFrom = args.now ?? now;
    return {
      cutoff,
      ...(cutoffs === undefined ? {} : { cutoffs }),
      byRetention,
      now,
      revision,
      retentionDays,
      isBelowRetention: cutoff > keptFrom(retentionDays, now),
      sessions: rows.length,
      visits: rows.reduce((sum, row) => sum + row.visits, 0),
      actions: rows.reduce((sum, row) => sum + row.actions, 0),
      bytes,
      // The walk goes from old sessions to new ones.
      oldest: rows.at(0)?.lastActive ?? null,
      newest: rows.at(-1)?.lastActive ?? null,
      byDay: histogram(
        rows,
        ({ lastActive }) => lastActive - (lastActive % DAY_MS),
      ).map(({ key, ...counts }) => ({ day: key, ...counts })),
      byAge: histogram(rows, ({ lastActive }) =>
        Math.floor((agesFrom - lastActive) / DAY_MS),
      ).map(({ key, ...counts }) => ({ days: key, ...counts })),
      cursor: next,
    };
  },
});

/**
 * One page of the sessions that a run has not come to yet, whatever its `maxSessions`. Call again with the
 * answered cursor until it is `null`.
 * @throws runNotFound
 */
export const left = query({
  args: {
    runId: v.string(),
    cursor: v.optional(v.union(vCursor, v.null())),
  },
  returns: v.object({
    sessions: v.number(),
    /**
     * Number of these sessions that the retention in force keeps; 0 for a run that is no purge.
     */
    kept: v.number(),
    /** The revision of the settings in force. */
    revision: v.number(),
    cursor: v.union(vCursor, v.null()),
  }),
  handler: async (ctx, { runId, cursor = null }) => {
    const run = await existingRun(ctx, runId);
    const { revision, retentionDays } = await readRevisedSettings(ctx);
    const after = cursor ?? run.cursor;
    const { kind } = run;
    if (isFiltered(kind)) {
      const { found, next } = await countDue(ctx, manyOf(run), after);
      return { sessions: found.length, kept: 0, revision, cursor: next };
    }
    if (isByAge(after?.phase)) {
      return { sessions: 0, kept: 0, revision, cursor: null };
    }
    const { rows, next } = await dueRows(ctx, run, after, PREVIEW_PAGE);
    const kept = keptFrom(retentionDays, Date.now());
    const isExpire = kind === "expire";
    return {
      sessions: rows.length,
      kept: isExpire
        ? 0
        : rows.filter(({ lastActive }) => lastActive >= kept).length,
      revision,
      cursor: isExpire && next?.phase === "sessions" ? null : next,
    };
  },
});

// ── Helpers ─────────────────────────────────────────────────────────────────

/** The retention in force keeps sessions last active at or after this time, in ms since the epoch. */
function keptFrom(retentionDays: RetentionDays, now: number): number {
  return purgeCutoff(retentionDays, now) ?? 0;
}

/** A page of the preview: of sessions, or after all these of what goes by age. */
async function pageOf(
  ctx: QueryCtx,
  due: Due & { cutoffs: OwnCutoffs | undefined },
  cursor: PreviewCursor | null,
  measure: boolean,
): Promise<
  DueRows & { bytes: number; byRetention: Infer<typeof vByRetention> }
> {
  if (isAgeCursor(cursor)) {
    const { found, next } = await previewByAge(ctx, due, cursor);
    return { rows: [], next, bytes: 0, byRetention: found };
  }
  const page = measure
    ? await measuredRows(ctx, due, cursor)
    : { ...(await dueRows(ctx, due, cursor, PREVIEW_PAGE)), bytes: 0 };
  const next = page.next ?? beginningAfter("sessions", due.cutoffs);
  return { ...page, next, byRetention: NOTHING_BY_AGE };
}

const NOTHING_BY_AGE = { visits: 0, actions: 0, bytes: 0 };

function isAgeCursor(
  cursor: Cursor | null,
): cursor is Cursor & { phase: AgePhase } {
  return isByAge(cursor?.phase);
}

interface DueRow {
  session: Id<"sessions">;
  lastActive: number;
  visits: number;
  actions: number;
  /** Bytes of the session and its lease. */
  bytes: number;
  key: Cursor;
}

interface DueRows {
  rows: DueRow[];
  next: PreviewCursor | null;
}

function dueRows(
  ctx: QueryCtx,
  due: Due,
  cursor: Cursor | null,
  count: number,
): Promise<DueRows> {
  return cursor?.phase === "sessions"
    ? sessionRows(ctx, due, cursor, count)
    : leaseRows(ctx, due, cursor, count);
}

async function leaseRows(
  ctx: QueryCtx,
  due: Due,
  cursor: Cursor | null,
  count: number,
): Promise<DueRows> {
  const leases = await dueLeases(ctx, due, cursor, count);
  const rows: DueRow[] = [];
  for (const lease of leases) {
    const earlier = await ctx.db.get("sessions", lease.session);
    rows.push({
      session: lease.session,
      lastActive: lease.lastActive,
      visits: 1 + (earlier === null ? 0 : visitsOf(earlier)),
      actions: lease.actionCount + (earlier?.actionCount ?? 0),
      bytes: sizeOf(lease) + (earlier === null ? 0 : sizeOf(earlier)),
      key: leaseCursor(lease),
    });
  }
  const isDone = leases.length < count;
  return {
    rows,
    next: isDone ? beginningOf("sessions") : (rows.at(-1)?.key ?? null),
  };
}

async function sessionRows(
  ctx: QueryCtx,
  due: Due,
  cursor: Cursor,
  count: number,
): Promise<DueRows> {
  const { sessions, ...behind } = await dueSessions(ctx, due, cursor, count);
  const rows = sessions.map((session) => ({
    session: session._id,
    lastActive: session.inactiveSince ?? 0,
    visits: visitsOf(session),
    actions: session.actionCount,
    bytes: sizeOf(session),
    key: sessionCursor(session),
  }));
  return { rows, next: behind.isAll ? null : behind.cursor };
}

/**
 * Due rows with the bytes of their actions. A page ends where it has read as many actions as one query can, which
 * may be amid those of a session.
 */
async function measuredRows(
  ctx: QueryCtx,
  due: Due,
  cursor: PreviewCursor | null,
): Promise<DueRows & { bytes: number }> {
  const allowance = { rows: 10_000, bytes: 8 * 1_024 * 1_024 };
  const measured = { rows: [] as DueRow[], bytes: 0 };
  if (cursor?.action !== undefined) {
    const { action, ...key } = cursor;
    const session = await sessionOf(ctx, key);
    const rest =
      session === null
        ? { rows: [], isComplete: true }
        : await readActions(ctx, session, action, allowance);
    measured.bytes += sizesOf(rest.rows);
    const last = rest.rows.at(-1);
    if (!rest.isComplete && last !== undefined) {
      return { ...measured, next: { ...key, action: placeOf(last.at, last) } };
    }
  }
  const { action: _, ...from } = cursor ?? { action: undefined };
  const after = "id" in from ? from : null;
  const { rows, next } = await dueRows(ctx, due, after, MEASURED_PAGE);
  for (const row of rows) {
    measured.rows.push(row);
    measured.bytes += row.bytes;
    if (row.actions === 0) continue;
    const read = await readActions(ctx, row.session, null, allowance);
    measured.bytes += sizesOf(read.rows);
    const last = read.rows.at(-1);
    if (!read.isComplete && last !== undefined) {
      return {
        ...measured,
        next: { ...row.key, action: placeOf(last.at, last) },
      };
    }
    if ((allowance.rows < 1 || allowance.bytes < 0) && row !== rows.at(-1)) {
      return { ...measured, next: row.key };
    }
  }
  return { ...measured, next };
}

async function sessionOf(
  ctx: QueryCtx,
  { phase, id }: Cursor,
): Promise<Id<"sessions"> | null> {
  if (phase === "sessions") return ctx.db.normalizeId("sessions", id);
  const leaseId = ctx.db.normalizeId("leases", id);
  const lease = leaseId === null ? null : await ctx.db.get("leases", leaseId);
  return lease?.session ?? null;
}

function visitsOf({ visitRows = 0, lastVisit }: Doc<"sessions">): number {
  return visitRows + (lastVisit === undefined ? 0 : 1);
}

function sizeOf(row: Doc<"sessions"> | Doc<"leases"> | Doc<"actions">): number {
  return getConvexSize(row);
}

function sizesOf(rows: Doc<"actions">[]): number {
  return rows.reduce((sum, row) => sum + sizeOf(row), 0);
}

function histogram(rows: DueRow[], keyOf: (row: DueRow) => number) {
  const bars = new Map<
    number,
    { key: number; sessions: number; actions: number }
  >();
  for (const row of rows) {
    const key = keyOf(row);
    const bar = bars.get(key) ?? { key, sessions: 0, actions: 0 };
    bar.sessions += 1;
    bar.actions += row.actions;
    bars.set(key, bar);
  }
  return [...bars.values()];
}
