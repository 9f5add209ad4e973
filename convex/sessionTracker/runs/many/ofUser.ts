/**
 * All sessions of a user at once, for the app's own functions: at once where they fit one transaction, and else by a
 * run.
 */
import { v, type Infer } from "convex/values";
import { mutation, type MutationCtx } from "../../_generated/server.js";
import { checkReason, fail } from "../../shared/errors.js";
import { vBlock } from "../../shared/sessions.js";
import { audit } from "../../rows/audit.js";
import { readHook } from "../../settings/inForce.js";
import { startRun } from "../start.js";
import { type AskedMany, freeze } from "./asked.js";
import { lookOnce, MAX_PASSED } from "./look.js";
import { doManyPage } from "./page.js";
import type { Looked, Many } from "./terms.js";

const vDone = v.union(
  v.object({
    done: v.literal(true),
    /** Number of sessions ended or blocked, or erased. */
    sessions: v.number(),
  }),
  /** The run that takes them, whose first page follows at once. */
  v.object({ done: v.literal(false), runId: v.string() }),
);
type Done = Infer<typeof vDone>;

const vUser = {
  userId: v.string(),
  reason: v.optional(v.string()),
  /** Who asks, for the ledger. @default app */
  actor: v.optional(v.string()),
};

/**
 * Ends the visits under way of a user, and with `block` keeps all the user's sessions from coming back before it is
 * over, see `visitors/block.end`; a block that lasts longer stays.
 * @throws alreadyRunning `{ runId }`, and nothing is done, where it takes a run and another `end` is under way;
 *   invalidArgument
 */
export const end = mutation({
  args: {
    ...vUser,
    block: v.optional(vBlock),
    /** The session that stays as it is, such as the one from which the user asks. */
    exceptSessionId: v.optional(v.string()),
  },
  returns: vDone,
  handler: (ctx, { userId, exceptSessionId, block, ...by }) => {
    const except = exceptSessionId === undefined ? {} : { exceptSessionId };
    const filter = { userId, ...except };
    return takeAll(ctx, { kind: "end", filter, block }, by);
  },
});

/**
 * Erases all visitors who are linked to a user, as `visitors/forget` does for one.
 * @throws alreadyRunning `{ runId }`, and nothing is done, where it takes a run and another `forget` is under way;
 *   invalidArgument
 */
export const forget = mutation({
  args: vUser,
  returns: vDone,
  handler: (ctx, { userId, ...by }) =>
    takeAll(ctx, { kind: "forget", filter: { userId } }, by),
});

// ── Helpers ─────────────────────────────────────────────────────────────────

/** The most sessions, and the most rows of theirs, that one transaction takes. */
const AT_ONCE = { sessions: 100, rows: 300 };
/** The same where the app's hook is called for each: what it costs is not known. */
const AT_ONCE_WITH_HOOK = { sessions: 20, rows: 300 };

/** The page size at which a page has room for all of these. */
const PAGE_SIZE = 250;

async function takeAll(
  ctx: MutationCtx,
  { kind, filter, block }: AskedMany,
  { reason, actor = "app" }: { reason?: string; actor?: string },
): Promise<Done> {
  checkReason(reason);
  if (filter.userId?.trim() === "") {
    fail("invalidArgument", "The userId is empty: name the app's user.", {
      argument: "userId",
    });
  }
  const many = freeze({ kind, filter, block }, Date.now());
  if (await fits(ctx, many)) {
    const page = { ...many, reason, cursor: null, isOfRun: false };
    const pageSize = PAGE_SIZE;
    const done = await doManyPage(ctx, { ...page, pageSize });
    const { sessions, visits, actions } = done;
    if (done.isDone) {
      if (sessions === 0) return { done: true, sessions };
      await audit(ctx, {
        what: WHAT[kind],
        actor,
        ...(reason === undefined ? {} : { reason }),
        counts: kind === "end" ? { sessions } : { sessions, visits, actions },
      });
      return { done: true, sessions };
    }
  }
  const { runId, status } = await startRun(ctx, {
    kind,
    filter,
    ...(block === undefined ? {} : { block }),
    ...(reason === undefined ? {} : { reason }),
    actor,
    trigger: "app",
  });
  if (status === "started") return { done: false, runId };
  fail(
    "alreadyRunning",
    `The user has more sessions than one transaction takes, and run ${runId}, another ${kind}, is under way: wait for it, or cancel it.`,
    { runId },
  );
}

const WHAT = { end: "session.ended", forget: "session.forgotten" } as const;

async function fits(ctx: MutationCtx, many: Many): Promise<boolean> {
  const isErasing = many.kind === "forget";
  const hook = await readHook(ctx, isErasing ? "onPurged" : "onEnded");
  const most = hook === null ? AT_ONCE : AT_ONCE_WITH_HOOK;
  let [sessions, rows, passed] = [0, 0, 0];
  for await (const looked of lookOnce(ctx, many, null)) {
    if (looked.isDue) sessions += 1;
    else passed += 1;
    if (isErasing) rows += rowsOf(looked);
    const isTooMuch =
      sessions > most.sessions || rows > most.rows || passed > MAX_PASSED / 2;
    if (isTooMuch) return false;
  }
  return true;
}

function rowsOf({ session, lease }: Looked): number {
  const { visitRows = 0, actionCount } = session;
  return visitRows + actionCount + (lease?.actionCount ?? 0);
}
