import { setTimeout as wait } from "node:timers/promises";
import { percentile } from "../load.js";
import { report, type Figure } from "../report.js";
import {
  Crowd,
  type SubscribersReport,
  type VisitorsReport,
} from "../scale/crowd.js";
import { MeasuredDeployment } from "../servers/deployment.js";

const SUBSCRIBERS = 1_000;
const SESSIONS = 100;
const MUTATIONS_PER_SECOND = 200;
const WARM_UP_MS = 3_000;
const MEASURED_MS = 8_000;
/** The longest wait for a subscriber's last result, so that a wrong one ends the bench. */
const LONGEST_MS = 30_000;

/**
 * Many who watch the hundred sessions that were active last, while every second two hundred heartbeats change
 * them: what the heartbeats take, and how soon after the last one every subscriber has the right sessions. The same
 * with one subscriber beside it.
 */
export async function benchSubscribers(): Promise<Figure[]> {
  const deployment = await MeasuredDeployment.start();
  try {
    await deployment.call("settings/settings:change", {
      patch: { touchAfterMs: 0, maxNewSessionsPerMinute: "never" },
      actor: "bench",
    });
    const alone = await measure(deployment, 1);
    const many = await measure(deployment, SUBSCRIBERS);
    return describe(alone, many);
  } finally {
    await deployment.stop();
  }
}

interface Measured {
  /** The time that each heartbeat took, in ms. */
  heartbeats: number[];
  failed: number;
  /** Results shown to one subscriber a second. */
  updatesPerSecond: number;
  /** From the last heartbeat's answer until every subscriber has the right result. */
  rightAfterMs: number;
  /** Processor time of the deployment, of each second. */
  busyMs: number;
}

async function measure(
  deployment: MeasuredDeployment,
  subscribers: number,
): Promise<Measured> {
  const { url, adminKey } = deployment;
  const watching = await Crowd.start<SubscribersReport>(
    "subscribersProcess.mjs",
    {
      ...{ url, adminKey, sockets: subscribers, reads: true },
      queries: [
        { path: "sessions:getActiveSessions", args: { limit: SESSIONS } },
      ],
    },
  );
  const visitors = await Crowd.start<VisitorsReport>("visitorsProcess.mjs", {
    ...{ url, visitors: 2 * SESSIONS, actionsPerSecond: 0 },
    heartbeatsPerSecond: MUTATIONS_PER_SECOND,
  });
  await wait(WARM_UP_MS);
  await visitors.report();
  await watching.report();
  const before = await deployment.stats();
  await wait(MEASURED_MS);
  const after = await deployment.stats();
  const { updates } = await watching.report();
  const { heartbeats, failed } = await visitors.end();
  const rightAfterMs = await untilRight(deployment, watching);
  await watching.end();
  return {
    heartbeats,
    failed,
    updatesPerSecond: updates / subscribers / (MEASURED_MS / 1_000),
    rightAfterMs,
    busyMs: (after.processorMs - before.processorMs) / (MEASURED_MS / 1_000),
  };
}

async function untilRight(
  deployment: MeasuredDeployment,
  watching: Crowd<SubscribersReport>,
): Promise<number> {
  const start = performance.now();
  const right = await activeSessions(deployment);
  for (;;) {
    const { shown } = await watching.report();
    const tookMs = performance.now() - start;
    const isRight = shown.every((value) => timesOf(value) === right);
    if (isRight || tookMs > LONGEST_MS) return isRight ? tookMs : Infinity;
    await wait(20);
  }
}

async function activeSessions({
  url,
  adminKey,
}: MeasuredDeployment): Promise<string> {
  const admin = Buffer.from(
    JSON.stringify({ issuer: "bench", subject: "admin", role: "admin" }),
  ).toString("base64");
  const response = await fetch(`${url}/api/query`, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      Authorization: `Convex ${adminKey}:${admin}`,
    },
    body: JSON.stringify({
      path: "sessions:getActiveSessions",
      args: { limit: SESSIONS },
    }),
  });
  const { value } = (await response.json()) as { value: unknown };
  return timesOf(value);
}

/** What heartbeats change of the sessions, without what passes by itself. */
function timesOf(value: unknown): string {
  const sessions = value as { sessionId: string; lastActive: number }[];
  return JSON.stringify(
    sessions.map(({ sessionId, lastActive }) => [sessionId, lastActive]),
  );
}

function describe(alone: Measured, many: Measured): Figure[] {
  const who = `${SUBSCRIBERS.toLocaleString("en-US")} subscribers of ${SESSIONS} sessions`;
  const beside = (value: number) => ({ name: "one subscriber", value });
  const p99 = ({ heartbeats }: Measured) => percentile(heartbeats, 0.99);
  const rate = ({ heartbeats, failed }: Measured) =>
    (heartbeats.length - failed) / (MEASURED_MS / 1_000);
  return [
    report(
      `heartbeats done, ${who}`,
      rate(many),
      "a second",
      { atLeast: 0.98 * MUTATIONS_PER_SECOND },
      beside(rate(alone)),
    ),
    report(
      "p99 of these heartbeats",
      p99(many),
      "ms",
      { atMost: 100 },
      beside(p99(alone)),
    ),
    report(
      "every subscriber is right so long after the last one",
      many.rightAfterMs,
      "ms",
      { atMost: 1_000 },
      beside(alone.rightAfterMs),
    ),
    report(
      "results that each subscriber is shown",
      many.updatesPerSecond,
      "a second",
      {},
      beside(alone.updatesPerSecond),
    ),
    report(
      "processor time of the deployment",
      many.busyMs,
      "ms a second",
      {},
      beside(alone.busyMs),
    ),
  ];
}
