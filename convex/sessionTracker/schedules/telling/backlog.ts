/**
 * Whether sessions have been due to be expired or purged for too long. What counts is how long, not how many: that
 * costs the same at any size, and says whether runs keep up.
 */
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";
import { SCHEDULE_NAMES, type ScheduleName } from "../../shared/schedules.js";
import type { Settings } from "../../shared/settings.js";
import { allWebhooks, tellWebhooks } from "../../rows/outbox/outbox.js";
import { readSettings } from "../../settings/inForce.js";
import { cutoffBySettings } from "../../runs/cutoffs.js";
import { dueLeases, dueSessions } from "../../runs/due.js";
import { findTick, writeTick } from "../ticks.js";

/** So many of the sessions that have waited too long are counted. */
const COUNTED = 1_000;

/**
 * Tells webhooks of a backlog once: when the oldest session has waited for longer than the setting says, and then
 * not again until none has waited for half as long. Without a webhook nobody looks.
 */
export async function lookAtBacklog(
  ctx: MutationCtx,
  now: number,
): Promise<void> {
  const settings = await readSettings(ctx);
  const { backlogAlertMs } = settings;
  if (backlogAlertMs === "never") return;
  if ((await allWebhooks(ctx)).length === 0) return;
  const tick = await findTick(ctx, "watchdog");
  const told: ScheduleName[] = [];
  for (const kind of SCHEDULE_NAMES) {
    const waited = (ms: number, most: number) =>
      countWaiting(ctx, kind, settings, now - ms, most);
    const wasTold = tick?.backlogTold?.includes(kind) ?? false;
    if (wasTold) {
      if ((await waited(backlogAlertMs / 2, 1)) > 0) told.push(kind);
      continue;
    }
    if ((await waited(backlogAlertMs, 1)) === 0) continue;
    told.push(kind);
    const sessions = await waited(backlogAlertMs, COUNTED + 1);
    await tellWebhooks(ctx, {
      type: "backlog.high",
      data: {
        kind,
        sessions: Math.min(sessions, COUNTED),
        isMore: sessions > COUNTED,
        backlogAlertMs,
      },
    });
  }
  if (told.length > 0 || tick?.backlogTold !== undefined) {
    const backlogTold = told.length === 0 ? undefined : told;
    await writeTick(ctx, "watchdog", { backlogTold });
  }
}

/** The number of sessions, up to `most`, that were due to a run of the kind at `then` already. */
async function countWaiting(
  ctx: QueryCtx,
  kind: ScheduleName,
  settings: Settings,
  then: number,
  most: number,
): Promise<number> {
  const cutoff = cutoffBySettings(kind, settings, then);
  if (cutoff === null) return 0;
  if (kind === "expire") {
    return (await dueLeases(ctx, { cutoff }, null, most)).length;
  }
  return (await dueSessions(ctx, { cutoff }, null, most)).sessions.length;
}
