import { MAX_IMPORT_ROWS } from "../../convex/sessionTracker/shared/limits.js";
import { MeasuredDeployment } from "./servers/deployment.js";
import { load, median } from "./load.js";
import { mockTrackRate } from "./servers/mock.js";
import { report, type Figure } from "./report.js";
import { DAY_MS } from "../../convex/sessionTracker/shared/times.js";

const CONNECTIONS = 16;
const VISITORS = 1_000;
const WARM_UP_MS = 4_000;
const ROUND_MS = 1_500;
const ROUNDS = 5;

/**
 * Measures `trackSession` over HTTP, every call writing its lease: with 1,000 sessions stored and with
 * 100,000, turn by turn, so that both meet the same machine; and the same on `convex-test`.
 */
export async function benchTrack(): Promise<Figure[]> {
  const few = await startTracking();
  const many = await startTracking();
  await storeIdle(many, 100_000 - VISITORS);
  await round(few, WARM_UP_MS);
  await round(many, WARM_UP_MS);
  const rounds: { few: Round; many: Round }[] = [];
  for (let n = 0; n < ROUNDS; n += 1) {
    rounds.push({
      few: await round(few, ROUND_MS),
      many: await round(many, ROUND_MS),
    });
  }
  await few.stop();
  await many.stop();
  const mock = await mockTrackRate(20_000);
  const all = rounds.flatMap((pair) => [pair.few, pair.many]);
  return [
    report(
      "trackSession over HTTP, 16 connections, 1,000 sessions",
      median(rounds.map((pair) => pair.few.perSecond)),
      "calls/s",
      { atLeast: 1_000 },
      { name: "convex-test at 20,000 sessions", value: mock },
    ),
    report(
      "trackSession with 100,000 sessions, of the rate with 1,000",
      median(rounds.map((pair) => pair.many.perSecond / pair.few.perSecond)),
      "of it",
      { atLeast: 0.75 },
    ),
    report(
      "commits for each call",
      sum(all.map(({ commits }) => commits)) /
        sum(all.map(({ calls }) => calls)),
      "commits",
      { atLeast: 1 },
    ),
  ];
}

interface Round {
  calls: number;
  commits: number;
  perSecond: number;
}

async function startTracking(): Promise<MeasuredDeployment> {
  const deployment = await MeasuredDeployment.start();
  // Every heartbeat writes; leases take the setting over when their visit starts. And all visitors come at once.
  await deployment.call("settings/settings:change", {
    patch: { touchAfterMs: 0, maxNewSessionsPerMinute: "never" },
    actor: "bench",
  });
  return deployment;
}

async function round(
  deployment: MeasuredDeployment,
  durationMs: number,
): Promise<Round> {
  const before = await deployment.stats();
  const { calls, perSecond } = await load(
    { loops: CONNECTIONS, durationMs },
    (n) => track(deployment, n % VISITORS),
  );
  const { mutations } = await deployment.stats();
  const commits = mutations - before.mutations;
  return { calls, commits, perSecond };
}

async function track(
  deployment: MeasuredDeployment,
  visitor: number,
): Promise<void> {
  await deployment.post("/api/mutation", {
    path: "sessions:trackSession",
    args: [{ anonymousId: `visitor-${visitor}` }],
  });
}

async function storeIdle(
  deployment: MeasuredDeployment,
  count: number,
): Promise<void> {
  const lastActive = Date.now() - DAY_MS;
  for (let first = 0; first < count; first += MAX_IMPORT_ROWS) {
    const rows = Array.from(
      { length: Math.min(MAX_IMPORT_ROWS, count - first) },
      (_, i) => ({
        anonymousId: `idle-${first + i}`,
        createdAt: lastActive,
        lastActive,
      }),
    );
    await deployment.call("operator/import:batch", { rows });
  }
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
