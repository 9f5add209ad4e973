/** The rows of a page of an archived purge: those that are read to be archived, and exactly these deleted. */
import { compareValues, v, type Infer } from "convex/values";
import type { Doc } from "../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../_generated/server.js";
import { sessionsLeftOf } from "../shared/runs/bounds.js";
import type { HookSession } from "../shared/hooks.js";
import type { ArchivedPage } from "../shared/runs/run.js";
import { vSession } from "../shared/sessions.js";
import { countStates } from "../rows/counters.js";
import { deleteRowsOf } from "../rows/deletes.js";
import { toSession } from "../rows/sessions.js";
import { changeOf, noteChanges, type StateChange } from "../rows/tallies.js";
import {
  PIECE_BYTES,
  type PieceAllowance,
  readWhole,
  type WholeSession,
} from "../rows/wholeSessions.js";
import { callHook, toHookSession } from "../settings/hooks.js";
import { countActionsDown } from "./byAge.js";
import { dueSessions, sessionCursor } from "./due.js";

export const vArchived = v.object({
  /** The session as it was archived. */
  session: vSession,
  /** Number of rows of visits that the session had when it was archived. */
  visitRows: v.number(),
  /** Number of these rows that were archived, the oldest ones. */
  visits: v.number(),
  /** Number of the session's actions that were archived, the oldest ones. */
  actions: v.number(),
  /** Whether these were all rows that the session had left; if not, the session itself stays. */
  isComplete: v.boolean(),
});
export type Archived = Infer<typeof vArchived>;

/**
 * The most of one page: a session costs up to four of a transaction's 4,096 read intervals, a visit or an
 * action one.
 */
const MAX_SESSIONS = 500;
const MAX_ROWS = 1_500;

/** The next sessions of the run, with as many of their rows as a page holds. */
export async function readPage(
  ctx: QueryCtx,
  run: Doc<"runs">,
): Promise<WholeSession[]> {
  const { sessions: most, ...allowance } = pieceOf(run);
  const sessions: WholeSession[] = [];
  const due = await dueSessions(ctx, run, run.cursor, most);
  for (const row of due.sessions) {
    if (sessions.length > 0 && (allowance.rows < 1 || allowance.bytes < 0)) {
      break;
    }
    const { whole, end } = await readWhole(ctx, row, null, null, allowance);
    sessions.push(whole);
    if (end !== null) break;
  }
  return sessions;
}

/** The sessions, rows and bytes of the run's next page. */
export function pieceOf(
  run: Doc<"runs">,
): PieceAllowance & { sessions: number } {
  const { pageSize } = run;
  return {
    sessions: Math.min(MAX_SESSIONS, pageSize, sessionsLeftOf(run) ?? Infinity),
    rows: Math.min(MAX_ROWS, pageSize * 4),
    bytes: PIECE_BYTES,
  };
}

/**
 * Deletes what was archived, and nothing else: a session that has changed since stays.
 * @throws where a session has more rows, or fewer, than were archived; the whole page is undone then
 */
export async function deleteArchived(ctx: MutationCtx, archived: Archived[]) {
  const purged: HookSession[] = [];
  const changed: StateChange[] = [];
  const stayed: ArchivedPage["stayed"] = [];
  const counts = { expired: 0, ended: 0, active: 0 };
  let visits = 0;
  let actions = 0;
  let last = null;
  for (const was of archived) {
    const row = await ctx.db.get("sessions", was.session.sessionId);
    const why = whyItStays(row, was);
    if (row === null || why !== null) {
      stayed.push({
        sessionId: was.session.sessionId,
        why: why ?? "gone",
      });
      if (was.isComplete) last = keyOf(row, was) ?? last;
      continue;
    }
    await deleteArchivedRows(ctx, row, was);
    visits += was.visits;
    actions += was.actions;
    if (!was.isComplete) continue;
    await ctx.db.delete("sessions", row._id);
    if (row.lastVisit !== undefined) visits += 1;
    counts[row.state] -= 1;
    changed.push(changeOf(row, null));
    last = sessionCursor(row);
    purged.push(toHookSession(row, row.inactiveSince ?? 0));
  }
  await countStates(ctx, counts, "purge");
  await noteChanges(ctx, changed, "purge");
  await callHook(ctx, "onPurged", purged);
  const sessions = purged.length;
  return { leases: 0, sessions, visits, actions, last, stayed };
}

/** Deletes the archived rows of a session. The session keeps count of those that it still has. */
export async function deleteArchivedRows(
  ctx: MutationCtx,
  row: Doc<"sessions">,
  { visitRows, visits, actions, isComplete }: Archived,
): Promise<void> {
  if (isComplete && visits !== visitRows) {
    throw new Error(
      `Session ${row._id} has ${visitRows} visits to delete, and ${visits} were archived.`,
    );
  }
  await deleteOldest(ctx, "visits", row, visits, visits === visitRows);
  await deleteOldest(ctx, "actions", row, actions, isComplete);
  if (isComplete) return;
  await ctx.db.patch("sessions", row._id, {
    visitRows: visitRows - visits,
    visitIds: undefined,
  });
  await countActionsDown(ctx, row, actions);
}

/** Why a session that was archived stays; `null` where it is as it was archived. */
export function whyItStays(
  row: Doc<"sessions"> | null,
  { session, visitRows }: Archived,
): ArchivedPage["stayed"][number]["why"] | null {
  if (row === null) return "gone";
  const isSame =
    compareValues(toSession(row), session) === 0 &&
    (row.visitRows ?? 0) === visitRows;
  if (isSame) return null;
  const { inactiveSince } = row;
  return inactiveSince === session.inactiveSince ? "changed" : "cameBack";
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/**
 * Deletes the archived rows of one table, which are the session's oldest `count`: rows are added and deleted,
 * but not put in a past that is archived already.
 * @param areAll whether the session has no others
 */
async function deleteOldest(
  ctx: MutationCtx,
  table: "visits" | "actions",
  { _id }: Doc<"sessions">,
  count: number,
  areAll: boolean,
): Promise<void> {
  if (count === 0) return;
  // Where there are to be no others all are deleted, to see that there were `count`; else `deleteRowsOf` keeps
  // one delete back.
  const { deleted } = await deleteRowsOf(ctx, table, _id, {
    deletes: areAll ? Infinity : count + 1,
    bytes: Infinity,
  });
  if (deleted === count) return;
  throw new Error(
    `Session ${_id} has ${deleted} ${table} to delete, and ${count} were archived.`,
  );
}

/**
 * The place behind a session that stays; `null` for a session that came back, which the walk no longer
 * meets.
 */
function keyOf(row: Doc<"sessions"> | null, { session }: Archived) {
  return row !== null && row.inactiveSince === session.inactiveSince
    ? sessionCursor(row)
    : null;
}
