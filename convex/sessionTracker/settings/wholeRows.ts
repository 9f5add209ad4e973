/**
 * The settings row of 0.1, which held the values of all settings once somebody had changed one. Such a row is
 * read until the next change of a setting, which replaces it by a row of overrides.
 *
 * A value in such a row that was the default of 0.1 counts as not set, because the row does not say which
 * settings were changed. Otherwise an operator who once changed the page size would keep all other defaults of
 * 0.1 for ever. An operator who changed a setting and then set it back to the default gets the new default of a
 * later version like everybody else; the changelog of that version says so.
 */
import { v, type Infer } from "convex/values";
import { vSchedule } from "../shared/schedules.js";
import { vRetentionDays } from "../shared/settings.js";
import { MINUTE_MS } from "../shared/times.js";
import { override, type Overrides } from "./overrides.js";

/** The settings that 0.1 had. They describe stored rows, and must not be changed. */
const vWholeSettings = v.object({
  idleTimeoutMs: v.number(),
  retentionDays: vRetentionDays,
  touchAfterMs: v.number(),
  maxActionsPerSession: v.number(),
  maxMetadataBytes: v.number(),
  pageSize: v.number(),
  schedules: v.object({ expire: vSchedule, purge: vSchedule }),
});
type WholeSettings = Infer<typeof vWholeSettings>;

export const vWholeRow = vWholeSettings.partial();
type WholeRow = Infer<typeof vWholeRow>;

const DEFAULTS_THEN: WholeSettings = {
  idleTimeoutMs: 30 * MINUTE_MS,
  retentionDays: 14,
  touchAfterMs: MINUTE_MS,
  maxActionsPerSession: 10_000,
  maxMetadataBytes: 8_192,
  pageSize: 1_000,
  schedules: {
    expire: { spec: "*/15 * * * *", timeZone: "UTC" },
    purge: { spec: "30 2 * * *", timeZone: "UTC" },
  },
};

/** The overrides that a row of 0.1 stands for. */
export function overridesOfWhole(row: WholeRow): Overrides {
  return override({}, DEFAULTS_THEN, { ...DEFAULTS_THEN, ...row });
}
