/**
 * How many sessions a page aims for: half as many after a failure, twice as many after a success, and fewer than
 * a failure has shown to be too many.
 */
import type { Infer } from "convex/values";
import type { vLearned } from "../shared/runs/run.js";
import { DAY_MS } from "../shared/times.js";

export type Learned = Infer<typeof vLearned>;

export interface Sized {
  pageSize: number;
  learned?: Learned;
}

/**
 * How a page failed. A page that ran out of time has cost a second or more, so its size is not tried again in
 * the run, nor in runs that start within a day. Any other failure may have been caused by a single row or by the
 * moment, and is forgotten after some pages that went well.
 */
export type Failure = "outOfTime" | "failed";

/** Number of pages that have to go well before a size that failed is tried again. */
const PAGES_BELOW = 16;
/** How long later runs avoid a size that ran out of time. */
const REMEMBERED_MS = DAY_MS;

/**
 * The size of a run's first page.
 * @param wanted the page size by the settings and the run's rate
 * @param last the last run of the same kind, whatever became of it
 */
export function firstSize(
  wanted: number,
  last: { learned?: Learned } | null,
  now: number,
): Sized {
  const outOfTime = last?.learned?.outOfTime;
  if (outOfTime === undefined || outOfTime.at + REMEMBERED_MS <= now) {
    return { pageSize: wanted };
  }
  const learned = { outOfTime };
  return { pageSize: Math.min(wanted, mostOf(learned)), learned };
}

/**
 * The size of the page after one that went well.
 * @param wanted the page size by the settings and the run's rate
 */
export function sizeAfterSuccess(
  { pageSize, learned = {} }: Sized,
  wanted: number,
): Required<Sized> {
  const { failed, ...kept } = learned;
  const pages = (failed?.pages ?? 0) - 1;
  const next: Learned =
    failed === undefined || pages < 1
      ? kept
      : { ...kept, failed: { ...failed, pages } };
  return {
    pageSize: Math.min(pageSize * 2, wanted, mostOf(next)),
    learned: next,
  };
}

/** The size of the page after one of more than one session that failed. */
export function sizeAfterFailure(
  { pageSize, learned = {} }: Sized,
  failure: Failure,
  now: number,
): Required<Sized> {
  return {
    pageSize: Math.floor(pageSize / 2),
    learned:
      failure === "outOfTime"
        ? { ...learned, outOfTime: { size: pageSize, at: now } }
        : { ...learned, failed: { size: pageSize, pages: PAGES_BELOW } },
  };
}

// ── Helpers ─────────────────────────────────────────────────────────────────

function mostOf({ outOfTime, failed }: Learned): number {
  const sizes = [outOfTime?.size ?? Infinity, failed?.size ?? Infinity];
  return Math.max(1, Math.floor(Math.min(...sizes) / 2));
}
