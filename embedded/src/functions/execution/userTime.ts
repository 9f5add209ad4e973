import { FunctionFailure } from "../failure.js";

/** User time of one transaction, nested calls included. */
export interface UserTime {
  usedMs: number;
  /** When user code last came to an end, by the process's monotonic clock. */
  chargedAtMs: number;
  /** Processor time of the process when the transaction began. */
  readonly startedAt: NodeJS.CpuUsage;
}

/** An execution, as far as its time is concerned. */
interface Timed {
  readonly userTime: UserTime;
  /** The transaction; null in actions, whose time is not bounded. */
  readonly transaction: object | null;
  readonly runtime: { readonly maxUserTimeMs: number };
}

/**
 * Queries and mutations run between two marks without giving up the thread, so
 * the time since the last mark belongs to the code that reaches the next one.
 * Where the thread was given away, a mark is set when it is given back.
 */
let markMs = 0;

/** Sets a mark where engine work ends and user code begins. */
export function startUserTime(): void {
  markMs = performance.now();
}

/**
 * Charges the time since the last mark; throws once a transaction is over its limit. On a busy
 * machine the wall clock also counts time in which this process had no processor, so the process's
 * processor time must be over the limit too; it is read only then.
 */
export function chargeUserTime({
  userTime,
  transaction,
  runtime,
}: Timed): void {
  const limitMs = runtime.maxUserTimeMs;
  const nowMs = performance.now();
  userTime.usedMs += nowMs - markMs;
  userTime.chargedAtMs = nowMs;
  if (transaction === null || userTime.usedMs <= limitMs) return;
  if (processorMsSince(userTime.startedAt) > limitMs) {
    throw new FunctionFailure(
      `Function execution timed out (maximum duration: ${limitMs / 1_000}s)`,
    );
  }
}

/** How long a sample is used: reading one takes tens of microseconds, as long as a small query. */
const SAMPLE_EVERY_MS = 50;
let sample = { atMs: -Infinity, usage: process.cpuUsage() };

/** Processor time of the process, up to a moment ago. */
export function processorTime(): NodeJS.CpuUsage {
  const now = performance.now();
  if (now - sample.atMs > SAMPLE_EVERY_MS) {
    sample = { atMs: now, usage: process.cpuUsage() };
  }
  return sample.usage;
}

function processorMsSince(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1_000;
}
