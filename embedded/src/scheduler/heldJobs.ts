/*
 * Holding of scheduled mutations that ended their process, lest every start end as the one before
 * did. Held mutations leave their lane and wait for an operator; they return to their place when
 * changed code is pushed.
 *
 * Several may be under way when a process ends, of which one is the cause. The next process runs
 * them one at a time, so that it is told from the others if it does the same again.
 */

import type { Transaction } from "../database/transactions/transaction.js";
import { dueCron, type CronId } from "./crons.js";
import { isLive, type DueJob } from "./jobs.js";
import type { Before } from "./underWay.js";

/** Prefix of suspicions by due key; the value is how much speaks against the job. */
const SUSPECT_PREFIX = "scheduler/suspect/";
/** Prefix of held entries by due key; the value is the entry that was due. */
const HELD_PREFIX = "scheduler/held/";

/**
 * Suspicion at which a job is held: it was under way at two ends in a row that the watchdog proved to
 * be a loop, or at five of any other kind, since a full heap looks like somebody's `kill -9`.
 */
const HELD_AT = 10;
const FOR_A_LOOP = 5;
const FOR_ANY_END = 2;

/** Judges how the last process ended, and holds the job that is found to be the cause. */
export function judge(tx: Transaction, { hadStarted, keys, wasStuck }: Before) {
  // A process that ran no jobs proves nothing about them.
  if (!hadStarted) return;
  const suspects = new Map(
    [...tx.meta.range(SUSPECT_PREFIX)].map((entry) => [entry.key, entry.value]),
  );
  for (const suspect of suspects.keys()) tx.meta.delete(suspect);
  for (const key of keys) {
    const value = tx.meta.get(key);
    if (value === undefined) continue;
    const earlier = Number(suspects.get(SUSPECT_PREFIX + key) ?? 0);
    const now = earlier + (wasStuck ? FOR_A_LOOP : FOR_ANY_END);
    if (now < HELD_AT) {
      tx.meta.put(SUSPECT_PREFIX + key, String(now));
    } else {
      tx.meta.delete(key);
      tx.meta.put(HELD_PREFIX + key, value);
    }
  }
}

/** Due keys of the jobs that were under way when the last process ended, and may have ended it. */
export function suspectKeys(tx: Transaction): string[] {
  return [...tx.meta.range(SUSPECT_PREFIX)].map(({ key }) =>
    key.slice(SUSPECT_PREFIX.length),
  );
}

/** Descriptions of the held jobs, for people; a job that was canceled meanwhile is released. */
export function heldJobs(tx: Transaction): string[] {
  const held: string[] = [];
  for (const { key, value } of [...tx.meta.range(HELD_PREFIX)]) {
    const what = describe(tx, key.slice(HELD_PREFIX.length), value);
    if (what === undefined) tx.meta.delete(key);
    else held.push(what);
  }
  return held;
}

/** Puts held jobs back in their places: with other code they may end. */
export function releaseHeldJobs(tx: Transaction): void {
  for (const { key, value } of [...tx.meta.range(HELD_PREFIX)]) {
    tx.meta.delete(key);
    tx.meta.put(key.slice(HELD_PREFIX.length), value);
  }
  for (const { key } of [...tx.meta.range(SUSPECT_PREFIX)]) {
    tx.meta.delete(key);
  }
}

/** Describes a held job; undefined when it is no longer to run. */
function describe(
  tx: Transaction,
  key: string,
  value: string,
): string | undefined {
  const entry = JSON.parse(value) as DueJob | CronId;
  if ("target" in entry) {
    return isLive(tx, entry)
      ? `the scheduled function ${entry.target.path} (${entry.id})`
      : undefined;
  }
  const cron = dueCron(tx, entry, key);
  return cron && `the cron "${entry.identifier}" (${cron.spec.name})`;
}
