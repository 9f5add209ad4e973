import type { RetentionDays } from "../../convex/sessionTracker/shared/settings.js";
/** How things are said, to people. */

/** Something that somebody has to do something about. */
export interface Advice {
  /** What is the matter, as a clause: the sentence without its capital and its end. */
  what: string;
  /** What to do, as sentences. */
  remedy: string;
}

export function adviceText({ what, remedy }: Advice): string {
  return `${sentence(what)} ${remedy}`;
}

/** The clause as a sentence; one that ends in what somebody else wrote may have its end. */
function sentence(clause: string): string {
  return `${capitalized(clause)}${/[.?!]$/.test(clause) ? "" : "."}`;
}

export function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** 1,234 sessions; 1 session */
export function countOf(count: number, noun: string): string {
  return `${formatNumber(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** 1,234,567. By hand: the first use of a locale takes tens of milliseconds. */
export function formatNumber(value: number): string {
  return String(value).replace(/\B(?<!\.\d*)(?=(\d{3})+(?!\d))/g, ",");
}

export function retentionText(retentionDays: RetentionDays): string {
  return retentionDays === "never" ? "never" : countOf(retentionDays, "day");
}
