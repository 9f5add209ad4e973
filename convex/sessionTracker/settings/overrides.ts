/**
 * Settings as they are stored: only what somebody has set. Readers see the defaults with that on top, so that
 * a later version can add a setting, and change a default for all who have not set it.
 */
import { v, type Infer } from "convex/values";
import { RUN_KINDS } from "../shared/runKinds.js";
import { vSchedule } from "../shared/schedules.js";
import {
  DEFAULT_SETTINGS,
  type Policy,
  type Settings,
  vPolicy,
} from "../shared/settings.js";

const vScheduleOverrides = v.optional(vSchedule.partial());

export const vOverrides = v.object({
  ...vPolicy.partial().fields,
  schedules: v.optional(
    v.object({ expire: vScheduleOverrides, purge: vScheduleOverrides }),
  ),
});
export type Overrides = Infer<typeof vOverrides>;

export function withDefaults({ schedules, ...policy }: Overrides): Settings {
  const { expire, purge } = DEFAULT_SETTINGS.schedules;
  return {
    ...DEFAULT_SETTINGS,
    ...policy,
    schedules: {
      expire: { ...expire, ...schedules?.expire },
      purge: { ...purge, ...schedules?.purge },
    },
  };
}

/** Settings, of this version or of another. */
type Values = Partial<Policy> & Pick<Settings, "schedules">;

/**
 * The overrides after a change from what was in force to what is to be. What is set stays set, also where
 * it is what the default happens to be: somebody chose it.
 */
export function override(
  { schedules, ...policy }: Overrides,
  from: Values,
  to: Values,
): Overrides {
  const { schedules: schedulesFrom, ...policyFrom } = from;
  const { schedules: schedulesTo, ...policyTo } = to;
  const next: Overrides = withChanges(policy, policyFrom, policyTo);
  for (const name of RUN_KINDS) {
    const schedule = withChanges(
      schedules?.[name] ?? {},
      schedulesFrom[name],
      schedulesTo[name],
    );
    if (Object.keys(schedule).length === 0) continue;
    next.schedules = { ...next.schedules, [name]: schedule };
  }
  return next;
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/** A field that is in neither, such as a pause that is over, is in none of them. */
function withChanges<Row extends object>(
  set: Partial<Row>,
  from: Row,
  to: Row,
): Partial<Row> {
  const next = { ...set };
  for (const key of Object.keys({ ...from, ...to })) {
    const field = key as keyof Row;
    if (JSON.stringify(from[field]) === JSON.stringify(to[field])) continue;
    if (to[field] === undefined) delete next[field];
    else next[field] = to[field];
  }
  return next;
}
