import { url as inspectorUrl } from "node:inspector";
import { Worker } from "node:worker_threads";
import { SCRIPT_PREFIX } from "./functions/transform.js";
import type { Log } from "./server/log.js";

/** How often, within the limit, the event loop signals that it turns, and the watchdog looks. */
const BEATS_PER_LIMIT = 10;

/**
 * Ends this process once pushed code has kept its thread for so long: no timer, no answer and no
 * signal handler comes through any more. What was acknowledged is on disk. The place of the thread
 * goes to standard error.
 *
 * Code is blamed for what is proven: the event loop has not turned, the process has used the
 * processor for half of that time, and, stopped, the thread is found in pushed code. A machine that
 * is short of time, a thread that waits, and the deployment's own work are no loop.
 *
 * It costs a thread, and nothing a call: functions are not bounded one by one.
 * @param verdictFile made where code is found to loop, for the next process
 */
export function endWhenStuck(
  afterMs: number,
  verdictFile: string,
  log: Log,
): { stop(): Promise<unknown> } {
  // Somebody with a debugger may stand at a breakpoint for as long as they like.
  if (inspectorUrl() !== undefined) return { stop: () => Promise.resolve() };
  const beat = new Int32Array(new SharedArrayBuffer(4));
  const everyMs = Math.ceil(afterMs / BEATS_PER_LIMIT);
  const worker = new Worker(WATCH, {
    eval: true,
    workerData: {
      beat,
      everyMs,
      beats: BEATS_PER_LIMIT,
      afterMs,
      verdictFile,
      prefix: SCRIPT_PREFIX,
    },
  });
  worker.on("message", (line: string) => log(line));
  worker.unref();
  const beating = setInterval(() => Atomics.add(beat, 0, 1), everyMs).unref();
  return {
    stop: () => {
      clearInterval(beating);
      return worker.terminate();
    },
  };
}

/**
 * Code of the watching thread. It counts its own turns, not the clock's time, which also passes
 * while a machine sleeps.
 */
const WATCH = `
"use strict";
const { Session } = require("node:inspector");
const { writeFileSync, writeSync } = require("node:fs");
const { parentPort, workerData } = require("node:worker_threads");
const { beat, everyMs, beats, afterMs, verdictFile, prefix } = workerData;

const usedMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

let last = -1;
let missed = 0;
let usedAtBeat = usedMs();
let isLooking = false;
setInterval(() => {
  const now = Atomics.load(beat, 0);
  if (now !== last) {
    last = now;
    missed = 0;
    usedAtBeat = usedMs();
    return;
  }
  missed += 1;
  if (missed >= beats && usedMs() - usedAtBeat >= afterMs / 2 && !isLooking) look();
}, everyMs);

/** Stops the main thread and looks where it is. */
function look() {
  isLooking = true;
  const seen = last;
  const urls = new Map();
  const session = new Session();
  session.connectToMainThread();
  session.on("Debugger.scriptParsed", ({ params }) => urls.set(params.scriptId, params.url));
  session.on("Debugger.paused", ({ params }) => {
    const places = params.callFrames.map(({ functionName, location }) => ({
      url: urls.get(location.scriptId) || "",
      text: (functionName || "<anonymous>") + " (" + urls.get(location.scriptId) + ":" + (location.lineNumber + 1) + ")",
    }));
    if (Atomics.load(beat, 0) === seen && places.some(({ url }) => url.startsWith(prefix))) {
      end(places.slice(0, 5).map(({ text }) => "    at " + text + "\\n").join(""));
      return;
    }
    letGo();
  });
  const letGo = () => {
    clearTimeout(late);
    session.post("Debugger.resume");
    session.disconnect();
    isLooking = false;
    missed = 0;
    usedAtBeat = usedMs();
    // The main thread logs this once it is free to.
    parentPort.postMessage("The deployment did nothing else for " + afterMs / 1000 +
      " s, and no pushed function was found at work: it had much to do, or was kept waiting.");
  };
  // A thread that waits in native code does not stop.
  const late = setTimeout(letGo, afterMs);
  session.post("Debugger.enable");
  session.post("Debugger.pause");
}

function end(places) {
  try {
    writeFileSync(verdictFile, "");
  } catch (error) {
    writeSync(2, "That a function loops could not be noted: " + error.message + "\\n");
  }
  writeSync(2, "The deployment did nothing else for " + afterMs / 1000 + " s and is ended: " +
    "a function seems to loop without end.\\n" + places +
    "What was acknowledged is on disk. Start the deployment again and push a function that ends.\\n");
  process.kill(process.pid, "SIGKILL");
}
`;
