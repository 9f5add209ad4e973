/**
 * The measured process: an embedded deployment and nothing else, from the built package as users run
 * it, so that its memory and time are its own and no TypeScript loader's.
 */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import process from "node:process";
import { setInterval } from "node:timers";
import { pathToFileURL } from "node:url";

const [dataDir, checkout] = process.argv.slice(2);
if (dataDir === undefined || checkout === undefined)
  throw new Error("usage: deploymentProcess.mjs DATA_DIR CHECKOUT");

const embedded = pathToFileURL(join(checkout, "embedded/dist/index.js")).href;
const { openDeployment } = await import(embedded);
const deployment = await openDeployment({ dataDir, port: 0 });
const heldUp = monitorEventLoopDelay({ resolution: 5 });
heldUp.enable();
let mutations = 0;
let maxOwnBytes = 0;
/** What clients called, and what the deployment ran by itself: jobs, crons, and what their actions call. */
const work = { client: noWork(), own: noWork() };
setInterval(() => {
  maxOwnBytes = Math.max(maxOwnBytes, ownMemoryBytes());
}, 50).unref();
deployment.onCompletion((event) => {
  if (event.udfType === "Mutation" && event.ok) mutations += 1;
  count(event.source === "client" ? work.client : work.own, event);
});

process.on("message", (message) => {
  if (message === "forget") {
    maxOwnBytes = ownMemoryBytes();
    heldUp.reset();
  } else if (message === "stats") {
    process.send?.({
      heldUpMs: { p99: heldUp.percentile(99) / 1e6, max: heldUp.max / 1e6 },
      mutations,
      work,
      conflicts: deployment.conflicts?.() ?? null,
      processorMs: processorMs(),
      ownBytes: ownMemoryBytes(),
      maxOwnBytes,
      maxRssBytes: process.resourceUsage().maxRSS * 1_024,
      dataFileBytes: statSync(join(dataDir, "data.lmdb")).size,
    });
  } else {
    void deployment.close().then(() => process.exit(0));
  }
});
// The measuring process is gone, perhaps by an error of its own.
process.on("disconnect", () => process.exit(1));
process.send?.({ url: deployment.url, adminKey: deployment.adminKey });

function processorMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

function noWork() {
  return {
    calls: 0,
    failures: 0,
    documentsRead: 0,
    documentsWritten: 0,
    bytesRead: 0,
    bytesWritten: 0,
  };
}

function count(sum, { ok, metrics }) {
  sum.calls += 1;
  if (!ok) sum.failures += 1;
  // An action has no transaction of its own.
  if (metrics === undefined) return;
  sum.documentsRead += metrics.documentsRead.used;
  sum.documentsWritten += metrics.documentsWritten.used;
  sum.bytesRead += metrics.bytesRead.used;
  sum.bytesWritten += metrics.bytesWritten.used;
}

/**
 * Memory without the mapped pages of the data file, which are the system's to take back; all of it
 * where not on Linux.
 */
function ownMemoryBytes() {
  if (process.platform !== "linux") return process.memoryUsage.rss();
  const status = readFileSync("/proc/self/status", "utf8");
  return Number(/^RssAnon:\s+(\d+)/m.exec(status)?.[1]) * 1_024;
}
