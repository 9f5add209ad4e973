/** Counts and advice in words, for people. */
import type {
  OwnRetentionDays,
  RetentionDays,
} from "../../convex/sessionTracker/shared/settings.js";

/** Advice on something that somebody has to do something about. */
export interface Advice {
  /** The problem, as a clause: the sentence without its capital and its end. */
  what: string;
  /** The advice, as sentences. */
  remedy: string;
}

export function adviceText({ what, remedy }: Advice): string {
  return `${sentence(what)} ${remedy}`;
}

/** The clause as a sentence; one that ends in a text that somebody else wrote may have its end. */
function sentence(clause: string): string {
  return `${capitalized(clause)}${/[.?!]$/.test(clause) ? "" : "."}`;
}

export function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A count with its noun: 1,234 sessions; 1 session */
export function countOf(count: number, noun: string): string {
  return `${formatNumber(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** The number with its commas: 1,234,567. By hand: the first use of a locale takes tens of milliseconds. */
export function formatNumber(value: number): string {
  return String(value).replace(/\B(?<!\.\d*)(?=(\d{3})+(?!\d))/g, ",");
}

/** A retention: 14 days; 12 hours; never; the session's */
export function retentionText(days: RetentionDays | OwnRetentionDays): string {
  if (days === "never") return days;
  if (days === "session") return "the session's";
  // A whole number of hours that days do not say in a short number.
  const hours = Math.round(days * 24);
  const isLong = String(days).length > 5 && Math.abs(hours - days * 24) < 1e-6;
  return isLong ? countOf(hours, "hour") : countOf(days, "day");
}
