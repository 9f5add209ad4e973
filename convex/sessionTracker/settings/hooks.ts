/**
 * The app's hooks: calling them, looking whether they answer, and what they still owe. A hook may hold
 * up a run, whose rows it set aside are for the next; it never keeps a person from being erased.
 */
import type { FunctionHandle } from "convex/server";
import { v, type Infer } from "convex/values";
import { internal } from "../_generated/api.js";
import type { Doc } from "../_generated/dataModel.js";
import {
  internalMutation,
  mutation,
  query,
  type MutationCtx,
  type QueryCtx,
} from "../_generated/server.js";
import { readCursor, toCursor } from "../rows/cursors.js";
import { checkInteger } from "../shared/errors.js";
import { readHook, writeHooks } from "./settings.js";
import {
  HOOK_NAMES,
  vHookName,
  type HookName,
  type HookSession,
} from "../shared/shared.js";
import { placeOf, take, walkDebts } from "../rows/walks.js";

/** Each hook that is set, and whether it answers: it is called without sessions, and undone. */
export const check = mutation({
  args: {},
  returns: v.array(
    v.object({
      name: vHookName,
      /** The handle of the app's mutation. */
      handle: v.string(),
      /** What it threw; `null` where it answered. */
      error: v.union(v.string(), v.null()),
    }),
  ),
  handler: async (ctx) => {
    const found = [];
    for (const name of HOOK_NAMES) {
      const handle = await readHook(ctx, name);
      if (handle === null) continue;
      const error = await errorOf(() =>
        ctx.runMutation(internal.settings.hooks.tryOut, { handle }),
      );
      found.push({ name, handle, error: error === ANSWERED ? null : error });
    }
    return found;
  },
});

export const tryOut = internalMutation({
  args: { handle: v.string() },
  returns: v.null(),
  handler: async (ctx, { handle }) => {
    await ctx.runMutation(toHook(handle), { sessions: [] });
    // So that nothing of what it did stays.
    throw new Error(ANSWERED);
  },
});

const vDebt = v.object({
  debtId: v.id("hookDebts"),
  hook: vHookName,
  /** Of the session that was erased. */
  sessionId: v.string(),
  /** When it was erased, and when the hook was last called for it, in ms since the epoch. */
  erasedAt: v.number(),
  triedAt: v.number(),
  error: v.string(),
});

/** What hooks owe, oldest first, one page; without what would name the visitor. */
export const debts = query({
  args: {
    limit: v.optional(v.number()),
    cursor: v.optional(v.union(v.string(), v.null())),
  },
  returns: v.object({
    debts: v.array(vDebt),
    cursor: v.union(v.string(), v.null()),
  }),
  handler: async (ctx, { limit = 100, cursor = null }) => {
    checkInteger("limit", limit, 1, 1_000);
    const after = cursor === null ? null : readCursor(cursor);
    const rows = await take(walkDebts(ctx, { order: "asc", after }), limit);
    const last = rows.length === limit ? rows.at(-1) : undefined;
    return {
      debts: rows.map(({ _id, session, hook, erasedAt, triedAt, error }) => ({
        debtId: _id,
        hook,
        sessionId: session.sessionId,
        erasedAt,
        triedAt,
        error,
      })),
      cursor:
        last === undefined ? null : toCursor(placeOf(last._creationTime, last)),
    };
  },
});

/** Calls the hook, as it is now, for somebody who was erased; what it does not take stays owed. */
export const retry = mutation({
  args: { debtId: v.id("hookDebts") },
  returns: v.object({
    /** Also where the debt was gone before. */
    isPaid: v.boolean(),
    error: v.union(v.string(), v.null()),
  }),
  handler: async (ctx, { debtId }) => {
    const debt = await ctx.db.get("hookDebts", debtId);
    if (debt === null) return { isPaid: true, error: null };
    const { hook, session } = debt;
    const told = await tell(ctx, hook, session);
    const error =
      told === null ? `There is no hook ${hook} any more.` : told.error;
    if (error === null) {
      await ctx.db.delete("hookDebts", debtId);
      return { isPaid: true, error: null };
    }
    await ctx.db.patch("hookDebts", debtId, { error, triedAt: Date.now() });
    return { isPaid: false, error };
  },
});

/** Strikes out a debt that somebody paid by hand. */
export const settle = mutation({
  args: { debtId: v.string() },
  returns: v.object({ settled: v.boolean() }),
  handler: async (ctx, { debtId }) => {
    const id = ctx.db.normalizeId("hookDebts", debtId);
    const debt = id === null ? null : await ctx.db.get("hookDebts", id);
    if (debt === null) return { settled: false };
    await ctx.db.delete("hookDebts", debt._id);
    return { settled: true };
  },
});

/** Removes a hook: nothing is called any more. What it owes stays owed. */
export const clear = mutation({
  args: { name: vHookName },
  returns: v.object({ cleared: v.boolean() }),
  handler: async (ctx, { name }) => {
    if ((await readHook(ctx, name)) === null) return { cleared: false };
    await writeHooks(ctx, { [name]: null });
    return { cleared: true };
  },
});

// ── For the rest of the component ───────────────────────────────────────────

/**
 * In the page's own transaction, so that the app's rows go exactly when the sessions do.
 * @throws with the name of the hook, which fails the page
 */
export async function callHook(
  ctx: MutationCtx,
  name: HookName,
  sessions: HookSession[],
): Promise<void> {
  if (sessions.length === 0) return;
  const handle = await readHook(ctx, name);
  if (handle === null) return;
  const error = await errorOf(() =>
    ctx.runMutation(toHook(handle), { sessions }),
  );
  if (error !== null) throw new Error(failureText(name, handle, error));
}

export const vTold = v.object({
  hook: vHookName,
  /** What it threw, or why it was not called; `null` where it answered. */
  error: v.union(v.string(), v.null()),
});
export type Told = Infer<typeof vTold>;

/**
 * Tells `onPurged` of somebody who is being erased whatever it answers; where it fails, what it did
 * is undone, and it is owed.
 * @param unable why it is not to be called at all: it ran out of time, which nothing here can catch
 * @returns `null` where there is no hook
 */
export async function tellErased(
  ctx: MutationCtx,
  session: HookSession,
  unable?: string,
): Promise<Told | null> {
  const hook = "onPurged" as const;
  const handle = await readHook(ctx, hook);
  if (handle === null) return null;
  const why = unable ?? (await outOfTime(ctx));
  const told =
    why === null ? await tell(ctx, hook, session) : { hook, error: why };
  if (told !== null && told.error !== null) {
    const now = Date.now();
    await ctx.db.insert("hookDebts", {
      hook,
      session,
      error: told.error,
      erasedAt: now,
      triedAt: now,
      ...(why === null ? {} : { isOutOfTime: true }),
    });
  }
  return told;
}

/** How much is owed, counted up to 100. */
export async function countDebts(ctx: QueryCtx): Promise<number> {
  const rows = walkDebts(ctx, { order: "asc", after: null });
  return (await take(rows, 100)).length;
}

export function toHookSession(
  session: Doc<"sessions">,
  lastActive: number,
): HookSession {
  const { _id, anonymousId, createdAt, userId } = session;
  return {
    sessionId: _id,
    anonymousId,
    createdAt,
    lastActive,
    ...(userId === undefined ? {} : { userId }),
  };
}

// ── Helpers ─────────────────────────────────────────────────────────────────

const ANSWERED = "The hook answered.";

type Hook = FunctionHandle<"mutation", { sessions: HookSession[] }>;

function toHook(handle: string): Hook {
  return handle as Hook;
}

async function tell(
  ctx: MutationCtx,
  hook: HookName,
  session: HookSession,
): Promise<Told | null> {
  const handle = await readHook(ctx, hook);
  if (handle === null) return null;
  const error = await errorOf(() =>
    ctx.runMutation(toHook(handle), { sessions: [session] }),
  );
  return {
    hook,
    error: error === null ? null : failureText(hook, handle, error),
  };
}

/** A hook that ran out of time once would take the next erasure with it, too. */
async function outOfTime(ctx: QueryCtx): Promise<string | null> {
  const debt = await ctx.db
    .query("hookDebts")
    .withIndex("isOutOfTime", (q) => q.eq("isOutOfTime", true))
    .first();
  return debt === null
    ? null
    : "The app's hook onPurged was not called: it ran out of time for somebody else, and that is still owed.";
}

function failureText(name: HookName, handle: string, error: string): string {
  return `The app's hook ${name} (${handle.split(";").at(-1) ?? handle}) failed: ${error}`.slice(
    0,
    1_000,
  );
}

/** What a call of app code threw, rolled back whole; `null` where it answered. */
async function errorOf(call: () => Promise<unknown>): Promise<string | null> {
  try {
    await call();
    return null;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return message.includes(ANSWERED) ? ANSWERED : message;
  }
}
