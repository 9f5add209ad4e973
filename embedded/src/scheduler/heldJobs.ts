/*
 * Scheduled mutations that ended their process wait for an operator, lest every start end as the one
 * before did. They leave their lane, and come back to their place when changed code is pushed.
 */

import type { Transaction } from "../database/transactions/transaction.js";
import { dueCron, type CronId } from "./crons.js";
import { isLive, type DueJob } from "./jobs.js";
import type { Before } from "./underWay.js";

/** By due key: how much speaks against it. */
const SUSPECT_PREFIX = "scheduler/suspect/";
/** By due key: the entry that was due. */
const HELD_PREFIX = "scheduler/held/";

/**
 * A job is held after it was under way at two ends in a row that the watchdog proved to be a loop, or
 * at five of any other kind: a full heap looks like somebody's `kill -9`.
 */
const HELD_AT = 10;
const FOR_A_LOOP = 5;
const FOR_ANY_END = 2;

/** Counts how the last process ended, and holds the job that is found to be why. */
export function judge(tx: Transaction, { hadStarted, key, wasStuck }: Before) {
  // Whoever ran no jobs proves nothing about them.
  if (!hadStarted) return;
  const suspects = new Map(
    [...tx.meta.range(SUSPECT_PREFIX)].map((entry) => [entry.key, entry.value]),
  );
  for (const suspect of suspects.keys()) tx.meta.delete(suspect);
  const value = key === null ? undefined : tx.meta.get(key);
  if (key === null || value === undefined) return;
  const earlier = Number(suspects.get(SUSPECT_PREFIX + key) ?? 0);
  const now = earlier + (wasStuck ? FOR_A_LOOP : FOR_ANY_END);
  if (now < HELD_AT) {
    tx.meta.put(SUSPECT_PREFIX + key, String(now));
    return;
  }
  tx.meta.delete(key);
  tx.meta.put(HELD_PREFIX + key, value);
}

/** What each held job is, for people; one that was canceled meanwhile is let go. */
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

/** Undefined where it is no longer to run. */
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
