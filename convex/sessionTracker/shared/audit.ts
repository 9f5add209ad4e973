/** The audit log: what operators and the app's own code did, by whom and when, and nothing that names a visitor. */
import { v, type Infer } from "convex/values";

/** What can be audited, in the order in which the CLI's help lists it. */
export const AUDIT_WHATS = [
  "settings.changed",
  "schedule.changed",
  "hooks.changed",
  "run.started",
  "run.canceled",
  "run.resumed",
  "run.finished",
  "session.ended",
  "session.blocked",
  "session.unblocked",
  "session.forgotten",
  "session.linked",
  "session.unlinked",
  "import.started",
  "import.finished",
  "erasure.lifted",
  "webhook.added",
  "webhook.removed",
  "webhook.rotated",
  "webhook.disabled",
  "webhook.enabled",
] as const;
export type AuditWhat = (typeof AUDIT_WHATS)[number];

export const vAuditWhat = v.union(
  ...AUDIT_WHATS.map((what) => v.literal(what)),
);

/**
 * One entry. Its fields hold no anonymousId, userId, address, metadata, nor anything else of a visitor, so that
 * the log may be kept when the visitor is gone; `actor` and `reason` are in the operators' own words.
 */
export const vAuditEntry = v.object({
  what: vAuditWhat,
  /** Who did it: an operator's name, `app` for the app's own code, `schedule` for a tick. */
  actor: v.string(),
  reason: v.optional(v.string()),
  /** What it was done to: a sessionId, a runId, or the name of a schedule or a hook; the id of a webhook. */
  target: v.optional(v.string()),
  // The changed fields only, by name.
  before: v.optional(v.any()),
  after: v.optional(v.any()),
  /** How many there were of what, by name, such as `sessions`. */
  counts: v.optional(v.record(v.string(), v.number())),
  /** Of changes of settings and schedules: the settings' revision after the change. */
  revision: v.optional(v.number()),
});
export type AuditEntry = Infer<typeof vAuditEntry>;
