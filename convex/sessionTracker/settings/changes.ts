/**
 * The changes of settings and schedules as the audit log has them. Those from before there was one are in
 * `settingsLog`; all of these are older, and have lower revisions.
 */
import { v, type Infer } from "convex/values";
import type { QueryCtx } from "../_generated/server.js";
import { SCHEDULE_NAMES, type Schedule } from "../shared/schedules.js";
import type { Settings } from "../shared/settings.js";
import type { ToldSchedule, ToldSettings } from "../shared/webhooks/events.js";

export const vLoggedChange = v.object({
  /** The settings' revision after the change. */
  revision: v.number(),
  at: v.number(),
  actor: v.string(),
  reason: v.optional(v.string()),
  // The changed settings only, by name.
  before: v.any(),
  after: v.any(),
});
type LoggedChange = Infer<typeof vLoggedChange>;

/** The last `limit` changes with a revision below `before`, newest first. */
export async function readChanges(
  ctx: QueryCtx,
  before: number,
  limit: number,
): Promise<LoggedChange[]> {
  const entries = await ctx.db
    .query("audit")
    // Entries of other things have no revision, and would be below any.
    .withIndex("revision", (q) => q.gte("revision", 0).lt("revision", before))
    .order("desc")
    .take(limit);
  const older =
    entries.length === limit
      ? []
      : await olderChanges(ctx, before).take(limit - entries.length);
  return [...entries, ...older].map(
    ({ revision = 0, at, actor, reason, before, after }) => ({
      revision,
      at,
      actor,
      ...(reason === undefined ? {} : { reason }),
      before: before as unknown,
      after: after as unknown,
    }),
  );
}

/** The changes from before there was an audit log, with a revision below `before`, newest first. */
export function olderChanges(ctx: QueryCtx, before: number) {
  return ctx.db
    .query("settingsLog")
    .withIndex("revision", (q) => q.lt("revision", before))
    .order("desc");
}

/** Whether a change was one of schedules, which `schedule …` makes, and nothing else. */
export function isOfSchedules(after: object): boolean {
  return Object.keys(after).every((field) => field === "schedules");
}

/** A change as webhooks are told of it: only schedules that differ, and no reasons, which may name anybody. */
export function toldChange(
  before: Partial<Settings>,
  after: Partial<Settings>,
): { before: ToldSettings; after: ToldSettings } {
  const { schedules: from, ...policyFrom } = before;
  const { schedules: to, ...policyTo } = after;
  const told = { before: { ...policyFrom }, after: { ...policyTo } };
  if (from === undefined || to === undefined) return told;
  const differ = SCHEDULE_NAMES.filter(
    (name) => JSON.stringify(from[name]) !== JSON.stringify(to[name]),
  );
  const only = (schedules: Settings["schedules"]) =>
    Object.fromEntries(
      differ.map((name) => [name, withoutReason(schedules[name])]),
    );
  return {
    before: { ...told.before, schedules: only(from) },
    after: { ...told.after, schedules: only(to) },
  };
}

function withoutReason({ paused, ...schedule }: Schedule): ToldSchedule {
  if (paused === undefined) return schedule;
  const { actor, at, until } = paused;
  const iso = (ms: number) => new Date(ms).toISOString();
  return {
    ...schedule,
    paused: {
      actor,
      at: iso(at),
      ...(until === undefined ? {} : { until: iso(until) }),
    },
  };
}
