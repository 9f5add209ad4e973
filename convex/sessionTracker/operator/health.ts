/**
 * Health: what the CLI's `doctor` asks beyond `status.get`, about clock, workpool, schedules and the
 * watchdog.
 */
import { vWorkId, Workpool, type WorkId } from "@convex-dev/workpool";
import { v, type Infer } from "convex/values";
import { components, internal } from "../_generated/api.js";
import { internalMutation, mutation, query } from "../_generated/server.js";
import { SCHEDULE_NAMES, vScheduleName } from "../shared/schedules.js";
import { readSettings } from "../settings/inForce.js";
import { findDue } from "../schedules/dueFires.js";
import { register, stateInCrons } from "../schedules/register.js";
import { findTick, writeTick } from "../schedules/ticks.js";
import { lookAfter, vRestarted } from "../schedules/watchdog.js";

const workpool = new Workpool(components.workpool, {});

/** The deployment's clock, in ms since the epoch. A mutation, because a query may be cached. */
export const clock = mutation({
  args: {},
  returns: v.number(),
  handler: () => Promise.resolve(Date.now()),
});

/**
 * The deployment's clock, in ms since the epoch, by a query.
 * @param here the caller's time, which is new with each call and so keeps caches from answering
 */
export const now = query({
  args: { here: v.number() },
  returns: v.number(),
  handler: () => Promise.resolve(Date.now()),
});

/** Sends an empty job through workpool; `probed` says whether the job has been done. */
export const probe = mutation({
  args: {},
  returns: vWorkId,
  handler: (ctx): Promise<WorkId> =>
    workpool.enqueueMutation(ctx, internal.operator.health.nothing, {}),
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

/** Each schedule: whether crons has it as the settings say, and since when a fire is overdue. */
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
    for (const kind of SCHEDULE_NAMES) {
      const tick = await findTick(ctx, kind);
      const schedule = (await readSettings(ctx)).schedules[kind];
      const { at: due = Infinity } = findDue(schedule, tick, Date.now()) ?? {};
      found.push({
        name: kind,
        inCrons: await stateInCrons(ctx, kind, schedule),
        overdueSince: due < Date.now() ? due : null,
      });
    }
    return found;
  },
});

const vRepaired = v.union(
  v.object({ kind: v.literal("scheduleRegistered"), schedule: vScheduleName }),
  /** The watchdog had given up, and looks after schedules and runs again. */
  v.object({ kind: v.literal("fuseReplaced") }),
  vRestarted,
);
type Repaired = Infer<typeof vRepaired>;

/**
 * Registers schedules that crons has lost or has differently, and gives the watchdog a new fuse and a look at
 * once, which restarts schedules and runs that stand still.
 * @returns the repairs, in order
 */
export const repair = mutation({
  args: {},
  returns: v.array(vRepaired),
  handler: async (ctx) => {
    const done: Repaired[] = [];
    const { schedules: wanted } = await readSettings(ctx);
    for (const kind of SCHEDULE_NAMES) {
      const inCrons = await stateInCrons(ctx, kind, wanted[kind]);
      if (inCrons === "same") continue;
      await register(ctx, kind, wanted[kind]);
      done.push({ kind: "scheduleRegistered", schedule: kind });
    }
    if ((await findTick(ctx, "watchdog"))?.gaveUp !== undefined) {
      done.push({ kind: "fuseReplaced" });
    }
    await writeTick(ctx, "watchdog", { restarts: [], gaveUp: undefined });
    return [...done, ...(await lookAfter(ctx, Date.now()))];
  },
});
