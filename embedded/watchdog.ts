import { url as inspectorUrl } from "node:inspector";
import { Worker } from "node:worker_threads";

/** How often the event loop says that it turns, and how often that is looked at. */
const BEATS_PER_LIMIT = 10;

/**
 * Ends this process once its event loop has not turned for so long: pushed code that loops without
 * end keeps the one thread there is, and no timer, no answer and no signal handler comes through
 * any more. What was acknowledged is on disk. On standard error it says where the thread was.
 *
 * It costs a thread, and nothing a call: functions are not bounded one by one.
 */
export function endWhenStuck(afterMs: number): { stop(): Promise<unknown> } {
  // Somebody with a debugger may stand at a breakpoint for as long as they like.
  if (inspectorUrl() !== undefined) return { stop: () => Promise.resolve() };
  const beat = new Int32Array(new SharedArrayBuffer(4));
  const everyMs = Math.ceil(afterMs / BEATS_PER_LIMIT);
  const workerData = { beat, everyMs, beats: BEATS_PER_LIMIT, afterMs };
  const worker = new Worker(WATCH, { eval: true, workerData });
  worker.unref();
  const beating = setInterval(() => Atomics.add(beat, 0, 1), everyMs).unref();
  return {
    stop: () => {
      clearInterval(beating);
      return worker.terminate();
    },
  };
}

/** Counts its own turns, not the clock's time, which also passes while a machine sleeps. */
const WATCH = `
"use strict";
const { Session } = require("node:inspector");
const { writeSync } = require("node:fs");
const { workerData } = require("node:worker_threads");
const { beat, everyMs, beats, afterMs } = workerData;

const urls = new Map();
let last = 0;
let missed = 0;
const watching = setInterval(() => {
  const now = Atomics.load(beat, 0);
  missed = now === last ? missed + 1 : 0;
  last = now;
  if (missed < beats) return;
  clearInterval(watching);
  const session = new Session();
  session.connectToMainThread();
  session.on("Debugger.scriptParsed", ({ params }) => urls.set(params.scriptId, params.url));
  session.on("Debugger.paused", ({ params }) => end(params.callFrames));
  session.post("Debugger.enable");
  session.post("Debugger.pause");
  // Where the thread waits in native code it does not pause.
  setTimeout(end, afterMs, []);
}, everyMs);

function end(frames) {
  const places = frames.slice(0, 5).map(({ functionName, location }) =>
    "    at " + (functionName || "<anonymous>") + " (" + urls.get(location.scriptId) + ":" + (location.lineNumber + 1) + ")\\n");
  writeSync(2, "The deployment did nothing else for " + afterMs / 1000 + " s and is ended: " +
    "a function seems to loop without end.\\n" + places.join("") +
    "What was acknowledged is on disk. Start the deployment again and push a function that ends.\\n");
  process.kill(process.pid, "SIGKILL");
}
`;
