/** The rules for visits that an import brings, as the component and the CLI check them. */
import { CLOCK_SLACK_MS, isFuture } from "../times.js";
import { isVisitReport, type Entry, type Visit } from "../visits.js";
import type { OpenVisit } from "./openVisits.js";

/** The part of a row to import that is about visits. */
export interface VisitsOfRow {
  lastActive: number;
  ended?: object | undefined;
  engagedMs?: number | undefined;
  firstEntry?: Entry | undefined;
  visitUnderWay?: OpenVisit | undefined;
  finishedVisits?: Visit[] | undefined;
}

/**
 * The first fault of a row's visits, as the rest of a sentence; `null` where there is none.
 * @param now in ms since the epoch
 * @param timeText how a time is shown
 */
export function problemOfVisits(
  row: VisitsOfRow,
  now: number,
  timeText: (at: number) => string = String,
): string | null {
  const { engagedMs = 0, firstEntry, finishedVisits = [] } = row;
  if (!isAmount(engagedMs)) {
    return `engagedMs must be a number of milliseconds from 0, got ${engagedMs}`;
  }
  const rules = { now, timeText };
  return (
    problemOfEntry("firstEntry", firstEntry) ??
    finishedVisits.reduce<string | null>(
      (problem, visit, index) =>
        problem ?? problemOfVisit(visit, `finishedVisits[${index}]`, rules),
      null,
    ) ??
    problemOfOrder(row, rules) ??
    problemOfOpen(row, rules)
  );
}

// ── Helpers ─────────────────────────────────────────────────────────────────

interface Rules {
  now: number;
  timeText: (at: number) => string;
}

function problemOfVisit(
  visit: Visit,
  where: string,
  { now, timeText }: Rules,
): string | null {
  const { startedAt, endedAt, engagedMs, entry, exitPath } = visit;
  if (!isAmount(startedAt)) return notTime(`${where}.startedAt`, startedAt);
  if (!isAmount(endedAt)) return notTime(`${where}.endedAt`, endedAt);
  if (isFuture(endedAt, now)) {
    return `${where}.endedAt (${timeText(endedAt)}) lies in the future`;
  }
  if (endedAt < startedAt) {
    return `${where}.endedAt (${timeText(endedAt)}) lies before its startedAt (${timeText(startedAt)})`;
  }
  return (
    problemOfFigures(visit, where) ??
    (engagedMs > endedAt - startedAt
      ? `${where}.engagedMs (${engagedMs}) is more than the visit took (${endedAt - startedAt})`
      : null) ??
    problemOfEntry(`${where}.entry`, entry) ??
    problemOfPath(`${where}.exitPath`, exitPath)
  );
}

/** Visits of one visitor follow each other; by a little they overlap where a clock was set back. */
function problemOfOrder(
  { finishedVisits = [], visitUnderWay }: VisitsOfRow,
  { timeText }: Rules,
): string | null {
  const sorted = finishedVisits.toSorted(
    (a, b) => a.startedAt - b.startedAt || a.endedAt - b.endedAt,
  );
  const starts = [...sorted, ...(visitUnderWay ? [visitUnderWay] : [])];
  for (const [index, { startedAt, endedAt }] of sorted.entries()) {
    const next = starts[index + 1]?.startedAt ?? Infinity;
    if (next >= endedAt - CLOCK_SLACK_MS) continue;
    return `the visit from ${timeText(startedAt)} to ${timeText(endedAt)} overlaps the one that starts at ${timeText(next)}`;
  }
  return null;
}

function problemOfOpen(
  { visitUnderWay: visit, lastActive, ended }: VisitsOfRow,
  { timeText }: Rules,
): string | null {
  if (visit === undefined) return null;
  const where = "visitUnderWay";
  if (ended !== undefined) {
    return `${where} is that of a visitor who is there, and the row says that the visitor ended the session`;
  }
  const { startedAt, engagedMs, engagedAt = startedAt, entry, path } = visit;
  if (!isAmount(startedAt)) return notTime(`${where}.startedAt`, startedAt);
  if (!(startedAt <= lastActive)) {
    return `${where}.startedAt (${timeText(startedAt)}) lies after lastActive (${timeText(lastActive)})`;
  }
  if (!(engagedAt >= startedAt && engagedAt <= lastActive)) {
    return `${where}.engagedAt (${timeText(engagedAt)}) does not lie between startedAt (${timeText(startedAt)}) and lastActive (${timeText(lastActive)})`;
  }
  const { purgedActions = 0 } = visit;
  return (
    problemOfFigures(visit, where) ??
    (isCount(purgedActions)
      ? null
      : `${where}.purgedActions must be a whole number from 0, got ${purgedActions}`) ??
    (engagedMs > lastActive - startedAt
      ? `${where}.engagedMs (${engagedMs}) is more than the visit has taken (${lastActive - startedAt})`
      : null) ??
    problemOfEntry(`${where}.entry`, entry) ??
    problemOfPath(`${where}.path`, path)
  );
}

function problemOfFigures(
  { engagedMs, actions }: Pick<Visit, "engagedMs" | "actions">,
  where: string,
): string | null {
  if (!isAmount(engagedMs)) {
    return `${where}.engagedMs must be a number of milliseconds from 0, got ${engagedMs}`;
  }
  return isCount(actions)
    ? null
    : `${where}.actions must be a whole number from 0, got ${actions}`;
}

function problemOfEntry(where: string, entry: Entry = {}): string | null {
  const { path, referrer, utmSource, utmMedium, utmCampaign } = entry;
  const texts = { utmSource, utmMedium, utmCampaign };
  for (const [name, text] of Object.entries(texts)) {
    if (text === undefined || isVisitReport({ utmSource: text })) continue;
    return `${where}.${name} must have 1 to 128 characters, got ${JSON.stringify(text)}`;
  }
  if (referrer !== undefined && !isVisitReport({ referrer })) {
    return `${where}.referrer must be the name of a host, got ${JSON.stringify(referrer)}`;
  }
  return problemOfPath(`${where}.path`, path);
}

function problemOfPath(where: string, path: string | undefined): string | null {
  return path === undefined || isVisitReport({ path })
    ? null
    : `${where} must begin with "/", have no "?" or "#" and at most 512 characters, got ${JSON.stringify(path)}`;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function isAmount(value: number): boolean {
  return Number.isFinite(value) && value >= 0;
}

function notTime(where: string, value: number): string {
  return `${where} must be a time in ms since the epoch, got ${value}`;
}
