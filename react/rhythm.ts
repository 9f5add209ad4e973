import type { Page } from "./page.js";

/** Between any two heartbeats. */
export const MIN_GAP_MS = 5_000;
/** Of the interval; up to a tenth earlier or later, so that browsers do not beat together. */
const EARLIEST = 0.9;
const LATEST = 1.1;
const SPREAD = 0.2;

/**
 * When the browser's tabs last sent a heartbeat and when the next is due, as they share it: both in
 * one string, so that no tab reads the one without the other. `last` is 0 where there was none, or
 * where the clock was set back since.
 */
export function readRhythm(
  { Date }: Page,
  shared: string | undefined,
  intervalMs: number,
): { last: number; dueAt: number } {
  const [last, next] = `${shared}`.split(" ").map(Number) as [number, number];
  // Tabs may read the clock a moment apart, and browsers that guard it blur it for each.
  if (!(last <= Date.now() + MIN_GAP_MS)) return { last: 0, dueAt: 0 };
  // A tab with a smaller interval does not wait for what another had in mind.
  const dueAt = Math.min(next || 0, last + intervalMs * LATEST);
  return { last, dueAt: Math.max(dueAt, last + MIN_GAP_MS) };
}

/** What to share before a heartbeat is sent, so that no other tab sends one too. */
export function claim({ Date }: Page, dueInMs: number): string {
  return `${Date.now()} ${Date.now() + dueInMs}`;
}

export function jittered(page: Page, intervalMs: number): number {
  return intervalMs * (EARLIEST + SPREAD * page.Math.random());
}
