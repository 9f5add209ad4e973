/** Visits: their stored shape, the reports of a page on a visit, and the rules that need nothing else. */
import { v } from "convex/values";
import { isFuture } from "./times.js";

export const vEntry = v.object({
  path: v.optional(v.string()),
  referrer: v.optional(v.string()),
  utmSource: v.optional(v.string()),
  utmMedium: v.optional(v.string()),
  utmCampaign: v.optional(v.string()),
  device: v.optional(
    v.union(v.literal("desktop"), v.literal("mobile"), v.literal("tablet")),
  ),
});
/** Where a visit came from, and on what. Never an IP address, never a full URL. */
export type Entry = {
  /** The first page, such as `/pricing`: no query, no fragment; at most 512 characters. */
  path?: string;
  /** The host of the other site that led here, such as `news.example.com`; at most 253 characters. */
  referrer?: string;
  /** `utm_source` of the address that was opened; 1 to 128 characters, as the other two. */
  utmSource?: string;
  /** `utm_medium` of the address that was opened. */
  utmMedium?: string;
  /** `utm_campaign` of the address that was opened. */
  utmCampaign?: string;
  /** What the browser ran on, as far as it told. */
  device?: "desktop" | "mobile" | "tablet";
};

const vVisitEnd = v.union(
  v.literal("idle"),
  v.literal("maximum"),
  v.literal("ended"),
);
/**
 * Why a visit is over. `idle`: nothing was heard of the visitor for longer than the idle timeout. `maximum`: the visit went
 * on for as long as a visit may, and the visitor's next sign of life began another. `ended`: somebody ended it.
 */
export type VisitEnd = "idle" | "maximum" | "ended";

export const vVisit = v.object({
  startedAt: v.number(),
  endedAt: v.number(),
  engagedMs: v.number(),
  actions: v.number(),
  entry: v.optional(vEntry),
  exitPath: v.optional(v.string()),
  why: vVisitEnd,
  userId: v.optional(v.string()),
});
/** A visit that is over. */
export type Visit = {
  /** When it began, in ms since the epoch. */
  startedAt: number;
  /** The time of the last sign of life, or that at which the visitor ended the visit, in ms since the epoch. */
  endedAt: number;
  /** How long somebody was really there, in ms. */
  engagedMs: number;
  /** Number of actions recorded in the visit; they may have been purged since. */
  actions: number;
  /** Where it came from, and on what device; absent where that is not known. */
  entry?: Entry;
  /** The path of the last page. */
  exitPath?: string;
  /** Why it is over. */
  why: VisitEnd;
  /** The app's id of the user whom the visitor was linked to when the visit closed. */
  userId?: string;
};

export const vVisitReport = v.object({
  startedAt: v.optional(v.number()),
  engagedMs: v.optional(v.number()),
  isLeaving: v.optional(v.boolean()),
  ...vEntry.fields,
});
/**
 * A page's report of the visit, sent with a heartbeat. What it says of the entry becomes the visit's where none is known of
 * it; the path else where the visitor is now.
 */
export type VisitReport = Entry & {
  /** The visit that `engagedMs` is of, as the last answer named it, in ms since the epoch. @default the one under way */
  startedAt?: number;
  /**
   * How long somebody was there in that visit so far, in ms: a total, so that a report that comes twice, or late, counts
   * no time twice.
   */
  engagedMs?: number;
  /** The page is left or hidden: what the report adds is written however young the last write is. @default false */
  isLeaving?: boolean;
};

/** The part of a lease that describes the visit under way; leases of 0.1 lack the optional fields. */
export interface VisitUnderWay {
  _creationTime: number;
  lastActive: number;
  idleTimeoutMs: number;
  startedAt?: number;
  maxVisitMs?: number;
  engagedMs?: number;
  engagedAt?: number;
}

/** A visitor is idle once strictly more than the timeout has passed since the last activity. */
export function isIdle(
  lease: Pick<VisitUnderWay, "lastActive" | "idleTimeoutMs">,
  now: number,
): boolean {
  return now - lease.lastActive > lease.idleTimeoutMs;
}

/** Why the visit is over, though its lease is still there; `null` while it is not. */
export function whyOver(
  lease: VisitUnderWay,
  now: number,
): "idle" | "maximum" | null {
  if (isIdle(lease, now)) return "idle";
  const { maxVisitMs = Infinity } = lease;
  return now - startOf(lease) >= maxVisitMs ? "maximum" : null;
}

/** When the visit of a lease started, in ms since the epoch; for a lease of 0.1, when the lease was made. */
export function startOf(lease: VisitUnderWay): number {
  const { startedAt, _creationTime, lastActive } = lease;
  return startedAt ?? Math.floor(Math.min(_creationTime, lastActive));
}

/**
 * The fields of the lease that a report changes. Engaged time grows by no more than the time that has passed since
 * it last grew, so that nobody is there for longer than the clock allows.
 */
export function engagementOf(
  lease: VisitUnderWay,
  report: VisitReport | undefined,
  now: number,
): { engagedMs?: number; engagedAt?: number } {
  const startedAt = startOf(lease);
  if (report?.engagedMs === undefined) return {};
  if (report.startedAt !== undefined && report.startedAt !== startedAt) {
    return {};
  }
  const { engagedMs = 0, engagedAt = startedAt } = lease;
  // A time that a clock wrote which was ahead says nothing of how much has passed: it is counted from now on.
  if (isFuture(engagedAt, now)) return { engagedAt: now };
  const most = engagedMs + Math.max(0, now - engagedAt);
  const taken = Math.floor(Math.min(report.engagedMs, most));
  return taken > engagedMs ? { engagedMs: taken, engagedAt: now } : {};
}

/**
 * A visit that is over, with the engaged time of a report of it that comes late. Whoever was there for longer than
 * the visit seemed to last was not heard of meanwhile, as where the network was away or the machine went to
 * sleep: the visit ends so much later. Nobody was there for longer than has passed since it started, nor than a
 * visit may go on.
 */
export function credited(
  visit: Visit,
  report: VisitReport | undefined,
  now: number,
  maxVisitMs = Infinity,
): Visit {
  if (report?.engagedMs === undefined) return visit;
  const { startedAt, endedAt } = visit;
  if (report.startedAt !== undefined && report.startedAt !== startedAt) {
    return visit;
  }
  const passedMs = Math.max(endedAt, now) - startedAt;
  // A visit whose visitor ended it past its maximum is as long as it is.
  const mostMs = Math.min(passedMs, Math.max(maxVisitMs, endedAt - startedAt));
  const engagedMs = Math.floor(Math.min(report.engagedMs, mostMs));
  if (engagedMs <= visit.engagedMs) return visit;
  return {
    ...visit,
    engagedMs,
    endedAt: Math.max(endedAt, startedAt + engagedMs),
  };
}

/** Under so much engaged time, and without an action, a visit is a bounce: GA4 draws the line there, too. */
const BOUNCE_BELOW_MS = 10_000;

export function isBounce({
  engagedMs,
  actions,
}: Pick<Visit, "engagedMs" | "actions">): boolean {
  return engagedMs < BOUNCE_BELOW_MS && actions === 0;
}

/** The one word for where a visit came from. */
export function sourceOf(entry: Entry | undefined): string {
  return entry?.utmSource ?? entry?.referrer ?? "direct";
}

// ── Reports ─────────────────────────────────────────────────────────────────

/** The longest path, referrer and utm field, in characters; a host name has at most 253. */
export const MAX_PATH = 512;
const MAX_REFERRER = 253;
export const MAX_UTM = 128;

/** Whether a report has the form that a page may send; any other report is refused, never cut. */
export function isVisitReport(report: VisitReport): boolean {
  const { startedAt = 0, engagedMs = 0, path = "/", referrer } = report;
  const { utmSource, utmMedium, utmCampaign } = report;
  return (
    isTime(startedAt) &&
    isTime(engagedMs) &&
    path.length <= MAX_PATH &&
    /^\/[^?#]*$/.test(path) &&
    (referrer === undefined || isHostName(referrer)) &&
    [utmSource, utmMedium, utmCampaign].every(
      (text) => text === undefined || (text !== "" && text.length <= MAX_UTM),
    )
  );
}

/** The entry of a visit that the report starts; `undefined` where it says nothing. */
export function entryOf(report: VisitReport | undefined): Entry | undefined {
  if (report === undefined) return undefined;
  const { startedAt, engagedMs, isLeaving, ...entry } = report;
  return Object.keys(entry).length === 0 ? undefined : entry;
}

// ── Helpers ─────────────────────────────────────────────────────────────────

function isTime(ms: number): boolean {
  return Number.isFinite(ms) && ms >= 0;
}

/** Whether a text is a host's name, not an address: IPv6 has colons, and IPv4 digits in its last part. */
function isHostName(text: string): boolean {
  return (
    text.length <= MAX_REFERRER &&
    /^[\p{L}\p{N}_-]+(\.[\p{L}\p{N}_-]+)*$/u.test(text) &&
    !/(^|\.)\d+$/.test(text)
  );
}
