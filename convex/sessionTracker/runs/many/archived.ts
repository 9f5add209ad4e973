/**
 * The pages of an archived `forget`: the sessions of its filter that are read to be archived, and exactly these erased.
 * The walk's place moves only past sessions that are not due. So one that has changed since it was archived is met
 * again, archived once more and then erased: nobody who is to be erased stays.
 */
import type { Doc } from "../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";
import type { ArchivedPage, Cursor } from "../../shared/runs/run.js";
import { openAllowance } from "../../rows/deletes.js";
import { findLease } from "../../rows/sessions.js";
import { readWhole, type WholeSession } from "../../rows/wholeSessions.js";
import {
  type Archived,
  deleteArchivedRows,
  pieceOf,
  whyItStays,
} from "../archivedRows.js";
import type { PageDone } from "../due.js";
import { erasing } from "./erasing.js";
import { look, MAX_PASSED } from "./look.js";
import { manyOf } from "./terms.js";

/** The next sessions of the run, with as many of their rows as a page holds. */
export async function readManyPage(
  ctx: QueryCtx,
  run: Doc<"runs">,
): Promise<WholeSession[]> {
  const { sessions: most, ...allowance } = pieceOf(run);
  const sessions: WholeSession[] = [];
  let passed = 0;
  for await (const { session, lease, isDue } of look(
    ctx,
    manyOf(run),
    run.cursor,
  )) {
    const isSpent = allowance.rows < 1 || allowance.bytes < 0;
    if (sessions.length >= most || (sessions.length > 0 && isSpent)) break;
    if (!isDue) {
      passed += 1;
      if (passed > MAX_PASSED) break;
      continue;
    }
    const { whole, end } = await readWhole(
      ctx,
      session,
      lease,
      null,
      allowance,
    );
    sessions.push(whole);
    if (end !== null) break;
  }
  return sessions;
}

/** Passes over sessions that are not due, where a page held no others. */
export async function passOver(
  ctx: QueryCtx,
  run: Doc<"runs">,
): Promise<{ cursor: Cursor | null; isDone: boolean }> {
  let { cursor } = run;
  let passed = 0;
  for await (const looked of look(ctx, manyOf(run), cursor)) {
    if (looked.isDue || passed === MAX_PASSED) return { cursor, isDone: false };
    passed += 1;
    cursor = looked.cursor;
  }
  return { cursor, isDone: true };
}

/**
 * Erases what was archived, and nothing else.
 * @throws where a session has more rows, or fewer, than were archived; the whole page is undone then
 */
export async function eraseArchived(
  ctx: MutationCtx,
  archived: Archived[],
  hookUnable: string | undefined,
) {
  const done: PageDone = {
    ...{ leases: 0, sessions: 0, visits: 0, actions: 0 },
    ...{ cursor: null, isDone: false },
  };
  const stayed: ArchivedPage["stayed"] = [];
  const byId = new Map(archived.map((was) => [was.session.sessionId, was]));
  const taker = erasing(
    ctx,
    { hookUnable, isOfRun: true },
    await openAllowance(ctx, archived.length),
    done,
    async (session) => {
      const was = byId.get(session._id);
      if (was === undefined)
        throw new Error(`${session._id} was not archived.`);
      await deleteArchivedRows(ctx, session, was);
      const { visits, actions, isComplete: isDone } = was;
      return { visits, actions, isDone };
    },
  );
  for (const was of archived) {
    const { sessionId } = was.session;
    const session = await ctx.db.get("sessions", sessionId);
    const why = whyItStays(session, was);
    if (session === null || why !== null) {
      stayed.push({ sessionId, why: why ?? "gone" });
      continue;
    }
    const lease =
      session.state === "active"
        ? await findLease(ctx, session.anonymousId)
        : null;
    if (await taker.take({ session, lease })) done.sessions += 1;
  }
  await taker.finish();
  const { leases, sessions, visits, actions } = done;
  return { leases, sessions, visits, actions, last: null, stayed };
}
