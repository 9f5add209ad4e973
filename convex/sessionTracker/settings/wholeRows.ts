/**
 * The settings row of 0.1, which held all values once somebody had changed one. Read as long as nobody
 * changes another; the next change leaves the overrides.
 *
 * A value that was the default then counts as not set. The row cannot tell, and read so it stays what it is
 * until a later version has another default; else whoever once changed the page size would keep all
 * defaults of 0.1 for ever. Somebody who set a value and set it back may meet the new default: the changelog
 * of the version that has it says so, as to everybody.
 */
import { v, type Infer } from "convex/values";
import { vSchedule } from "../shared/schedules.js";
import { vRetentionDays } from "../shared/settings.js";
import { MINUTE_MS } from "../shared/times.js";
import { override, type Overrides } from "./overrides.js";

/** The fields that there were then; not to be changed. */
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

export function overridesOfWhole(row: WholeRow): Overrides {
  return override({}, DEFAULTS_THEN, { ...DEFAULTS_THEN, ...row });
}
