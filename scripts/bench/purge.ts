import type { ImportRow } from "../../cli/deployment/api.js";
import { DAY_MS } from "../../convex/sessionTracker/shared/times.js";
import { report, type Baseline, type Figure } from "./report.js";
import { BEFORE, MeasuredDeployment, ROOT } from "./servers/deployment.js";
import { transfer } from "./transfer.js";

const SESSIONS = 100_000;
const OLD_SESSIONS = 80_000;
const ACTION_BYTES = 200;

interface Case {
  actionsPerSession: number;
  /** Whether the sessions are imported in no order, so that each commit writes all over the file. */
  isShuffled: boolean;
  /** Sessions a second; where they are in no order, of those of the case before. */
  leastPurged: number | { ofInOrder: number };
}

const CASES: readonly Case[] = [
  { actionsPerSession: 0, isShuffled: false, leastPurged: 25_000 },
  { actionsPerSession: 3, isShuffled: false, leastPurged: 8_000 },
  // Each session's rows lie in pages of their own, which are all read, copied and written for them.
  {
    actionsPerSession: 3,
    isShuffled: true,
    leastPurged: { ofInOrder: 0.7 },
  },
];

/** What a process has mapped beside its data file: Node and its libraries. */
const PROGRAM_MB = 80;
const MOST_OWN_MB = 350;

/**
 * Measures an import of 100,000 sessions, an export of them and a purge of 80,000, without and with their actions;
 * beside those of the version before, where there is one.
 */
export async function benchPurge(): Promise<Figure[]> {
  const figures: Figure[] = [];
  let inOrder = 0;
  for (const one of CASES) {
    const before = BEFORE === undefined ? null : await measure(one, BEFORE);
    const measured = await measure(one, ROOT);
    const { leastPurged: least } = one;
    const leastPurged =
      typeof least === "number" ? least : least.ofInOrder * inOrder;
    figures.push(...describe({ ...one, leastPurged }, measured, before));
    inOrder = measured.purged;
  }
  return figures;
}

interface Measured {
  /** Rows a second, of sessions and of actions. */
  imported: number;
  exported: number;
  /** Sessions a second. */
  purged: number;
  transactions: number;
  ownMb: number;
  rssMb: number;
  dataFileMb: number;
}

async function measure(
  { actionsPerSession, isShuffled }: Case,
  checkout: string,
): Promise<Measured> {
  const deployment = await MeasuredDeployment.start(checkout, checkout);
  const now = Date.now();
  const { importSeconds, exportSeconds } = await transfer(
    deployment,
    rows(now, actionsPerSession, isShuffled),
  );
  deployment.forgetPeaks();
  const before = await deployment.stats();
  const start = performance.now();
  await purgeOld(deployment, now);
  const purgeSeconds = (performance.now() - start) / 1_000;
  const after = await deployment.stats();
  const { sessions } = await deployment.call("operator/status:get", {});
  await deployment.stop();
  if (sessions.total !== SESSIONS - OLD_SESSIONS) {
    throw new Error(`${sessions.total} sessions are left after the purge`);
  }
  const stored = SESSIONS * (1 + actionsPerSession);
  return {
    imported: stored / importSeconds,
    exported: stored / exportSeconds,
    purged: OLD_SESSIONS / purgeSeconds,
    transactions: after.mutations - before.mutations,
    ownMb: after.maxOwnBytes / 1e6,
    rssMb: after.maxRssBytes / 1e6,
    dataFileMb: after.dataFileBytes / 1e6,
  };
}

function describe(
  {
    actionsPerSession,
    isShuffled,
    leastPurged,
  }: Case & { leastPurged: number },
  measured: Measured,
  before: Measured | null,
): Figure[] {
  const what =
    (actionsPerSession === 0 ? "" : ` with ${actionsPerSession} actions each`) +
    (isShuffled ? ", imported in no order" : "");
  const old = (name: keyof Measured): Baseline[] =>
    before === null
      ? []
      : [{ name: "the version before", value: before[name] }];
  const { purged, transactions, ownMb, rssMb, dataFileMb } = measured;
  return [
    report(
      `import${what}`,
      measured.imported,
      "rows/s",
      { atLeast: 12_000 },
      ...old("imported"),
    ),
    report(
      `export${what}`,
      measured.exported,
      "rows/s",
      { atLeast: 30_000 },
      ...old("exported"),
    ),
    report(
      `purge${what}`,
      purged,
      "sessions/s",
      { atLeast: leastPurged },
      ...old("purged"),
    ),
    report(
      `purge${what}: transactions for each 10,000`,
      (transactions * 10_000) / OLD_SESSIONS,
      "transactions",
      actionsPerSession === 0 ? { atMost: 50 } : {},
    ),
    report(
      `purge${what}: most memory of the process`,
      ownMb,
      "MB",
      { atMost: MOST_OWN_MB },
      ...old("ownMb"),
    ),
    report(
      `purge${what}: and with its data file's mapped pages`,
      rssMb,
      "MB",
      // The system takes mapped pages back as it needs. Until then, the import, the export and the purge
      // have touched all of the file.
      { atMost: MOST_OWN_MB + dataFileMb + PROGRAM_MB },
      { name: "the data file", value: dataFileMb },
    ),
  ];
}

function* rows(
  now: number,
  actionsPerSession: number,
  isShuffled: boolean,
): Generator<ImportRow> {
  for (let i = 0; i < SESSIONS; i += 1) {
    yield row(isShuffled ? shuffled(i) : i, now, actionsPerSession);
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
