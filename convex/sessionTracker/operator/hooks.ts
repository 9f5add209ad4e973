/** The app's hooks for operators: whether they answer, and the calls that they still owe. */
import { v } from "convex/values";
import { internal } from "../_generated/api.js";
import type { Doc } from "../_generated/dataModel.js";
import { internalMutation, mutation, query } from "../_generated/server.js";
import { checkInteger, checkReason } from "../shared/errors.js";
import { HOOK_NAMES, type HookName, vHookName } from "../shared/hooks.js";
import { MAX_LISTED } from "../shared/limits.js";
import { placeOf } from "../shared/places.js";
import { readCursor, toCursor } from "../rows/cursors.js";
import { walkDebts } from "../rows/walks.js";
import { listHooks, vHookStatus } from "../settings/hookStatus.js";
import { errorOf, toHook } from "../settings/hooks.js";
import { readHook } from "../settings/inForce.js";
import { writeHooks } from "../settings/settings.js";
import { payDebt } from "../schedules/hooks.js";

/** The hooks that are set. None is called. */
export const list = query({
  args: {},
  returns: v.array(vHookStatus),
  handler: listHooks,
});

/**
 * Each hook that is set, and whether it answers: the hook is called without sessions, and its writes are
 * undone.
 */
export const check = mutation({
  args: {},
  returns: v.array(
    v.object({
      name: vHookName,
      /** The handle of the app's mutation. */
      handle: v.string(),
      /** The error that the hook threw; `null` where it answered. */
      error: v.union(v.string(), v.null()),
    }),
  ),
  handler: async (ctx) => {
    const found = [];
    for (const name of HOOK_NAMES) {
      const handle = await readHook(ctx, name);
      if (handle === null) continue;
      const error = await errorOf(() =>
        ctx.runMutation(internal.operator.hooks.tryOut, { handle }),
      );
      const answered = error?.includes(ANSWERED) ?? false;
      found.push({ name, handle, error: answered ? null : error });
    }
    return found;
  },
});

export const tryOut = internalMutation({
  args: { handle: v.string() },
  returns: v.null(),
  handler: async (ctx, { handle }) => {
    await ctx.runMutation(toHook(handle), { sessions: [] });
    // The throw rolls back all that the hook did.
    throw new Error(ANSWERED);
  },
});

const vDebt = v.object({
  debtId: v.id("hookDebts"),
  hook: vHookName,
  /** The id of the erased session. */
  sessionId: v.string(),
  /** When the session was erased, in ms since the epoch. */
  erasedAt: v.number(),
  /** When the hook was last called for the session, in ms since the epoch. */
  triedAt: v.number(),
  /** The error of that call. */
  error: v.string(),
  /** How often the watchdog has had the hook called for it. */
  tries: v.number(),
  /** When the watchdog has the hook called again at the earliest, in ms since the epoch; `null` for its next look. */
  nextTryAt: v.union(v.number(), v.null()),
});

/** A page of the hooks' debts, oldest first, without anything that names the visitor. */
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
    checkInteger("limit", limit, 1, MAX_LISTED);
    const after = cursor === null ? null : readCursor(cursor);
    const rows = await walkDebts(ctx, { order: "asc", after }).take(limit);
    const last = rows.length === limit ? rows.at(-1) : undefined;
    return {
      debts: rows.map(toDebt),
      cursor:
        last === undefined ? null : toCursor(placeOf(last._creationTime, last)),
    };
  },
});

/**
 * Calls the hook that is set now for a visitor who was erased; where the hook fails again, the debt stays.
 */
export const retry = mutation({
  args: { debtId: v.id("hookDebts") },
  returns: v.object({
    /** Whether nothing is owed any more; `true` also where the debt was gone before. */
    isPaid: v.boolean(),
    error: v.union(v.string(), v.null()),
  }),
  handler: async (ctx, { debtId }) => {
    const debt = await ctx.db.get("hookDebts", debtId);
    return debt === null
      ? { isPaid: true, error: null }
      : await payDebt(ctx, debt);
  },
});

/** Removes a debt that somebody paid by hand, by deleting the app's rows. */
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

/**
 * Removes hooks, which are then not called any more: those named, or all. The calls that they owe stay owed.
 * @returns those that there were
 * @throws invalidArgument `{ argument: "reason" }` for an empty reason
 */
export const clear = mutation({
  args: {
    names: v.optional(v.array(vHookName)),
    /** Who does it, for the audit log. @default app */
    actor: v.optional(v.string()),
    reason: v.optional(v.string()),
  },
  returns: v.object({ cleared: v.array(vHookName) }),
  handler: async (ctx, { names = HOOK_NAMES, actor = "app", reason }) => {
    checkReason(reason);
    const cleared: HookName[] = [];
    const hooks: Partial<Record<HookName, null>> = {};
    for (const name of HOOK_NAMES) {
      if (!names.includes(name) || (await readHook(ctx, name)) === null) {
        continue;
      }
      cleared.push(name);
      hooks[name] = null;
    }
    await writeHooks(ctx, hooks, { actor, reason });
    return { cleared };
  },
});

// ── Helpers ─────────────────────────────────────────────────────────────────

const ANSWERED = "The hook answered.";

function toDebt({ _id, session, isOutOfTime, ...debt }: Doc<"hookDebts">) {
  const { _creationTime, tries = 0, nextTryAt = null, ...shown } = debt;
  const { sessionId } = session;
  return { debtId: _id, sessionId, ...shown, tries, nextTryAt };
}
