/**
 * Importing actions of one session that do not fit a call of `import.batch`: any number of them, and any number
 * at one time. A call adds what it can, and says where the next call goes on.
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
import { startOf } from "../shared/visits.js";
import { erasureOf } from "../rows/erasures.js";
import { findLease, findSession } from "../rows/sessions.js";
import { walkActions } from "../rows/walks.js";
import { PIECE_BYTES } from "../rows/wholeSessions.js";

const vImportedAction = v.object({
  ...vAction.fields,
  /** Number of times that the action happened at its time. @default 1 */
  copies: v.optional(v.number()),
});

/** The most stored actions that one call reads, and the most actions that it inserts. */
const MAX_READ = 4_000;
const MAX_ADDED = 2_000;

/** How far the clock of another system may be ahead of the deployment's. */
export const CLOCK_SKEW_MS = MINUTE_MS;

/**
 * Adds the actions that the session lacks: each is inserted as often as it happened more often than the session
 * says. Equal actions must come in one call, as one action with `copies`. A `rest` in the answer has to be given
 * to the next call. To repeat a call changes nothing. Actions from before the visitor was forgotten are left out.
 * @throws invalidRow; batchTooLarge; sessionNotFound
 */
export const add = mutation({
  args: {
    anonymousId: v.string(),
    actions: v.array(vImportedAction),
    /** The last stored action that has been compared already. */
    after: v.union(vPlace, v.null()),
    /** Whether those since the start of the visit under way are of that visit. @default false */
    isOfVisit: v.optional(v.boolean()),
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
  handler: async (ctx, { anonymousId, actions, after, isOfVisit }) => {
    checkActions(actions);
    const session = await findSession(ctx, anonymousId);
    if (session === null) {
      fail(
        "sessionNotFound",
        `Visitor ${anonymousId} was purged or forgotten while their actions were imported.`,
        { anonymousId },
      );
    }
    const hasLease = isOfVisit && session.state === "active";
    const lease = hasLease ? await findLease(ctx, anonymousId) : null;
    const since = lease === null ? Infinity : startOf(lease);
    const erasedAt = (await erasureOf(ctx, anonymousId))?.at ?? -Infinity;
    const kept = actions.filter(({ at }) => at > erasedAt);
    const adding = new ActionImport(ctx, session._id, kept, after, since);
    const isDone = await adding.go();
    const { added, addedToVisit } = adding;
    if (lease !== null && addedToVisit > 0) {
      const actionCount = lease.actionCount + addedToVisit;
      await ctx.db.patch("leases", lease._id, { actionCount });
    }
    if (added > addedToVisit) {
      const actionCount = session.actionCount + added - addedToVisit;
      await ctx.db.patch("sessions", session._id, { actionCount });
    }
    return { added, rest: isDone ? null : adding.rest() };
  },
});

/** A text that is the same for equal actions at one time, whatever the order of their fields. */
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
 * The reason why a deployment refuses a document, such as its limits on depth, length and size. A deployment
 * tells clients only "Server Error", so the component puts the reason into its own error.
 * @throws the error itself where it is a `ConvexError` or no `Error`
 */
export function notStored(error: unknown): string {
  if (error instanceof ConvexError || !(error instanceof Error)) throw error;
  return `it cannot be stored: ${error.message}`;
}

/** The fault of an action's time, in words; `null` for a valid time. */
export function checkActionTime(at: number, now: number): string | null {
  if (at >= 0 && at <= now + CLOCK_SKEW_MS) return null;
  return `an action's at must be a time in the past, got ${at}`;
}

// ── One call ────────────────────────────────────────────────────────────────

interface Wanted {
  action: Action;
  /** Number of copies of the action that are still to be found in the session, or else to be inserted. */
  missing: number;
}

/**
 * Goes through the session's stored actions and the wanted ones side by side, in order of time. Once past a time,
 * inserts the wanted actions of that time that were not found. A repeated call finds those, as they lie after the
 * place where the call starts.
 */
class ActionImport {
  readonly #ctx: MutationCtx;
  readonly #session: Id<"sessions">;
  readonly #byKey = new Map<string, Wanted>();
  readonly #wanted: Wanted[];
  /** The index of the first wanted action that is neither found nor inserted. */
  #next = 0;
  #place: Place | null;
  #read = { rows: 0, bytes: 0 };
  #addedBytes = 0;
  added = 0;
  /** Those of the visit under way. */
  addedToVisit = 0;
  readonly #visitSince: number;

  constructor(
    ctx: MutationCtx,
    session: Id<"sessions">,
    actions: Array<Action & { copies?: number }>,
    after: Place | null,
    visitSince: number,
  ) {
    this.#visitSince = visitSince;
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

  /** @returns whether all wanted actions are in the session */
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

  /**
   * The wanted actions that are left; those of the time where the call stopped with the copies still
   * missing.
   */
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

  /** @returns whether the call had room for all wanted actions before the time */
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
        if (action.at >= this.#visitSince) this.addedToVisit += 1;
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
