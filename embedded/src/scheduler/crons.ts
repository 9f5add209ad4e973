import type { Transaction } from "../database/transactions/transaction.js";
import { nextFireMs, type CronSpec } from "./cronSpec.js";
import { dueKey } from "./due.js";

/** A cron by the component whose `crons.ts` has it. */
export interface CronId {
  readonly componentPath: string;
  readonly identifier: string;
}

/** Changes of a push to crons, by identifier. */
export interface CronDiff {
  readonly added: string[];
  readonly updated: string[];
  readonly deleted: string[];
}

/** A cron as it is stored. */
export interface CronRecord extends CronId {
  readonly spec: CronSpec;
  /** Time of the next run or, during a run, when that run was due. */
  readonly nextMs: number;
  /** Due key in the lane; null while the cron's action runs, so that runs never overlap. */
  readonly due: string | null;
}

/** A run of a cron that is over. */
export interface CronRun {
  readonly spec: CronSpec;
  /** When it was due. */
  readonly dueMs: number;
  readonly endedMs: number;
  readonly durationMs: number;
  /** JSON text of its result; absent where it failed. */
  readonly result?: string;
  /** Whether only the beginning of the result is kept. */
  readonly isResultTruncated?: boolean;
  readonly error?: string;
  readonly logLines: readonly string[];
  /** Whether log lines are left out. */
  readonly isLogTruncated: boolean;
}

const PREFIX = "scheduler/cron/";
const RUNS_PREFIX = "scheduler/cronRuns/";
/** Runs that are kept of each cron, as on Convex. */
const MAX_RUNS = 5;

/** Makes `specs` the crons of a component; unchanged crons keep their times. */
export function applyCrons(
  tx: Transaction,
  componentPath: string,
  specs: Readonly<Record<string, CronSpec>>,
  nowMs: number,
): CronDiff {
  const diff: CronDiff = { added: [], updated: [], deleted: [] };
  const old = new Map(
    readCrons(tx, componentPath).map((cron) => [cron.identifier, cron]),
  );
  for (const [identifier, spec] of Object.entries(specs)) {
    const before = old.get(identifier);
    old.delete(identifier);
    if (before === undefined) {
      diff.added.push(identifier);
      const nextMs = firstFireMs(spec, identifier, nowMs);
      putCron(tx, { componentPath, identifier, spec, nextMs, due: null });
    } else if (!isSame(before.spec, spec)) {
      diff.updated.push(identifier);
      updateCron(tx, before, spec, nowMs);
    }
  }
  for (const cron of old.values()) {
    diff.deleted.push(cron.identifier);
    removeDue(tx, cron);
    tx.meta.delete(cronKey(cron));
    tx.meta.delete(runsKey(cron));
  }
  return diff;
}

/** The crons of one component, or of all. */
export function readCrons(
  tx: Transaction,
  componentPath?: string,
): CronRecord[] {
  const prefix =
    componentPath === undefined ? PREFIX : `${PREFIX}${componentPath}:`;
  return [...tx.meta.range(prefix)].map(
    ({ value }) => JSON.parse(value) as CronRecord,
  );
}

/** The latest runs of a cron, the latest last. */
export function cronRuns(tx: Transaction, id: CronId): CronRun[] {
  const stored = tx.meta.get(runsKey(id));
  return stored === undefined ? [] : (JSON.parse(stored) as CronRun[]);
}

/** Makes a live query run again when a cron, or what is known of its runs, changes. */
export function watchCrons(tx: Transaction): void {
  tx.watchMeta("scheduler/cron");
}

/** The cron whose due key is `dueKey`; undefined when a push moved or deleted it. */
export function dueCron(
  tx: Transaction,
  id: CronId,
  dueKey: string,
): CronRecord | undefined {
  const cron = readCron(tx, id);
  return cron?.due === dueKey ? cron : undefined;
}

/** Takes a cron off the lane while its action runs. */
export function beginCron(tx: Transaction, cron: CronRecord): void {
  removeDue(tx, cron);
  tx.meta.put(cronKey(cron), JSON.stringify({ ...cron, due: null }));
}

/**
 * Sets a cron that ran to its next time. Fires that were missed meanwhile, by a long run or while
 * the deployment was down, are left out.
 *
 * @param run - what is remembered of the run
 */
export function endCron(
  tx: Transaction,
  id: CronId,
  nowMs: number,
  run?: Omit<CronRun, "spec" | "dueMs" | "endedMs">,
): void {
  const cron = readCron(tx, id);
  if (cron === undefined) {
    return;
  }
  if (run !== undefined) {
    const { spec, nextMs: dueMs } = cron;
    const runs = [...cronRuns(tx, id), { ...run, spec, dueMs, endedMs: nowMs }];
    tx.meta.put(runsKey(id), JSON.stringify(runs.slice(-MAX_RUNS)));
  }
  removeDue(tx, cron);
  putCron(tx, { ...cron, nextMs: fireAfterRunMs(cron, nowMs) });
}

/** Sets all crons to the times that they have when they are pushed at `nowMs`. */
export function restartCrons(tx: Transaction, nowMs: number): void {
  for (const cron of readCrons(tx)) {
    removeDue(tx, cron);
    const nextMs = firstFireMs(cron.spec, cron.identifier, nowMs);
    putCron(tx, { ...cron, nextMs });
  }
}

/** Sets crons whose action was running when the process ended to their next run. */
export function resumeInterruptedCrons(tx: Transaction, nowMs: number): void {
  for (const cron of readCrons(tx)) {
    if (cron.due === null) {
      endCron(tx, cron, nowMs);
    }
  }
}

/**
 * The first time of a cron: an interval begins with a run at once, all others at their first time.
 */
function firstFireMs(
  { schedule }: CronSpec,
  identifier: string,
  nowMs: number,
): number {
  return schedule.type === "interval"
    ? nowMs
    : nextFireMs(schedule, identifier, nowMs);
}

function fireAfterRunMs(
  { spec: { schedule }, identifier, nextMs }: CronRecord,
  nowMs: number,
): number {
  const next = nextFireMs(schedule, identifier, nextMs);
  if (next > nowMs) {
    return next;
  }
  if (schedule.type !== "interval") {
    return nextFireMs(schedule, identifier, nowMs);
  }
  const interval = next - nextMs;
  return nextMs + interval * (Math.floor((nowMs - nextMs) / interval) + 1);
}

function updateCron(
  tx: Transaction,
  before: CronRecord,
  spec: CronSpec,
  nowMs: number,
): void {
  if (before.due === null || isSame(before.spec.schedule, spec.schedule)) {
    tx.meta.put(cronKey(before), JSON.stringify({ ...before, spec }));
    return;
  }
  removeDue(tx, before);
  const nextMs = firstFireMs(spec, before.identifier, nowMs);
  putCron(tx, { ...before, spec, nextMs });
}

function putCron(tx: Transaction, cron: CronRecord): void {
  const { componentPath, identifier } = cron;
  const due = dueKey("cron", cron.nextMs, tx.ts);
  tx.meta.put(due, JSON.stringify({ componentPath, identifier }));
  tx.meta.put(cronKey(cron), JSON.stringify({ ...cron, due }));
}

function removeDue(tx: Transaction, { due }: CronRecord): void {
  if (due !== null) {
    tx.meta.delete(due);
  }
}

function readCron(tx: Transaction, id: CronId): CronRecord | undefined {
  const value = tx.meta.get(cronKey(id));
  return value === undefined ? undefined : (JSON.parse(value) as CronRecord);
}

function runsKey({ componentPath, identifier }: CronId): string {
  return `${RUNS_PREFIX}${componentPath}:${identifier}`;
}

function cronKey({ componentPath, identifier }: CronId): string {
  return `${PREFIX}${componentPath}:${identifier}`;
}

/**
 * Whether two values have the same JSON. Both come from the same exporter, which writes fields in a
 * fixed order.
 */
function isSame<T extends object>(a: T, b: T): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
