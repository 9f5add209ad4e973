/**
 * The settings as they are stored: overrides, which hold only the settings that somebody has set. Readers see the
 * defaults with the overrides on top, so that a later version can add a setting, and change a default for all
 * who have not set it.
 */
import { v, type Infer } from "convex/values";
import { SCHEDULE_NAMES, vSchedule } from "../shared/schedules.js";
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

/** The values of settings, of this version or of another. */
type Values = Partial<Policy> & Pick<Settings, "schedules">;

/**
 * The overrides after a change of the settings.
 * @param from the settings in force before the change
 * @param to the settings in force after it. A changed setting becomes an override even where its new value is
 *   the default, because somebody chose it
 */
export function override(
  { schedules, ...policy }: Overrides,
  from: Values,
  to: Values,
): Overrides {
  const { schedules: schedulesFrom, ...policyFrom } = from;
  const { schedules: schedulesTo, ...policyTo } = to;
  const next: Overrides = withChanges(policy, policyFrom, policyTo);
  for (const name of SCHEDULE_NAMES) {
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

/** The set fields with those that differ between `from` and `to`; a field missing in `to` is removed. */
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
