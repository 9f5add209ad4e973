import type { CliContext } from "../context.js";
import type { Status } from "../deployment/api.js";
import type { ComponentClient } from "../deployment/client.js";
import { byDeploymentClock } from "../deployment/clock.js";
import type { Connection } from "../deployment/connect.js";
import { contradictions } from "../settings/contradictions.js";
import { refusedAdvice } from "../settings/refused.js";
import { capitalized } from "../terminal/words.js";
import { checkClock, reach, type Examination } from "./access.js";
import { checkConflicts } from "./conflicts.js";
import { checkCounters } from "./counters.js";
import { ok, skipped, warning, type Finding } from "./finding.js";
import { checkFutureTimes } from "./futureTimes.js";
import { checkHooks } from "./hooks.js";
import { checkRuns, checkSchedules, checkWatchdog } from "./upkeep.js";
import { checkWebhooks } from "./webhooks.js";
import { checkWorkpool } from "./workpool.js";

interface Options {
  readonly deep?: boolean;
  readonly fix?: boolean;
}

const LATER = [
  "clock",
  "schedules",
  "watchdog",
  "runs",
  "workpool",
  "settings",
  "counters",
];

/** Runs all checks in order; where the deployment cannot be asked, the rest is skipped and says so. */
export async function examine(
  context: CliContext,
  connection: Connection,
  { deep = false, fix = false }: Options,
): Promise<Examination> {
  const { client } = connection;
  const reached = await reach(connection);
  if (!("status" in reached)) {
    const rest = LATER.map((check) => skipped(check, "could not be asked"));
    return { ...reached, findings: [...reached.findings, ...rest] };
  }
  const { findings, status } = reached;
  // Repairs come before the checks, so that these say what is left; what was mended is said beside
  // them.
  const repaired = fix
    ? await client.mutation("operator/health:repair", {})
    : [];
  return {
    findings: [
      ...findings,
      await checkClock(context, client),
      ...(await checkFutureTimes(context, client, fix)),
      ...(await checkSchedules(client, repaired)),
      await checkWatchdog(context, client, repaired),
      ...(await checkRuns(context, client, repaired)),
      await checkWorkpool(context, client),
      ...(await checkHooks(client)),
      ...checkWebhooks(status),
      ...(await checkConflicts(client)),
      ...checkSettings(context, status),
      ...(await checkRefused(context, client, status)),
      await checkCounters(client, { deep, fix }),
    ],
  };
}

/** Findings on what the bounds on strangers refused; none where they refused nothing. */
async function checkRefused(
  context: CliContext,
  client: ComponentClient,
  status: Status,
): Promise<Finding[]> {
  if (status.refused.lastAt === null) return [];
  const now = (await byDeploymentClock(context, client)).now();
  return refusedAdvice(status, now).map(({ what, remedy }) =>
    warning("strangers", what, remedy),
  );
}

function checkSettings(context: CliContext, { settings }: Status): Finding[] {
  const found = contradictions(settings, context.now());
  if (found.length === 0) return [ok("settings", "nothing contradicts")];
  return found.map(({ what, remedy }) =>
    warning("settings", what, capitalized(remedy)),
  );
}
