import { getConvexSize, jsonToConvex, type JSONValue } from "convex/values";
import type { Transaction } from "../database/transactions/transaction.js";
import { decodeArgument } from "../database/records/checks.js";
import { EmbeddedError } from "../errors.js";
import { dueEntries, dueInOrder, dueKey } from "./due.js";

const JOBS_TABLE = "_scheduled_functions";

/** The end of a job. */
export type EndState =
  | { kind: "success" }
  | { kind: "failed"; error: string }
  | { kind: "canceled" };

/** A job by the component that scheduled it and its row there. */
export interface JobId {
  readonly componentPath: string;
  readonly id: string;
}

/** The function that a job calls; it may belong to another component than the job. */
export interface JobTarget {
  readonly componentPath: string;
  /** `mod/path.js:fn` */
  readonly path: string;
  readonly udfType: "Mutation" | "Action";
}

export interface ScheduleRequest {
  /** Component whose `_scheduled_functions` gets the row. */
  readonly componentPath: string;
  readonly target: JobTarget;
  readonly args: Record<string, JSONValue>;
  readonly scheduledTimeMs: number;
  readonly nowMs: number;
  /** The job that schedules this one: a canceled job's new jobs are canceled from the start. */
  readonly scheduledBy: JobId | null;
}

/** The contents of a due entry; the row has the rest. */
export interface DueJob extends JobId {
  readonly target: JobTarget;
}

/** The end of an action that was running when the process ended. */
export const INTERRUPTED: EndState = {
  kind: "failed",
  error: "Transient error while executing action",
};

const MAX_DISTANCE_MS = 5 * 366 * 24 * 3_600_000;
const KEEP_ENDED_MS = 7 * 24 * 3_600_000;

/** Prefix of live jobs, those pending or in progress; the value is the due key. */
const LIVE_PREFIX = "scheduler/live/";
/** Prefix of begun actions; an entry left here at a start is of an interrupted action. */
const RUNNING_PREFIX = "scheduler/running/";

/** Writes a job in the caller's transaction and returns its id. */
export function scheduleJob(tx: Transaction, request: ScheduleRequest): string {
  const { componentPath, target, args, scheduledTimeMs, nowMs } = request;
  checkTime(request);
  tx.metrics.countScheduled(sizeOfArgs(request));
  // A running job is live, unless it was canceled.
  const isBornCanceled =
    request.scheduledBy !== null && !isLive(tx, request.scheduledBy);
  const id = tx.system.insert(componentPath, JOBS_TABLE, {
    name: target.path,
    args: [args],
    scheduledTime: scheduledTimeMs,
    ...(isBornCanceled
      ? { state: { kind: "canceled" }, completedTime: nowMs }
      : { state: { kind: "pending" } }),
  });
  const job: DueJob = { componentPath, id, target };
  if (isBornCanceled) {
    keepUntilExpiry(tx, job, nowMs);
  } else {
    const lane = target.udfType === "Mutation" ? "mutation" : "action";
    const key = dueKey(lane, scheduledTimeMs, tx.ts);
    tx.meta.put(key, JSON.stringify(job));
    tx.meta.put(liveKey(job), key);
  }
  return id;
}

/**
 * Cancels a job that is not over. A running job goes on, but the jobs it schedules are canceled.
 */
export function cancelJob(
  tx: Transaction,
  componentPath: string,
  id: string,
  nowMs: number,
): void {
  decodeArgument("db.cancel_job", id);
  if (!isJobId(tx, componentPath, id)) {
    throw new EmbeddedError(
      "invalidArgument",
      "Invalid scheduled function ID. The ID must be an ID on the '_scheduled_functions' table.",
    );
  }
  const job = { componentPath, id };
  if (isLive(tx, job)) endJob(tx, job, { kind: "canceled" }, nowMs);
}

function isJobId(tx: Transaction, componentPath: string, id: string): boolean {
  return tx.normalizeId(componentPath, JOBS_TABLE, id) !== null;
}

/** Whether a job is pending or in progress. */
export function isLive(tx: Transaction, job: JobId): boolean {
  return tx.meta.get(liveKey(job)) !== undefined;
}

/** Makes a pending job the running one; false when it was canceled meanwhile. */
export function beginJob(tx: Transaction, job: JobId): boolean {
  if (!isLive(tx, job)) {
    return false;
  }
  tx.system.patch(job.componentPath, job.id, {
    state: { kind: "inProgress" },
  });
  return true;
}

/**
 * Makes a pending action the running one, as {@link beginJob} does: once this is committed it never
 * runs again.
 */
export function beginAction(tx: Transaction, job: JobId): boolean {
  if (!beginJob(tx, job)) {
    return false;
  }
  removeDue(tx, job);
  tx.meta.put(RUNNING_PREFIX + nameOf(job), JSON.stringify(job));
  return true;
}

/** Ends a job; one that was canceled meanwhile stays canceled. */
export function endJob(
  tx: Transaction,
  job: JobId,
  state: EndState,
  nowMs: number,
): void {
  if (!isLive(tx, job)) {
    return;
  }
  removeDue(tx, job);
  tx.meta.delete(liveKey(job));
  tx.meta.delete(RUNNING_PREFIX + nameOf(job));
  tx.system.patch(job.componentPath, job.id, { state, completedTime: nowMs });
  keepUntilExpiry(tx, job, nowMs);
}

/** The arguments of a job, from its row. */
export function jobArgs(tx: Transaction, job: JobId): JSONValue {
  const row = tx.get(job.componentPath, job.id, { isSystem: true });
  const args = row?.value["args"];
  return Array.isArray(args) ? (args[0] ?? null) : null;
}

/** A job that is not over, with its place among all of them. */
export interface LiveJob extends DueJob {
  readonly place: string;
  /** Whether it is an action that has begun; a mutation begins and ends in one commit. */
  readonly isRunning: boolean;
}

/** Makes a live query run again when a job comes or is over. */
export function watchJobs(tx: Transaction): void {
  tx.watchMeta(LIVE_PREFIX);
  tx.watchMeta(RUNNING_PREFIX);
}

/** Jobs that are not over, after a place: the running ones, then the others by their time. */
export function* liveJobs(
  tx: Transaction,
  after: string | null,
): Iterable<LiveJob> {
  for (const { key, value } of tx.meta.range(RUNNING_PREFIX)) {
    const place = `${RUNNING_PLACE}${key.slice(RUNNING_PREFIX.length)}`;
    if (after !== null && place <= after) continue;
    yield { ...(JSON.parse(value) as DueJob), place, isRunning: true };
  }
  const start = after?.startsWith(DUE_PLACE)
    ? after.slice(DUE_PLACE.length)
    : "";
  for (const { place, value } of dueInOrder(
    tx,
    ["mutation", "action"],
    start,
  )) {
    const job = JSON.parse(value) as DueJob;
    yield { ...job, place: `${DUE_PLACE}${place}`, isRunning: false };
  }
}

const RUNNING_PLACE = "0/";
const DUE_PLACE = "1/";

/**
 * Removes the rows of up to `limit` jobs of a component, over or not; a running one goes on.
 * @returns how many there were
 */
export function removeJobs(
  tx: Transaction,
  componentPath: string,
  limit: number,
): number {
  const rows = tx.system.page(componentPath, JOBS_TABLE, null, limit);
  for (const row of rows) {
    const job = { componentPath, id: row["_id"] as string };
    removeDue(tx, job);
    tx.meta.delete(liveKey(job));
    tx.meta.delete(RUNNING_PREFIX + nameOf(job));
    tx.system.remove(componentPath, job.id);
  }
  return rows.length;
}

/** Fails actions that were running when the process ended: nobody knows how far they came. */
export function failInterruptedActions(tx: Transaction, nowMs: number): void {
  for (const { value } of [...tx.meta.range(RUNNING_PREFIX)]) {
    endJob(tx, JSON.parse(value) as JobId, INTERRUPTED, nowMs);
  }
}

/** Removes the rows of up to `limit` jobs that ended a week ago. */
export function removeExpired(
  tx: Transaction,
  nowMs: number,
  limit: number,
): void {
  for (const { key, value } of dueEntries(tx, "expiry", nowMs, limit)) {
    const { componentPath, id } = JSON.parse(value) as JobId;
    // An operator may have removed it before.
    if (tx.system.get(componentPath, JOBS_TABLE, id) !== null) {
      tx.system.remove(componentPath, id);
    }
    tx.meta.delete(key);
  }
}

function keepUntilExpiry(tx: Transaction, job: JobId, nowMs: number): void {
  const { componentPath, id } = job;
  const key = dueKey("expiry", nowMs + KEEP_ENDED_MS, tx.ts);
  tx.meta.put(key, JSON.stringify({ componentPath, id }));
}

function removeDue(tx: Transaction, job: JobId): void {
  const key = tx.meta.get(liveKey(job));
  if (key !== undefined) {
    tx.meta.delete(key);
  }
}

function liveKey(job: JobId): string {
  return LIVE_PREFIX + nameOf(job);
}

function nameOf({ componentPath, id }: JobId): string {
  return `${componentPath}:${id}`;
}

function checkTime({ scheduledTimeMs, nowMs }: ScheduleRequest): void {
  const distance = scheduledTimeMs - nowMs;
  if (Math.abs(distance) > MAX_DISTANCE_MS) {
    throw new EmbeddedError(
      "invalidArgument",
      `${timeText(scheduledTimeMs)} is more than 5 years in the ${distance > 0 ? "future" : "past"}`,
    );
  }
}

/** A time as text; in milliseconds if no date can express it. */
function timeText(timeMs: number): string {
  const time = new Date(timeMs);
  return Number.isNaN(time.getTime()) ? `${timeMs} ms` : time.toISOString();
}

function sizeOfArgs({ args, target }: ScheduleRequest): number {
  if (JSON.stringify(args).includes('"$commitTs"')) {
    throw new EmbeddedError(
      "invalidArgument",
      `Invalid arguments for ${target.path}: a scheduled function cannot take an unresolved placeholder value.`,
    );
  }
  return getConvexSize(jsonToConvex(args));
}
