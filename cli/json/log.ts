import type { JSONValue } from "convex/values";
import type { AuditEntry } from "../deployment/api.js";
import { iso } from "../time/time.js";
import type { AuditWhat } from "../../convex/sessionTracker/shared/audit.js";
import { toValueJson } from "./convexValue.js";
import { toSettingsPartJson, type SettingsPartJson } from "./settings.js";

/** Output of `log`; with `--jsonl` each entry is a line. */
export interface LogJson {
  /** Newest first. */
  entries: AuditEntryJson[];
  /** The `--cursor` for the next page; `null` at the end. */
  cursor: string | null;
}

/** Something that somebody did. */
export interface AuditEntryJson {
  /** When. */
  at: string;
  /** What was done, such as `session.forgotten`. */
  what: AuditWhat;
  /** An operator's name; `app` for the app's own code, `schedule` for a schedule, `watchdog`. */
  actor: string;
  /** Why, where whoever did it said so. */
  reason: string | null;
  /** What it was done to: a sessionId, a runId, or the name of a hook. */
  subject: string | null;
  /** What was changed, by name. */
  before: SettingsPartJson | { [name: string]: JSONValue } | null;
  /** What was changed, as it is. */
  after: SettingsPartJson | { [name: string]: JSONValue } | null;
  /** How many of what it was done to. */
  counts: { [name: string]: number } | null;
  /** The settings' revision after a change of theirs. */
  revision: number | null;
}

export function toAuditEntryJson(entry: AuditEntry): AuditEntryJson {
  return {
    at: iso(entry.at),
    what: entry.what,
    actor: entry.actor,
    reason: entry.reason ?? null,
    subject: entry.target ?? null,
    before: toPartJson(entry, entry.before),
    after: toPartJson(entry, entry.after),
    counts: entry.counts ?? null,
    revision: entry.revision ?? null,
  };
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/** The fields that are times, in entries that are not of settings. */
const TIMES: ReadonlySet<string> = new Set(["cutoff", "blockedUntil"]);

function toPartJson({ revision }: AuditEntry, part: unknown) {
  if (part === undefined) return null;
  if (revision !== undefined) return toSettingsPartJson(part);
  const fields = toValueJson(part) as Record<string, JSONValue>;
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      TIMES.has(name) && typeof value === "number" ? iso(value) : value,
    ]),
  );
}
