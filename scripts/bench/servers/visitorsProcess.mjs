/**
 * Live visitors in a process of their own: so many heartbeats and actions a second, each sent at its time whether or
 * not those before it were answered. After "report" it tells what happened since the last report, and begins anew.
 */
import { Agent } from "node:http";
import { performance } from "node:perf_hooks";
import process from "node:process";
import { setTimeout } from "node:timers";
import { post } from "./post.mjs";

const { url, visitors, heartbeatsPerSecond, actionsPerSecond } = JSON.parse(
  process.argv[2],
);
/**
 * Fewer connections than the system lets wait to be accepted (511): beyond these it drops them, and tries again after
 * one second, three, seven. A call that waits for one counts from when it was to be sent.
 */
const CONNECTIONS = 256;
const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
/** By visitor: the session that the deployment named at first. */
const sessions = [];
let counts = noCounts();
let underWay = 0;
let isEnding = false;

for (let n = 0; n < visitors; n += 1) {
  const answer = await call("trackSession", { anonymousId: idOf(n) });
  sessions.push(JSON.parse(answer).value.sessionId);
}
every(1_000 / heartbeatsPerSecond, async (n, sentAt) => {
  const visitor = n % visitors;
  const answer = await call("trackSession", { anonymousId: idOf(visitor) });
  counts.heartbeats.push(performance.now() - sentAt);
  judge(visitor, answer, '"state":"touched"');
});
if (actionsPerSecond > 0)
  every(1_000 / actionsPerSecond, async (n, sentAt) => {
    // Another visitor each time, and none twice in a minute.
    const visitor = (n * 7) % visitors;
    const answer = await call("trackUserAction", {
      anonymousId: idOf(visitor),
      action: "viewed",
    });
    counts.actions.push(performance.now() - sentAt);
    if (judge(visitor, answer, '"ok":true')) counts.recorded += 1;
  });
process.send?.("ready");

process.on("message", (message) => {
  if (message === "report") {
    process.send?.(counts);
    counts = noCounts();
  } else {
    isEnding = true;
    const wait = () => {
      if (underWay > 0) return void setTimeout(wait, 10);
      process.send?.(counts, () => process.exit(0));
    };
    wait();
  }
});
process.on("disconnect", () => process.exit(1));

/**
 * A visitor who was lost is answered with another session, or with a visit that begins.
 * @returns whether the answer is ok
 */
function judge(visitor, answer, expected) {
  const isOk =
    answer.includes('"status":"success"') && answer.includes('"ok":true');
  const isThere =
    answer.includes(expected) && answer.includes(`"${sessions[visitor]}"`);
  if (!isOk) counts.failed += 1;
  else if (!isThere) counts.lost += 1;
  if (!isOk || !isThere) counts.failure ??= answer.slice(0, 300);
  return isOk;
}

/** Sends at a steady pace, from the start, with what falls due while this process is late sent at once. */
function every(ms, send) {
  const start = performance.now();
  let n = 0;
  const go = () => {
    if (isEnding) return;
    for (; start + n * ms <= performance.now(); n += 1) {
      counts.lateMs = Math.max(
        counts.lateMs,
        performance.now() - start - n * ms,
      );
      underWay += 1;
      void send(n, performance.now()).finally(() => {
        underWay -= 1;
      });
    }
    setTimeout(go, start + n * ms - performance.now());
  };
  go();
}

function noCounts() {
  return {
    heartbeats: [],
    actions: [],
    recorded: 0,
    failed: 0,
    lost: 0,
    lateMs: 0,
  };
}

function idOf(n) {
  return `live-${n}`;
}

/** @returns the answer's text; of a call that got none, what became of it */
async function call(name, args) {
  const body = JSON.stringify({
    path: `sessions:${name}`,
    format: "convex_encoded_json",
    args: [args],
  });
  try {
    return await post(url, agent, body);
  } catch (error) {
    return `no answer: ${error}`;
  }
}
