import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { MeasuredDeployment } from "./servers/deployment.js";
import { percentile } from "./load.js";
import { HttpCaller } from "./servers/httpCaller.js";
import { report, type Figure } from "./report.js";

const STRANGERS = 200;
const VISITORS = 50;
const PER_MINUTE = 600;
const CALM_MS = 30_000;
const FLOOD_MS = 60_000;
/** Each visitor's heartbeats; every one writes its lease. */
const BEAT_EVERY_MS = 1_000;

/**
 * Two hundred strangers who create sessions as fast as they can, from a process of their own, beside fifty visitors who
 * are there already: how many sessions the limiter lets in, and what the visitors' heartbeats take, with the
 * strangers and before they came.
 */
export async function benchFlood(): Promise<Figure[]> {
  const deployment = await MeasuredDeployment.start();
  const http = new HttpCaller(() => deployment.url);
  const beat = (n: number) =>
    http.call("mutation", "sessions:trackSession", {
      anonymousId: `visitor-${n}`,
    });
  const set = (maxNewSessionsPerMinute: number | "never") =>
    deployment.call("settings/settings:change", {
      patch: { touchAfterMs: 0, maxNewSessionsPerMinute },
      actor: "bench",
    });
  const sessions = async () =>
    (await deployment.call("operator/status:get", {})).sessions.total;
  try {
    await set("never");
    for (let n = 0; n < VISITORS; n += 1) await beat(n);
    await set(PER_MINUTE);
    const calm = await visit(beat, CALM_MS);
    const [strangers, flooded] = await Promise.all([
      flood(deployment.url),
      visit(beat, FLOOD_MS),
    ]);
    const created = (await sessions()) - VISITORS;
    return describe({ calm, flooded, strangers, created });
  } finally {
    http.close();
    await deployment.stop();
  }
}

// ── Helpers ─────────────────────────────────────────────────────────────────

interface Beats {
  tookMs: number[];
  refused: number;
}

/** The visitors' heartbeats for so long, each visitor at their own moment of the second. */
async function visit(
  beat: (n: number) => Promise<string>,
  durationMs: number,
): Promise<Beats> {
  const beats: Beats = { tookMs: [], refused: 0 };
  const start = performance.now();
  const visitor = async (n: number) => {
    for (let k = 0; k * BEAT_EVERY_MS < durationMs; k += 1) {
      const at = start + (k + n / VISITORS) * BEAT_EVERY_MS;
      await sleep(at - performance.now());
      const sent = performance.now();
      const answer = await beat(n);
      beats.tookMs.push(performance.now() - sent);
      if (!answer.includes('"ok":true')) beats.refused += 1;
    }
  };
  await Promise.all(Array.from({ length: VISITORS }, (_, n) => visitor(n)));
  return beats;
}

interface Strangers {
  let: number;
  refused: number;
  failed: number;
}

async function flood(url: string): Promise<Strangers> {
  const script = fileURLToPath(
    new URL("./servers/strangersProcess.mjs", import.meta.url),
  );
  const child = fork(script, [url, `${STRANGERS}`, `${FLOOD_MS}`], {
    execArgv: [],
  });
  const [counts] = (await once(child, "message")) as [Strangers];
  return counts;
}

function describe({
  calm,
  flooded,
  strangers,
  created,
}: {
  calm: Beats;
  flooded: Beats;
  strangers: Strangers;
  created: number;
}): Figure[] {
  const seconds = FLOOD_MS / 1_000;
  const calls = strangers.let + strangers.refused + strangers.failed;
  return [
    report(
      `sessions that ${STRANGERS} strangers create in a minute of ${PER_MINUTE}`,
      created,
      "sessions",
      { atLeast: 0.9 * PER_MINUTE, atMost: 1.1 * PER_MINUTE },
      { name: "they ask for", value: calls },
    ),
    report("their calls", calls / seconds, "calls/s"),
    report(
      "their calls that the deployment answers with neither",
      strangers.failed,
      "calls",
      { atMost: 0 },
    ),
    report(
      `heartbeats of ${VISITORS} visitors meanwhile that are not answered ok`,
      flooded.refused,
      "heartbeats",
      { atMost: 0 },
      { name: "all", value: flooded.tookMs.length },
    ),
    report(
      "p50 of these heartbeats",
      percentile(flooded.tookMs, 0.5),
      "ms",
      {},
      { name: "without strangers", value: percentile(calm.tookMs, 0.5) },
    ),
    report(
      "p99 of these heartbeats",
      percentile(flooded.tookMs, 0.99),
      "ms",
      {},
      { name: "without strangers", value: percentile(calm.tookMs, 0.99) },
    ),
  ];
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}
