/**
 * Strangers in a process of their own: each creates sessions as fast as the deployment answers, under a new
 * anonymousId each time, and pays no heed to `retryAfterMs`.
 */
import { randomUUID } from "node:crypto";
import { Agent } from "node:http";
import { performance } from "node:perf_hooks";
import process from "node:process";
import { post } from "./post.mjs";

const [url, strangers, durationMs] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true });
const until = performance.now() + Number(durationMs);
const counts = { let: 0, refused: 0, failed: 0 };

function create() {
  const body = JSON.stringify({
    path: "sessions:trackSession",
    format: "convex_encoded_json",
    args: [{ anonymousId: randomUUID() }],
  });
  return post(url, agent, body);
}

async function stranger() {
  while (performance.now() < until) {
    const answer = await create();
    if (answer.includes('"state":"created"')) counts.let += 1;
    else if (answer.includes('"tooManySessions"')) counts.refused += 1;
    else counts.failed += 1;
  }
}

await Promise.all(Array.from({ length: Number(strangers) }, stranger));
process.send?.(counts, () => process.exit(0));
