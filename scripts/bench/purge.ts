import { MAX_IMPORT_ROWS } from "../../convex/sessionTracker/shared/limits.js";
import type { ImportRow } from "../../cli/deployment/api.js";
import { MeasuredDeployment } from "./servers/deployment.js";
import { report, type Figure } from "./report.js";
import { DAY_MS } from "../../convex/sessionTracker/shared/times.js";

const SESSIONS = 100_000;
const OLD_SESSIONS = 80_000;
const ACTION_BYTES = 200;

/** Measures a purge of 80,000 of 100,000 imported sessions, without and with their actions. */
export async function benchPurge(): Promise<Figure[]> {
  return [
    ...(await purge({ actionsPerSession: 0, minPerSecond: 5_000 })),
    ...(await purge({ actionsPerSession: 3, minPerSecond: 1_500 })),
    ...(await purge({
      actionsPerSession: 3,
      minPerSecond: 1_500,
      isShuffled: true,
    })),
  ];
}

async function purge({
  actionsPerSession,
  minPerSecond,
  isShuffled = false,
}: {
  actionsPerSession: number;
  minPerSecond: number;
  /** Whether the sessions are imported in no order, so that each commit writes all over the file. */
  isShuffled?: boolean;
}): Promise<Figure[]> {
  const what =
    (actionsPerSession === 0 ? "" : ` with ${actionsPerSession} actions each`) +
    (isShuffled ? ", imported in no order" : "");
  const deployment = await MeasuredDeployment.start();
  const now = Date.now();
  const importing = await timed(() =>
    importAll(deployment, now, actionsPerSession, isShuffled),
  );
  const before = await deployment.stats();
  const purging = await timed(() => purgeOld(deployment, now));
  const after = await deployment.stats();
  const { sessions } = await deployment.call("operator/status:get", {});
  await deployment.stop();
  if (sessions.total !== SESSIONS - OLD_SESSIONS) {
    throw new Error(`${sessions.total} sessions are left after the purge`);
  }
  const transactions = after.mutations - before.mutations;
  return [
    report(`import${what}`, perSecond(SESSIONS, importing), "sessions/s"),
    report(`purge${what}`, perSecond(OLD_SESSIONS, purging), "sessions/s", {
      atLeast: minPerSecond,
    }),
    report(
      `purge${what}: transactions for each 10,000`,
      (transactions * 10_000) / OLD_SESSIONS,
      "transactions",
      actionsPerSession === 0 ? { atMost: 50 } : {},
    ),
    report(
      `purge${what}: most memory of the process`,
      after.maxOwnBytes / 1e6,
      "MB",
      { atMost: 600 },
    ),
    report(
      `purge${what}: and with its data file's mapped pages`,
      after.maxRssBytes / 1e6,
      "MB",
      // The system takes back mapped pages as it needs: where commits write all over the file, it is
      // mapped whole.
      isShuffled ? {} : { atMost: 600 },
      { name: "the data file", value: after.dataFileBytes / 1e6 },
    ),
  ];
}

async function importAll(
  deployment: MeasuredDeployment,
  now: number,
  actionsPerSession: number,
  isShuffled: boolean,
): Promise<void> {
  for (let first = 0; first < SESSIONS; first += MAX_IMPORT_ROWS) {
    const count = Math.min(MAX_IMPORT_ROWS, SESSIONS - first);
    const rows = Array.from({ length: count }, (_, i) =>
      row(isShuffled ? shuffled(first + i) : first + i, now, actionsPerSession),
    );
    await deployment.call("operator/import:batch", { rows });
  }
}

/**
 * A row of the import. Rows are in the order of their creation over 70 days, as a table's export or a
 * log has them.
 */
function row(i: number, now: number, actionsPerSession: number): ImportRow {
  const daysAgo =
    i < OLD_SESSIONS
      ? 70 - (55 * i) / OLD_SESSIONS
      : 13 - (12 * (i - OLD_SESSIONS)) / (SESSIONS - OLD_SESSIONS);
  const lastActive = Math.floor(now - daysAgo * DAY_MS);
  return {
    anonymousId: `visitor-${i}`,
    createdAt: lastActive - DAY_MS,
    lastActive,
    actions: Array.from({ length: actionsPerSession }, (_, n) => ({
      at: lastActive - n,
      action: "viewed",
      metadata: { text: "x".repeat(ACTION_BYTES) },
    })),
  };
}

/** A permutation of the numbers below `SESSIONS`, which puts each far from the one before. */
function shuffled(i: number): number {
  return (i * 7_919) % SESSIONS;
}

async function purgeOld(
  deployment: MeasuredDeployment,
  now: number,
): Promise<void> {
  const { runId } = await deployment.call("runs/control:start", {
    kind: "purge",
    cutoff: now - 14 * DAY_MS,
    actor: "bench",
    trigger: "operator",
  });
  for (;;) {
    const run = await deployment.call("runs/ledger:get", { runId });
    if (run === null || run.status === "failed") {
      throw new Error(`the purge failed: ${JSON.stringify(run)}`);
    }
    if (run.status !== "running") return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1_000;
}

function perSecond(count: number, seconds: number): number {
  return count / seconds;
}
