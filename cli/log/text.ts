/** The audit log for people: an entry takes a line for what was done by whom, and others for what came of it. */
import type { AuditEntry } from "../deployment/api.js";
import { filterText } from "../many/filter.js";
import { cutoffText } from "../runs/kinds.js";
import { changeLines } from "../settings/table.js";
import { entries as linesOf } from "../terminal/entries.js";
import { countOf, formatNumber } from "../terminal/words.js";
import { formatTime } from "../time/time.js";
import type { Filter } from "../../convex/sessionTracker/shared/runs/filter.js";
import type { BlockedUntil } from "../../convex/sessionTracker/shared/sessions.js";
import type { Settings } from "../../convex/sessionTracker/shared/settings.js";

export function logText(entries: AuditEntry[], width = Infinity): string {
  return linesOf(entries.map(entryLines), width);
}

// ── Helpers ─────────────────────────────────────────────────────────────────

function entryLines(entry: AuditEntry): string[] {
  const { at, what, actor, reason } = entry;
  // `end` keeps who ended a session as the reason where no other is given.
  const why = reason === undefined || reason === actor ? "" : `: ${reason}`;
  return [`${formatTime(at)}  ${what}  ${actor}${why}`, ...detailLines(entry)];
}

function detailLines(entry: AuditEntry): string[] {
  if (entry.revision !== undefined) {
    return changeLines(
      (entry.before ?? {}) as Partial<Settings>,
      (entry.after ?? {}) as Partial<Settings>,
    );
  }
  const { target } = entry;
  const details = [
    ...(target === undefined ? [] : [target]),
    ...changesOf(entry),
    ...countsOf(entry),
  ];
  return details.length === 0 ? [] : [details.join("; ")];
}

function changesOf({ before, after }: AuditEntry): string[] {
  const was = (before ?? {}) as Fields;
  const is = (after ?? {}) as Fields;
  return [
    ...WORDS.filter((name) => name in is).map((name) => String(is[name])),
    ...Object.entries(was)
      .filter(([name]) => !(name in is))
      .map(([name, value]) => `was ${fieldText(name, value)}`),
    ...Object.entries(is)
      .filter(([name]) => !WORDS.includes(name))
      .map(([name, value]) => fieldText(name, value)),
  ];
}

type Fields = Record<string, unknown>;

/** The fields whose values say themselves what they are, in the order in which they are shown. */
const WORDS: readonly string[] = ["kind", "status", "state"];

function fieldText(name: string, value: unknown): string {
  if (WORDS.includes(name)) return String(value);
  if (name === "blockedUntil") return blockText(value as BlockedUntil);
  if (name === "cutoff") return `cutoff ${cutoffText(value as number)}`;
  if (name === "filter") return filterWithoutIds(value as FilterWithoutIds);
  const text =
    typeof value === "number" ? formatNumber(value) : valueText(value);
  return `${name} ${text}`;
}

/** The log keeps that a run took the sessions of a user, and not of which. */
type FilterWithoutIds = Omit<Filter, "userId"> & { userId?: true };

function filterWithoutIds({ userId, ...rest }: FilterWithoutIds): string {
  const others = filterText(rest);
  const whose = userId === undefined ? [] : ["of a user"];
  return `sessions ${[...whose, ...(others === "" ? [] : [others])].join(", ")}`;
}

function valueText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function blockText(until: BlockedUntil): string {
  return `blocked ${until === "forever" ? until : `until ${formatTime(until)}`}`;
}

function countsOf({ counts = {} }: AuditEntry): string[] {
  const some = Object.entries(counts).filter(([, count]) => count > 0);
  if (some.length === 0) return [];
  return [some.map(([name, count]) => countText(name, count)).join(", ")];
}

/** Counts have the names of what there are several of. */
function countText(name: string, count: number): string {
  return name.endsWith("s")
    ? countOf(count, name.slice(0, -1))
    : `${formatNumber(count)} ${name}`;
}
