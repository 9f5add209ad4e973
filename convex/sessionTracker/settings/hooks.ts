/**
 * Calling the app's hooks in the transaction of what they are told of.
 *
 * Whether a hook that fails fails that, too, is decided where it is called: a page of a run rolls back and is set
 * aside (`callHook`), so does a link, which the app's own rows have to follow (`callHook`); a visitor who comes or
 * goes is served, and so is an operator who ends sessions (`tellHook`, `hooksOfMany`); a person who is erased is erased, and
 * the call is owed (`tellErased` of `hookDebts`).
 */
import type { FunctionHandle } from "convex/server";
import { ConvexError } from "convex/values";
import type { Doc } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";
import type { HookName, HookSession } from "../shared/hooks.js";
import { isFuture, MINUTE_MS } from "../shared/times.js";
import { tellWebhooks } from "../rows/outbox/outbox.js";
import { settingsRow } from "./inForce.js";

/**
 * Calls a hook with sessions, so that the app's rows change exactly when the sessions do. Does nothing where the
 * app has no such hook, or there are no sessions.
 * @throws an `Error` that names the hook; of `onLinked` the hook's own `ConvexError`, which is for whoever links
 */
export async function callHook(
  ctx: MutationCtx,
  name: HookName,
  sessions: HookSession[],
): Promise<void> {
  if (sessions.length === 0) return;
  const handle = (await settingsRow(ctx))?.[name];
  if (handle === undefined) return;
  try {
    await ctx.runMutation(toHook(handle), { sessions });
  } catch (error) {
    if (name === "onLinked" && error instanceof ConvexError) throw error;
    throw new Error(failureText(name, handle, messageOf(error)), {
      cause: error,
    });
  }
}

/**
 * Calls a hook for a session, whatever it answers: where it fails, its writes are undone, and the failure is
 * noted for `status` and `doctor`. Only a hook that runs out of time fails the transaction, as no mutation can
 * catch that.
 * @param settings the settings' row, where the caller has read it
 */
export async function tellHook(
  ctx: MutationCtx,
  name: HookName,
  session: HookSession,
  settings?: Doc<"settings"> | null,
): Promise<void> {
  const row = settings === undefined ? await settingsRow(ctx) : settings;
  const handle = row?.[name];
  if (handle === undefined) return;
  const error = await errorOf(() =>
    ctx.runMutation(
      toHook(handle),
      { sessions: [session] },
      { transactionLimits: LIMITS_OF_A_CALL },
    ),
  );
  if (error !== null) {
    await noteFailure(ctx, name, failureText(name, handle, error));
  }
}

export function toHookSession(
  session: Pick<
    Doc<"sessions">,
    "_id" | "anonymousId" | "createdAt" | "userId"
  >,
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

type Hook = FunctionHandle<"mutation", { sessions: HookSession[] }>;

export function toHook(handle: string): Hook {
  return handle as Hook;
}

/** The message of the error that a call of app code threw; `null` where the call answered. */
export async function errorOf(
  call: () => Promise<unknown>,
): Promise<string | null> {
  try {
    await call();
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

export function failureText(
  name: HookName,
  handle: string,
  error: string,
): string {
  return `The app's hook ${name} (${handle.split(";").at(-1) ?? handle}) failed: ${error}`.slice(
    0,
    1_000,
  );
}

/**
 * Notes that a hook failed, once a minute at most: a hook that fails for every visitor must not make all of them
 * write to one row. Webhooks are told of the first failure only.
 */
export async function noteFailure(
  ctx: MutationCtx,
  hook: HookName,
  error: string,
): Promise<void> {
  const now = Date.now();
  const known = await ctx.db
    .query("hookFailures")
    .withIndex("hook", (q) => q.eq("hook", hook))
    .unique();
  if (known === null) {
    await ctx.db.insert("hookFailures", { hook, error, since: now, at: now });
    // The error is not told: it is the app's own, and may name anybody.
    const data = { hook, call: "visitor" } as const;
    await tellWebhooks(ctx, { type: "hook.failed", data });
    return;
  }
  if (now - known.at < MINUTE_MS && !isFuture(known.at, now)) return;
  await ctx.db.patch("hookFailures", known._id, { error, at: now });
}

// ── Helpers ─────────────────────────────────────────────────────────────────

const MIB = 1_024 * 1_024;
/** The limits of a hook that is called for one session, so that the caller always has room to go on. */
const LIMITS_OF_A_CALL = {
  bytesRead: 12 * MIB,
  bytesWritten: 12 * MIB,
  documentsRead: 24_000,
  documentsWritten: 12_000,
  databaseQueries: 3_000,
};

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
