/** What `doctor` asks beyond `stats.status`: is what should live alive, are the counters right. */
import { Crons } from "@convex-dev/crons";
import { vWorkId, Workpool, type WorkId } from "@convex-dev/workpool";
import { v } from "convex/values";
import { components, internal } from "./_generated/api.js";
import {
  internalMutation,
  mutation,
  query,
  type QueryCtx,
} from "./_generated/server.js";

import { readCursor, toCursor } from "./cursors.js";
import { dueAt } from "./dueFires.js";
import { register } from "./schedules.js";
import { readSettings } from "./settings.js";
import { SCHEDULE_NAMES, vScheduleName, type ScheduleName } from "./shared.js";
import { countStates } from "./stats.js";
import { findTick, writeTick } from "./ticks.js";
import { placeOf, take, walkSessions } from "./walks.js";
import { lookAfter } from "./watchdog.js";

const workpool = new Workpool(components.workpool, {});

/** The deployment's clock, in ms since the epoch. A mutation, because a query may be cached. */
export const clock = mutation({
  args: {},
  returns: v.number(),
  handler: () => Promise.resolve(Date.now()),
});

/** The same for who compares it with their own, whose time in the question keeps caches from answering. */
export const now = query({
  args: { here: v.number() },
  returns: v.number(),
  handler: () => Promise.resolve(Date.now()),
});

/** Sends an empty job through workpool; `probed` says what became of it. */
export const probe = mutation({
  args: {},
  returns: vWorkId,
  handler: (ctx): Promise<WorkId> =>
    workpool.enqueueMutation(ctx, internal.health.nothing, {}),
});

export const nothing = internalMutation({
  args: {},
  returns: v.null(),
  handler: () => Promise.resolve(null),
});

export const probed = query({
  args: { workId: vWorkId },
  returns: v.union(
    v.literal("pending"),
    v.literal("running"),
    v.literal("finished"),
  ),
  handler: async (ctx, { workId }) =>
    (await workpool.status(ctx, workId)).state,
});

/** Each schedule, whether crons has it as the settings do, and since when a fire is overdue. */
export const schedules = query({
  args: {},
  returns: v.array(
    v.object({
      name: vScheduleName,
      inCrons: v.union(
        v.literal("same"),
        v.literal("different"),
        v.literal("missing"),
      ),
      overdueSince: v.union(v.number(), v.null()),
    }),
  ),
  handler: async (ctx) => {
    const found = [];
    for (const name of SCHEDULE_NAMES) {
      const tick = await findTick(ctx, name);
      const schedule = (await readSettings(ctx)).schedules[name];
      const due = dueAt(schedule, tick, Date.now()) ?? Infinity;
      found.push({
        name,
        inCrons: await inCrons(ctx, name),
        overdueSince: due < Date.now() ? due : null,
      });
    }
    return found;
  },
});

/** Sessions counted in one call. */
const COUNT_PAGE = 4_000;

/** Counts rows by state, one page; call again with the cursor until it is `null`. */
export const count = query({
  args: { cursor: v.optional(v.union(v.string(), v.null())) },
  returns: v.object({
    active: v.number(),
    expired: v.number(),
    ended: v.number(),
    cursor: v.union(v.string(), v.null()),
  }),
  handler: async (ctx, { cursor = null }) => {
    const after = cursor === null ? null : readCursor(cursor);
    const walked = walkSessions(ctx, { order: "asc", after });
    const rows = await take(walked, COUNT_PAGE);
    const counts = { active: 0, expired: 0, ended: 0 };
    for (const { state } of rows) counts[state] += 1;
    const last = rows.length === COUNT_PAGE ? rows.at(-1) : undefined;
    return {
      ...counts,
      cursor:
        last === undefined ? null : toCursor(placeOf(last._creationTime, last)),
    };
  },
});

/** Adds to the counters what an exact count found missing (or, below 0, too many). */
export const correctCounters = mutation({
  args: { active: v.number(), expired: v.number(), ended: v.number() },
  returns: v.null(),
  handler: async (ctx, missing) => {
    await countStates(ctx, missing);
    return null;
  },
});

/**
 * Registers schedules that crons has lost or has differently, and does what the watchdog does, with
 * a new fuse: restarts what stands still.
 * @returns what it did
 */
export const repair = mutation({
  args: {},
  returns: v.array(v.string()),
  handler: async (ctx) => {
    const done: string[] = [];
    const { schedules: wanted } = await readSettings(ctx);
    for (const name of SCHEDULE_NAMES) {
      if ((await inCrons(ctx, name)) === "same") continue;
      await register(ctx, name, wanted[name]);
      done.push(`registered schedule ${name}`);
    }
    if ((await findTick(ctx, "watchdog"))?.gaveUp !== undefined) {
      done.push("gave the watchdog a new fuse");
    }
    await writeTick(ctx, "watchdog", { restarts: [], gaveUp: undefined });
    return [...done, ...(await lookAfter(ctx, Date.now()))];
  },
});

// ── Helpers ─────────────────────────────────────────────────────────────────

async function inCrons(
  ctx: QueryCtx,
  name: ScheduleName,
): Promise<"same" | "different" | "missing"> {
  const cron = await new Crons(components.crons).get(ctx, { name });
  if (cron === null) return "missing";
  const { spec, timeZone } = (await readSettings(ctx)).schedules[name];
  const { schedule } = cron;
  const isSame =
    schedule.kind === "cron" &&
    schedule.cronspec === spec &&
    (schedule.tz ?? "UTC") === timeZone;
  return isSame ? "same" : "different";
}
