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

/**
 * Breaks the lines of a remark between words; one with a command to copy, beside those in backticks, stays whole. Each
 * character counts as a column: to know better would cost every command's start.
 */
export function fitted(text: string, width: number): string {
  return text
    .split("\n")
    .map((line) => (hasCommand(line) ? line : broken(line, width, 0, lengthOf)))
    .join("\n");
}

/** A word with the space behind it; a text in backticks, such as a command, is one word. */
const WORDS = /^\s+|(?:`[^`]*`|\S)+\s*/g;

/**
 * The line, broken between words; one that is wider stays whole.
 * @param measure the columns that a text takes
 */
export function broken(
  line: string,
  width: number,
  indent: number,
  measure: (text: string) => number,
): string {
  const lines: string[] = [];
  let last = "";
  for (const [word] of line.matchAll(WORDS)) {
    if (last.trim() !== "" && measure(`${last}${word}`.trimEnd()) > width) {
      lines.push(last.trimEnd());
      last = " ".repeat(indent);
    }
    last += word;
  }
  return [...lines, last].join("\n");
}

function lengthOf(text: string): number {
  return [...text].length;
}

function hasCommand(line: string): boolean {
  return /(^|\s)(sessions-ops |--\w)/.test(line.replaceAll(/`[^`]*`/g, ""));
}
