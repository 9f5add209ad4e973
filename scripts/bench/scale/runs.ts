import { setTimeout as sleep } from "node:timers/promises";
import type { Run } from "../../../cli/deployment/api.js";
import type { MeasuredDeployment, Work } from "../servers/deployment.js";

export type Start = { kind: "purge" | "expire"; cutoff: number } & {
  maxSessions?: number;
};

/** Starts a run and waits for its end. */
export async function run(
  deployment: MeasuredDeployment,
  start: Start,
): Promise<Run> {
  const { runId } = await deployment.call("runs/control:start", {
    ...start,
    actor: "bench",
    trigger: "operator",
  });
  for (;;) {
    const found = await deployment.call("runs/ledger:get", { runId });
    if (found === null || found.status === "failed") {
      throw new Error(`The ${start.kind} failed: ${JSON.stringify(found)}`);
    }
    if (found.status !== "running") return found;
    await sleep(100);
  }
}

/** What a run cost: transactions of the run and of workpool's, for each of its sessions. */
export interface RunCost extends Work {
  sessions: number;
  tookMs: number;
  pages: number;
}

/** Does a run and measures what the deployment did by itself meanwhile, where no other run goes on. */
export async function costOf(
  deployment: MeasuredDeployment,
  start: Start,
): Promise<RunCost> {
  const before = (await deployment.stats()).work.own;
  const at = performance.now();
  const { sessions, pages } = await run(deployment, start);
  const tookMs = performance.now() - at;
  const after = (await deployment.stats()).work.own;
  return { ...difference(after, before), sessions, pages, tookMs };
}

export function difference(after: Work, before: Work): Work {
  return {
    calls: after.calls - before.calls,
    failures: after.failures - before.failures,
    documentsRead: after.documentsRead - before.documentsRead,
    documentsWritten: after.documentsWritten - before.documentsWritten,
    bytesRead: after.bytesRead - before.bytesRead,
    bytesWritten: after.bytesWritten - before.bytesWritten,
  };
}
