/**
 * Actions of one session from elsewhere, however many and however many at one time: what does not fit a
 * call of `import.batch`. A call does what it can and says where the next goes on.
 */
import {
  ConvexError,
  convexToJson,
  getConvexSize,
  v,
  type Value,
} from "convex/values";
import type { Id } from "../_generated/dataModel.js";
import { mutation, type MutationCtx } from "../_generated/server.js";
import { checkInteger, fail } from "../shared/errors.js";
import { MAX_IMPORT_ACTIONS } from "../shared/limits.js";
import { placeOf, type Place, vPlace } from "../shared/places.js";
import { type Action, vAction } from "../shared/sessions.js";
import { MINUTE_MS } from "../shared/times.js";
import { findSession } from "../rows/sessions.js";
import { walkActions } from "../rows/walks.js";
import { PIECE_BYTES } from "../rows/wholeSessions.js";

const vImportedAction = v.object({
  ...vAction.fields,
  /** How often the action happened at its time. @default 1 */
  copies: v.optional(v.number()),
});

/** Stored actions read in one call, and actions inserted in one. */
const MAX_READ = 4_000;
const MAX_ADDED = 2_000;

/** How far ahead of ours the clock of another system may be. */
export const CLOCK_SKEW_MS = MINUTE_MS;

/**
 * Adds those that the session has not: each is inserted as often as it happened more than the session
 * says. What is the same must come in one call, as one action with `copies`. Where there is a `rest`,
 * it is to be given to the next call; the same call twice changes nothing.
 * @throws invalidRow; batchTooLarge; sessionNotFound
 */
export const add = mutation({
  args: {
    anonymousId: v.string(),
    actions: v.array(vImportedAction),
    /** The last stored action that has been compared already. */
    after: v.union(vPlace, v.null()),
  },
  returns: v.object({
    added: v.number(),
    rest: v.union(
      v.object({
        actions: v.array(vImportedAction),
        after: v.union(vPlace, v.null()),
      }),
      v.null(),
    ),
  }),
  handler: async (ctx, { anonymousId, actions, after }) => {
    checkActions(actions);
    const session = await findSession(ctx, anonymousId);
    if (session === null) {
      fail(
        "sessionNotFound",
        `Visitor ${anonymousId} was purged or forgotten while their actions were imported.`,
        { anonymousId },
      );
    }
    const adding = new ActionImport(ctx, session._id, actions, after);
    const isDone = await adding.go();
    const { added } = adding;
    if (added > 0) {
      const actionCount = session.actionCount + added;
      await ctx.db.patch("sessions", session._id, { actionCount });
    }
    return { added, rest: isDone ? null : adding.rest() };
  },
});

/** A key that is equal for equal actions of one time, whatever the order of their fields. */
export function actionKey({
  at,
  action,
  resourceId,
  metadata,
}: Action): string {
  const what = [at, action, resourceId ?? null];
  return JSON.stringify(
    metadata === undefined ? what : [...what, convexToJson(metadata as Value)],
  );
}

/**
 * Why a deployment does not take a document: its limits on depth, length, size. To others than its
 * developers it says no more than "Server Error", unless the component does.
 * @throws the error itself where it is a `ConvexError` or no `Error`
 */
export function notStored(error: unknown): string {
  if (error instanceof ConvexError || !(error instanceof Error)) throw error;
  return `it cannot be stored: ${error.message}`;
}

/** The fault of an action's time, or `null`. */
export function checkActionTime(at: number, now: number): string | null {
  if (at >= 0 && at <= now + CLOCK_SKEW_MS) return null;
  return `an action's at must be a time in the past, got ${at}`;
}

// ── One call ────────────────────────────────────────────────────────────────

interface Wanted {
  action: Action;
  /** Copies of the action still to be found, or to be inserted. */
  missing: number;
}

/**
 * Goes through the session's actions in order of time beside those that are wanted. Behind a time, what
 * was not found of it is inserted. A repeated call finds that: it comes after the place it starts at.
 */
class ActionImport {
  readonly #ctx: MutationCtx;
  readonly #session: Id<"sessions">;
  readonly #byKey = new Map<string, Wanted>();
  readonly #wanted: Wanted[];
  /** The index of the first wanted action that is not done. */
  #next = 0;
  #place: Place | null;
  #read = { rows: 0, bytes: 0 };
  #addedBytes = 0;
  added = 0;

  constructor(
    ctx: MutationCtx,
    session: Id<"sessions">,
    actions: Array<Action & { copies?: number }>,
    after: Place | null,
  ) {
    this.#ctx = ctx;
    this.#session = session;
    this.#place = after;
    for (const { copies = 1, ...action } of actions) {
      const key = actionKey(action);
      const wanted = this.#byKey.get(key) ?? { action, missing: 0 };
      this.#byKey.set(key, wanted);
      wanted.missing += copies;
    }
    this.#wanted = [...this.#byKey.values()].sort(
      (a, b) => a.action.at - b.action.at,
    );
  }

  /** @returns whether all is done */
  async go(): Promise<boolean> {
    const first = this.#wanted[0]?.action.at;
    const last = this.#wanted.at(-1)?.action.at;
    if (first === undefined || last === undefined) return true;
    const known = walkActions(this.#ctx, this.#session, {
      order: "asc",
      after: this.#place,
      from: first,
    });
    for await (const row of known) {
      if (row.at > last) break;
      if (!(await this.#insertBefore(row.at))) return false;
      if (this.#read.rows >= MAX_READ || this.#read.bytes >= PIECE_BYTES) {
        return false;
      }
      this.#find(row);
      this.#place = placeOf(row.at, row);
      this.#read.rows += 1;
      this.#read.bytes += getConvexSize(row);
    }
    return await this.#insertBefore(Infinity);
  }

  /** The actions left; those of the time where the call stopped with the copies still missing. */
  rest() {
    return {
      actions: this.#wanted
        .slice(this.#next)
        .filter(({ missing }) => missing > 0)
        .map(({ action, missing: copies }) => ({ ...action, copies })),
      after: this.#place,
    };
  }

  #find(row: Action): void {
    const wanted = this.#byKey.get(actionKey(row));
    if (wanted !== undefined && wanted.missing > 0) wanted.missing -= 1;
  }

  /** @returns whether there was room for all of them */
  async #insertBefore(time: number): Promise<boolean> {
    for (; this.#next < this.#wanted.length; this.#next += 1) {
      const { action, missing } = this.#wanted[this.#next]!;
      if (action.at >= time) return true;
      const size = missing > 0 ? getConvexSize(action) : 0;
      for (let left = missing; left > 0; left -= 1) {
        const isFull =
          this.added >= MAX_ADDED || this.#addedBytes >= PIECE_BYTES;
        if (isFull) return false;
        await this.#ctx.db
          .insert("actions", { session: this.#session, ...action })
          .catch((error: unknown) => refuse(notStored(error)));
        this.added += 1;
        this.#addedBytes += size;
      }
    }
    return true;
  }
}

// ── Rules ───────────────────────────────────────────────────────────────────

function checkActions(actions: Array<Action & { copies?: number }>): void {
  if (actions.length > MAX_IMPORT_ACTIONS) {
    fail(
      "batchTooLarge",
      `A call takes ${MAX_IMPORT_ACTIONS} actions, got ${actions.length}: send them in several.`,
    );
  }
  const now = Date.now();
  for (const { at, copies = 1 } of actions) {
    checkInteger("copies", copies, 1, Number.MAX_SAFE_INTEGER);
    const problem = checkActionTime(at, now);
    if (problem !== null) refuse(problem);
  }
}

function refuse(problem: string): never {
  fail("invalidRow", `The actions: ${problem}.`, { problem });
}
