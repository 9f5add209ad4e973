import type { CliContext } from "../context.js";
import type { ComponentClient } from "../deployment/client.js";
import { ok, problem, type Finding } from "./finding.js";

const PATIENCE_MS = 15_000;
const POLL_MS = 250;

/** Sends an empty job through the workpool: only that shows that jobs of runs would come through. */
export async function checkWorkpool(
  context: CliContext,
  client: ComponentClient,
): Promise<Finding> {
  const started = context.now();
  const workId = await client.mutation("operator/health:probe", {});
  for (;;) {
    const state = await client.query("operator/health:probed", { workId });
    const tookMs = context.now() - started;
    if (state === "finished") {
      return ok("workpool", `an empty job came through in ${tookMs} ms`);
    }
    if (tookMs >= PATIENCE_MS) {
      return problem(
        "workpool",
        `an empty job is still ${state} after ${PATIENCE_MS / 1_000} seconds, so pages of runs wait too`,
        "Look for errors of the component workpool in the deployment's logs, and deploy again; it looks for lost jobs itself every few minutes.",
      );
    }
    await context.sleep(POLL_MS);
  }
}
