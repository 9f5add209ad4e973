/** Sessions as the app's own code sees them: one, or all of a user. */
import { v } from "convex/values";
import type { Doc } from "../_generated/dataModel.js";
import { query, type QueryCtx } from "../_generated/server.js";
import { type AppSession, vAppSession } from "../shared/appSessions.js";
import { placeOf, type Place } from "../shared/places.js";
import { blockOf, vSessionOf } from "../shared/sessions.js";
import { isIdle } from "../shared/visits.js";
import { readPage, vPageArgs, vPageEnds } from "../rows/pages.js";
import { findLease, findOne } from "../rows/sessions.js";
import { walkCreated } from "../rows/walks.js";

/** One session; `null` where there is none. Reads two documents; the visitor's heartbeats re-run it. */
export const get = query({
  args: { session: vSessionOf },
  returns: v.union(vAppSession, v.null()),
  handler: async (ctx, { session: of }) => {
    const session = await findOne(ctx, of);
    return session === null ? null : await toAppSession(ctx, session);
  },
});

/**
 * The sessions that are linked to a user, newest first by creation, however many there are. Reads one document a
 * session, and its lease where it is active, so that the user's heartbeats re-run it, and those of nobody else.
 * @throws invalidArgument
 */
export const ofUser = query({
  args: { userId: v.string(), ...vPageArgs.fields },
  returns: v.object({ sessions: v.array(vAppSession), ...vPageEnds.fields }),
  handler: async (ctx, { userId, ...asked }) => {
    const { page, ...ends } = await readPage(asked, (after) =>
      placed(ctx, userId, after),
    );
    const sessions = [];
    for (const { row } of page) sessions.push(await toAppSession(ctx, row));
    return { sessions, ...ends };
  },
});

// ── Helpers ─────────────────────────────────────────────────────────────────

async function* placed(
  ctx: QueryCtx,
  userId: string,
  after: Place | null,
): AsyncGenerator<{ place: Place; row: Doc<"sessions"> }> {
  const stretch = { order: "desc" as const, after };
  for await (const row of walkCreated(ctx, { userId }, stretch)) {
    yield { place: placeOf(row.createdAt, row), row };
  }
}

async function toAppSession(
  ctx: QueryCtx,
  row: Doc<"sessions">,
): Promise<AppSession> {
  const now = Date.now();
  const lease =
    row.state === "active" ? await findLease(ctx, row.anonymousId) : null;
  const { firstEntry, lastVisit, endReason, userId } = row;
  const entry = lease?.entry ?? lastVisit?.entry ?? firstEntry;
  const path = lease?.path ?? lastVisit?.exitPath;
  return {
    sessionId: row._id,
    state: lease !== null && isIdle(lease, now) ? "expired" : row.state,
    createdAt: row.createdAt,
    lastActive: lease?.lastActive ?? row.inactiveSince ?? row.createdAt,
    visits: row.visits,
    actionCount: row.actionCount + (lease?.actionCount ?? 0),
    engagedMs: (row.engagedMs ?? 0) + (lease?.engagedMs ?? 0),
    ...(firstEntry === undefined ? {} : { firstEntry }),
    ...(entry === undefined ? {} : { entry }),
    ...(path === undefined ? {} : { path }),
    ...(lastVisit === undefined ? {} : { lastVisit }),
    ...(endReason === undefined ? {} : { endReason }),
    blockedUntil: blockOf(row, now),
    ...(userId === undefined ? {} : { userId }),
  };
}
