/**
 * The format of a line of JSONL: `export` and `purge --archive` write it and `import` reads it. A line is a
 * session with its visits and actions, or the figures of a day. It depends on the session alone, not on where
 * it is stored: no ids of rows, fields in one order, times in ms, metadata in Convex's own JSON, so that values
 * of every type come back as they were. Fields are added and left out, never changed in meaning, so that files
 * of earlier versions stay readable.
 */
import type { JSONValue } from "convex/values";
import type { Action, WholeSession } from "../deployment/api.js";
import type { Day } from "../../convex/sessionTracker/shared/days.js";
import type { OpenVisit } from "../../convex/sessionTracker/shared/transfer/openVisits.js";
import type {
  Entry,
  Visit,
} from "../../convex/sessionTracker/shared/visits.js";
import { toValueJson } from "../json/convexValue.js";

/** The text of an action within a line. */
export function actionText({ metadata, ...action }: Action): string {
  return storedActionText({
    ...action,
    ...(metadata === undefined ? {} : { metadata: toValueJson(metadata) }),
  });
}

/** The text of an action whose metadata is Convex's JSON already. */
export function storedActionText({
  at,
  action,
  resourceId,
  metadata,
}: Omit<Action, "metadata"> & { metadata?: JSONValue }): string {
  return JSON.stringify({
    at,
    action,
    ...(resourceId === undefined ? {} : { resourceId }),
    ...(metadata === undefined ? {} : { metadata: inOrder(metadata) }),
  });
}

/** The same text for an action that happened so often at its time. */
export function withCopies(actionText: string, copies: number): string {
  return `${actionText.slice(0, -1)},"copies":${copies}}`;
}

/** The warning for whoever keeps such a file. */
export function holdsIds(file: string): string {
  return `${file} holds anonymousIds: whoever knows one can act as that visitor. Keep it as you keep keys.`;
}

/** The text of a finished visit within a line. */
export function visitText(
  visit: Visit,
  { withoutIds = false }: { withoutIds?: boolean } = {},
): string {
  const { startedAt, endedAt, engagedMs, actions, entry } = visit;
  const { exitPath, why, userId } = visit;
  return JSON.stringify({
    startedAt,
    endedAt,
    engagedMs,
    actions,
    ...(entry === undefined ? {} : { entry: entryInOrder(entry) }),
    ...(exitPath === undefined ? {} : { exitPath }),
    why,
    ...(userId === undefined || withoutIds ? {} : { userId }),
  });
}

/** The fields of a session that a line has. */
export interface LineSession {
  session: Pick<
    WholeSession["session"],
    | "anonymousId"
    | "createdAt"
    | "state"
    | "visits"
    | "engagedMs"
    | "firstEntry"
    | "endReason"
    | "blockedUntil"
    | "userId"
  >;
  lastActive: number;
  underWay: WholeSession["underWay"];
}

/** The rows of a session in a line, as texts, each kind oldest first. */
export interface LineRows {
  visits: readonly string[];
  actions: readonly string[];
}

/**
 * The text of a line. Whether a session is active or has expired follows from `lastActive`, wherever
 * and whenever the line is read, so only an end that the visitor asked for is in it.
 * @param more fields that `import` ignores
 * @param options.withoutIds leaves out who it was: a line that nobody can import
 */
export function sessionLine(
  { session, lastActive, underWay }: LineSession,
  { visits: finished, actions }: LineRows,
  more: Record<string, unknown> = {},
  { withoutIds = false }: { withoutIds?: boolean } = {},
): string {
  const { anonymousId, createdAt, state, visits } = session;
  const { engagedMs, firstEntry, endReason, blockedUntil, userId } = session;
  const fields = JSON.stringify({
    ...more,
    ...(withoutIds ? {} : { anonymousId }),
    createdAt,
    lastActive,
    visits,
    ...(engagedMs === 0 ? {} : { engagedMs }),
    ...(firstEntry === undefined
      ? {}
      : { firstEntry: entryInOrder(firstEntry) }),
    ...(state === "ended"
      ? { ended: endReason === undefined ? {} : { reason: endReason } }
      : {}),
    ...(blockedUntil === undefined ? {} : { blockedUntil }),
    ...(userId === undefined || withoutIds ? {} : { userId }),
    ...(underWay === null
      ? {}
      : { visitUnderWay: openInOrder(underWay, withoutIds) }),
  });
  const rows = [
    ...(finished.length === 0
      ? []
      : [`"finishedVisits":[${finished.join(",")}]`]),
    ...(actions.length === 0 ? [] : [`"actions":[${actions.join(",")}]`]),
  ];
  if (rows.length === 0) return `${fields}\n`;
  return `${fields.slice(0, -1)},${rows.join(",")}}\n`;
}

/** The text of the line of a day's figures. */
export function dayLine(of: Day): string {
  const { day, newVisitors, visits, bounces, engagedMs, actions } = of;
  const fields = { day, newVisitors, visits, bounces, engagedMs, actions };
  return `${JSON.stringify(fields)}\n`;
}

// ── Helpers ─────────────────────────────────────────────────────────────────

function entryInOrder(entry: Entry): Entry {
  const { path, referrer, utmSource, utmMedium, utmCampaign, device } = entry;
  return {
    ...(path === undefined ? {} : { path }),
    ...(referrer === undefined ? {} : { referrer }),
    ...(utmSource === undefined ? {} : { utmSource }),
    ...(utmMedium === undefined ? {} : { utmMedium }),
    ...(utmCampaign === undefined ? {} : { utmCampaign }),
    ...(device === undefined ? {} : { device }),
  };
}

function openInOrder(visit: OpenVisit, withoutIds: boolean): OpenVisit {
  const { startedAt, engagedMs, engagedAt, actions, purgedActions } = visit;
  const { entry, path, formerUserId } = visit;
  return {
    startedAt,
    engagedMs,
    ...(engagedAt === undefined ? {} : { engagedAt }),
    actions,
    ...(purgedActions === undefined ? {} : { purgedActions }),
    ...(entry === undefined ? {} : { entry: entryInOrder(entry) }),
    ...(path === undefined ? {} : { path }),
    ...(formerUserId === undefined || withoutIds ? {} : { formerUserId }),
  };
}

function inOrder(value: JSONValue): JSONValue {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, field]) => [name, inOrder(field ?? null)]),
  );
}
