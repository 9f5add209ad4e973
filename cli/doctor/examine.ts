import { VERSION } from "../../convex/sessionTracker/shared/version.js";
import type { CliContext } from "../context.js";
import type { Status } from "../deployment/api.js";
import type { ComponentClient } from "../deployment/client.js";
import { byDeploymentClock, readSkew, skewText } from "../deployment/clock.js";
import type { Connection } from "../deployment/connect.js";
import { CliError } from "../errors.js";
import { contradictions } from "../settings/contradictions.js";
import { refusedAdvice } from "../settings/refused.js";
import { capitalized } from "../terminal/words.js";
import { checkCounters } from "./counters.js";
import { ok, problem, skipped, warning, type Finding } from "./finding.js";
import { checkFutureTimes } from "./futureTimes.js";
import { checkHooks } from "./hooks.js";
import { checkRuns, checkSchedules, checkWatchdog } from "./upkeep.js";
import { checkWebhooks } from "./webhooks.js";
import { checkWorkpool } from "./workpool.js";

export interface Examination {
  findings: Finding[];
  /** The reason why the deployment could not be asked. */
  cause?: CliError;
}

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
      ...checkSettings(context, status),
      ...(await checkRefused(context, client, status)),
      await checkCounters(client, { deep, fix }),
    ],
  };
}

/** The network, the key and the component fail in that order, and one call tells them apart. */
async function reach({
  client,
  target,
}: Connection): Promise<Examination & { status?: Status }> {
  const inOrder = [
    ok("network", `${target.url} answers`),
    ok("key", "the key is accepted"),
    ok("component", "the component answers"),
  ];
  try {
    const status = await client.query("operator/status:get", {});
    return { findings: [...inOrder, checkVersion(status.version)], status };
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    const [check, remedy] = causeOf(error);
    const before = inOrder.slice(
      0,
      inOrder.findIndex((finding) => finding.check === check),
    );
    return {
      findings: [...before, problem(check, error.message, remedy)],
      cause: error,
    };
  }
}

function causeOf({ code }: CliError): readonly [check: string, remedy: string] {
  switch (code) {
    case "unreachable":
      return ["network", "Check the URL and the network, then try again."];
    case "unauthorized":
      return ["key", "Set a key of this deployment."];
    default:
      return [
        "component",
        "Mount the component, or name it with --component, and deploy.",
      ];
  }
}

function checkVersion(version: string): Finding {
  if (version === VERSION)
    return ok("version", `component and CLI are ${version}`);
  return warning(
    "version",
    `the component is ${version}, this CLI is ${VERSION}`,
    "Install the same version of sessions-ops in the app, then deploy.",
  );
}

/** The difference of the clocks that a slow answer explains. */
const SLOW_ANSWER_MS = 10_000;

async function checkClock(
  context: CliContext,
  client: ComponentClient,
): Promise<Finding> {
  const aheadMs = await readSkew(context, client);
  if (Math.abs(aheadMs) <= SLOW_ANSWER_MS)
    return ok("clock", "the clocks agree");
  return warning(
    "clock",
    skewText(aheadMs),
    "Set this machine's clock (NTP). Cutoffs are reckoned by the deployment's, but times that you name are by yours.",
  );
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
