import { setTimeout as sleep } from "node:timers/promises";
import type { Returns } from "../../../cli/deployment/api.js";
import type { Conflict, MeasuredDeployment } from "../servers/deployment.js";
import { Crowd, type VisitorsReport, type WatchersReport } from "./crowd.js";
import { exportAll, type Exported } from "./exported.js";
import { costOf, run, type RunCost } from "./runs.js";
import { cutoffOf, type Seed } from "./seed.js";
import { HOUR_MS } from "../../../convex/sessionTracker/shared/times.js";

export const VISITORS = 3_000;
const HEARTBEATS_PER_SECOND = 300;
const ACTIONS_PER_SECOND = 50;
const WARM_UP_MS = 10_000;
const ALONE_MS = 30_000;
const SAMPLE_MS = 1_000;

/** What was met under load, and what was there afterwards. */
export interface UnderLoad {
  alone: VisitorsReport;
  loaded: VisitorsReport;
  /** All that live visitors reported, from their first heartbeat to their last. */
  all: readonly VisitorsReport[];
  /** How long all of it went on, in ms, and its parts. */
  tookMs: { loaded: number; purge: number; expire: number; export: number };
  /** The purge's first third, whose cost is measured while it is the only run. */
  purge: RunCost;
  expired: number;
  exportedMeanwhile: Exported;
  /** Own memory of the deployment each second, in bytes, while all went on. */
  memory: number[];
  maxOwnBytes: number;
  /** Processor time of the deployment while all went on, of one core; and how long its thread was held. */
  cores: number;
  heldUpMs: { p99: number; max: number };
  conflicts: readonly Conflict[] | null;
  commits: number;
  watched: WatchersReport;
  /** Counts by the component's counters, and by an export of all there is, once all was over. */
  counters: Returns<"operator/status:get">["sessions"];
  exported: Exported;
  /** Actions that should be there: those of sessions that were kept, and those of live visitors. */
  actionsExpected: number;
}

/**
 * A purge, an expire run and an export, while live visitors send heartbeats and actions and operators watch
 * `status`.
 */
export async function runUnderLoad(
  deployment: MeasuredDeployment,
  seed: Seed,
  { watchers: count }: { watchers: number },
): Promise<UnderLoad> {
  const { url, adminKey } = deployment;
  const visitors = await Crowd.start<VisitorsReport>("visitorsProcess.mjs", {
    url,
    visitors: VISITORS,
    heartbeatsPerSecond: HEARTBEATS_PER_SECOND,
    actionsPerSecond: ACTIONS_PER_SECOND,
  });
  await sleep(WARM_UP_MS);
  const warmUp = await visitors.report();
  await sleep(ALONE_MS);
  const alone = await visitors.report();
  const watchers = await Crowd.start<WatchersReport>("watchersProcess.mjs", {
    url,
    adminKey,
    watchers: count,
  });
  const whenWatched = await visitors.report();
  const before = await deployment.stats();
  deployment.forgetPeaks();
  const sampling = sampleMemory(deployment);
  const start = performance.now();
  const [runs, exportedMeanwhile] = await Promise.all([
    purgeAndExpire(deployment, seed),
    exportAll(deployment),
  ]);
  const loadedMs = performance.now() - start;
  const loaded = await visitors.report();
  const memory = await sampling.stop();
  const after = await deployment.stats();
  const last = await visitors.end();
  // The last change is on its way to those who watch.
  await sleep(SAMPLE_MS);
  const watched = await watchers.report();
  await watchers.end();
  const { sessions: counters } = await deployment.call(
    "operator/status:get",
    {},
  );
  const all = [warmUp, alone, whenWatched, loaded, last];
  const recorded = all.reduce((sum, report) => sum + report.recorded, 0);
  const kept = seed.plan.sessions - seed.plan.purgeable;
  return {
    alone,
    loaded,
    all,
    tookMs: {
      loaded: loadedMs,
      purge: runs.purgeMs,
      expire: runs.expireMs,
      export: exportedMeanwhile.tookMs,
    },
    purge: runs.purge,
    expired: runs.expired,
    exportedMeanwhile,
    memory,
    maxOwnBytes: after.maxOwnBytes,
    cores: (after.processorMs - before.processorMs) / loadedMs,
    heldUpMs: after.heldUpMs,
    conflicts: after.conflicts,
    commits: after.mutations - before.mutations,
    watched,
    counters,
    exported: await exportAll(deployment),
    actionsExpected: kept * seed.plan.actionsEach + recorded,
  };
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/** The first third of the purge runs alone, so that its cost is its own; the expire run goes beside the rest. */
async function purgeAndExpire(deployment: MeasuredDeployment, seed: Seed) {
  const cutoff = cutoffOf(seed);
  const start = performance.now();
  const maxSessions = Math.ceil(seed.plan.purgeable / 3);
  const purge = await costOf(deployment, {
    kind: "purge",
    cutoff,
    maxSessions,
  });
  const expiring = performance.now();
  const expire = run(deployment, {
    kind: "expire",
    cutoff: seed.seededAt - HOUR_MS,
  }).then(({ sessions }) => ({
    expired: sessions,
    expireMs: performance.now() - expiring,
  }));
  await run(deployment, { kind: "purge", cutoff });
  const purgeMs = performance.now() - start;
  return { purge, purgeMs, ...(await expire) };
}

function sampleMemory(deployment: MeasuredDeployment) {
  const samples: number[] = [];
  let isOver = false;
  const sampling = (async () => {
    while (!isOver) {
      samples.push((await deployment.stats()).ownBytes);
      await sleep(SAMPLE_MS);
    }
  })();
  return {
    stop: async () => {
      isOver = true;
      await sampling;
      return samples;
    },
  };
}
