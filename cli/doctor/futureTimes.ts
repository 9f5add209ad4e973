/** Times that lie in the future, from a deployment whose clock was ahead. */
import { CLOCK_SLACK_MS } from "../../convex/sessionTracker/shared/times.js";
import type { CliContext } from "../context.js";
import { readSkew, skewText } from "../deployment/clock.js";
import type { Returns } from "../deployment/api.js";
import type { ComponentClient } from "../deployment/client.js";
import { countOf } from "../terminal/words.js";
import { formatTime } from "../time/time.js";
import { fixed, problem, type Finding } from "./finding.js";

const CHECK = "times";

/**
 * Findings on times in the future; none where there are no such times. Those of schedules and runs are
 * mended before it looks.
 */
export async function checkFutureTimes(
  context: CliContext,
  client: ComponentClient,
  fix: boolean,
): Promise<Finding[]> {
  const found = await client.query("operator/futureTimes:look", {});
  if (found.latest === null) return [];
  const message = `lie in the future, as late as ${formatTime(found.latest)}: ${listOf(found)}. The deployment's clock was ahead when it stored them, or is behind now`;
  if (!fix) {
    return [
      problem(
        CHECK,
        message,
        "`sessions-ops doctor --fix` sets them to now, once the deployment's clock is right.",
      ),
    ];
  }
  const aheadMs = await readSkew(context, client);
  if (aheadMs > CLOCK_SLACK_MS) {
    return [
      problem(
        CHECK,
        `${message}; not mended, as ${skewText(aheadMs)}`,
        "Set the deployment's clock, or this machine's, then repeat: by a clock that is behind, every visitor would be made to look older.",
      ),
    ];
  }
  let mended = 0;
  for (;;) {
    const step = await client.mutation("operator/futureTimes:mend", {});
    mended += step.mended;
    if (step.isDone) break;
  }
  return [fixed(CHECK, `of ${countOf(mended, "session")} set to now`)];
}

function listOf({
  schedules,
  watchdog,
  runs,
  sessions,
  limit,
}: Returns<"operator/futureTimes:look">): string {
  const parts = [
    ...schedules.map((name) => `schedule ${name}`),
    ...(watchdog ? ["the watchdog"] : []),
    ...runs.map((runId) => `run ${runId}`),
    ...(sessions === 0
      ? []
      : [
          `${sessions === limit ? "at least " : ""}${countOf(sessions, "session")}`,
        ]),
  ];
  return parts.join(", ");
}
