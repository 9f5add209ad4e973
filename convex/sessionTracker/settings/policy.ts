/**
 * The rules of a policy. The component refuses a policy that breaks one; the CLI, which loads this file too,
 * refuses it before it asks.
 */
import { MAX_DELETES_PER_PAGE } from "../shared/limits.js";
import type { Policy } from "../shared/settings.js";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../shared/times.js";

/** The setting of a policy that breaks a rule, its value, and a sentence that says the rule and the value. */
export interface PolicyFault {
  field: keyof Policy;
  value: number | string;
  message: string;
}

/**
 * The first rule that a policy breaks; `null` for a valid policy.
 * @param changed the settings that are being changed: where two settings contradict each other, the fault is
 *   given for the changed one
 */
export function policyFault(
  policy: Policy,
  changed: Partial<Policy> = policy,
): PolicyFault | null {
  return (
    rangeFault(policy) ??
    touchFault(policy, changed) ??
    (policy.retentionDays === "never"
      ? null
      : retentionFault(policy.retentionDays, policy.idleTimeoutMs, changed)) ??
    ownRetentionFault(policy, changed, "visitRetentionDays") ??
    ownRetentionFault(policy, changed, "actionRetentionDays")
  );
}

type OwnRetention = "visitRetentionDays" | "actionRetentionDays";

/** The least and the greatest value of each setting that is a number, both included. */
const RANGES: {
  [Field in Exclude<keyof Policy, "retentionDays" | OwnRetention>]: readonly [
    number,
    number,
  ];
} = {
  idleTimeoutMs: [MINUTE_MS, 30 * DAY_MS],
  maxVisitMs: [MINUTE_MS, 365 * DAY_MS],
  auditRetentionDays: [1, 3_650],
  touchAfterMs: [0, HOUR_MS],
  maxActionsPerSession: [0, 1_000_000],
  // A document is at most 1 MiB; the rest of an action must fit beside its metadata.
  maxMetadataBytes: [0, 512 * 1_024],
  maxActionsPerMinute: [1, 1_000_000],
  maxNewSessionsPerMinute: [1, 1_000_000],
  maxNewSessionsPerMinutePerAddress: [1, 1_000_000],
  pageSize: [1, MAX_DELETES_PER_PAGE],
  backlogAlertMs: [HOUR_MS, 365 * DAY_MS],
};

/** The settings that a number bounds, or nothing does. Validators refuse the word for all others. */
const BOUNDS = [
  "auditRetentionDays",
  "maxVisitMs",
  "maxActionsPerMinute",
  "maxNewSessionsPerMinute",
  "maxNewSessionsPerMinutePerAddress",
  "backlogAlertMs",
] as const satisfies (keyof Policy)[];

/** Whether `never` turns the setting off. */
export function takesNever(
  field: keyof Policy,
): field is (typeof BOUNDS)[number] {
  return BOUNDS.some((bound) => bound === field);
}

function rangeFault(policy: Policy): PolicyFault | null {
  for (const field of Object.keys(RANGES) as (keyof typeof RANGES)[]) {
    const value = policy[field];
    const [min, max] = RANGES[field];
    if (value === "never") continue;
    if (Number.isInteger(value) && value >= min && value <= max) continue;
    const or = takesNever(field) ? ', or "never"' : "";
    const rule = `must be a whole number from ${min} to ${max}${or}`;
    return fault(field, value, rule);
  }
  return null;
}

function touchFault(
  { touchAfterMs, idleTimeoutMs }: Policy,
  changed: Partial<Policy>,
) {
  if (touchAfterMs < idleTimeoutMs) return null;
  const why = "or sessions expire while in use";
  return changed.touchAfterMs === undefined
    ? fault(
        "idleTimeoutMs",
        idleTimeoutMs,
        `must be more than touchAfterMs (${touchAfterMs}), ${why}`,
      )
    : fault(
        "touchAfterMs",
        touchAfterMs,
        `must be less than idleTimeoutMs (${idleTimeoutMs}), ${why}`,
      );
}

const RETENTION_DAYS_RANGE = [1 / 24, 3_650] as const;

function retentionFault(
  days: number,
  idleTimeoutMs: number,
  changed: Partial<Policy>,
) {
  const [min, max] = RETENTION_DAYS_RANGE;
  if (!(days >= min && days <= max)) {
    const rule = `must be from one hour (1/24) to ${max}, or "never"`;
    return fault("retentionDays", days, rule);
  }
  if (days * DAY_MS > idleTimeoutMs) return null;
  const why = "or live sessions are purged";
  return changed.retentionDays === undefined
    ? fault(
        "idleTimeoutMs",
        idleTimeoutMs,
        `must be shorter than retentionDays (${days} days), ${why}`,
      )
    : fault(
        "retentionDays",
        days,
        `must be longer than idleTimeoutMs (${idleTimeoutMs}), ${why}`,
      );
}

/** Visits and actions go with their session at the latest, so a longer retention of their own would do nothing. */
function ownRetentionFault(
  policy: Policy,
  changed: Partial<Policy>,
  field: OwnRetention,
) {
  const { [field]: days, retentionDays } = policy;
  if (days === "session") return null;
  const [min, max] = RETENTION_DAYS_RANGE;
  if (!(days >= min && days <= max)) {
    const rule = `must be from one hour (1/24) to ${max}, or "session"`;
    return fault(field, days, rule);
  }
  if (retentionDays === "never" || days < retentionDays) return null;
  const what = field === "visitRetentionDays" ? "visits" : "actions";
  return changed[field] === undefined
    ? fault(
        "retentionDays",
        retentionDays,
        `must be more than ${field} (${days} days), or that has no effect, as ${what} go with their session at the latest`,
      )
    : fault(
        field,
        days,
        `must be less than retentionDays (${retentionDays} days), or it has no effect, as ${what} go with their session at the latest; "session" says so`,
      );
}

function fault(
  field: keyof Policy,
  value: number | string,
  rule: string,
): PolicyFault {
  return { field, value, message: `${field} ${rule}, got ${value}.` };
}
