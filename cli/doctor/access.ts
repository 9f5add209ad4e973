/** Whether a deployment can be worked with: network, key, component, version, clock. */
import { VERSION } from "../../convex/sessionTracker/shared/version.js";
import type { CliContext } from "../context.js";
import type { Status } from "../deployment/api.js";
import type { ComponentClient } from "../deployment/client.js";
import { readSkew, skewText } from "../deployment/clock.js";
import type { Connection } from "../deployment/connect.js";
import { CliError } from "../errors.js";
import { ok, problem, warning, type Finding } from "./finding.js";

export interface Examination {
  findings: Finding[];
  /** The reason why the deployment could not be asked. */
  cause?: CliError;
}

/** The network, the key and the component fail in that order, and one call tells them apart. */
export async function reach({
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

export async function checkClock(
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
