/** `deployments check`: whether each can be worked with, asked side by side. */
import type { CliContext } from "../context.js";
import { connect, type GlobalOptions } from "../deployment/connect.js";
import {
  namedDeployment,
  readDeployments,
} from "../deployment/target/deploymentsFile.js";
import { checkClock, reach } from "../doctor/access.js";
import { completed, findingText } from "../doctor/doctor.js";
import { problem, type Finding } from "../doctor/finding.js";
import { CliError } from "../errors.js";
import type {
  CheckedDeploymentJson,
  DeploymentCheckJson,
} from "../json/deployments/deployments.js";
import { print, printJson } from "../terminal/output.js";
import { PrintedCommands } from "../terminal/printedCommands.js";
import { countOf } from "../terminal/words.js";

/** Checks the named deployment, else all of them. @throws what the first of the failures is */
export async function checkDeployments(
  context: CliContext,
  name: string | undefined,
  options: GlobalOptions,
): Promise<void> {
  const content = readDeployments(context);
  if (name !== undefined) namedDeployment(content, name, "given");
  const names =
    name === undefined ? Object.keys(content.deployments).sort() : [name];
  const checked = await Promise.all(
    names.map(async (each) => {
      const { url } = namedDeployment(content, each, "given");
      return { url, ...(await check(context, each, options)) };
    }),
  );
  const failed = checked.filter(({ healthy }) => !healthy);
  if (options.json) {
    printJson(context, {
      healthy: failed.length === 0,
      deployments: checked.map(
        ({ cause: _cause, ...deployment }) => deployment,
      ),
    } satisfies DeploymentCheckJson);
  } else if (checked.length === 0) {
    print(context, "No deployments are named.");
  } else {
    print(context, checked.map((each) => text(context, each)).join("\n\n"));
  }
  const [first] = failed;
  if (first === undefined) return;
  throw new CliError(
    first.cause?.code ?? "failure",
    `${countOf(failed.length, "deployment")} cannot be worked with: ${failed.map((each) => each.name).join(", ")}.`,
  );
}

type Checked = Omit<CheckedDeploymentJson, "url"> & { cause?: CliError };

async function check(
  ofCommand: CliContext,
  name: string,
  { timeout, debug }: GlobalOptions,
): Promise<Checked> {
  const commands = new PrintedCommands();
  const context = Object.create(ofCommand, {
    commands: { value: commands },
  }) as CliContext;
  const { findings, cause } = await examineAccess(context, {
    deployment: name,
    ...(timeout === undefined ? {} : { timeout }),
    ...(debug === undefined ? {} : { debug }),
  });
  return {
    name,
    healthy: findings.every(({ result }) => result !== "problem"),
    findings: findings.map((finding) => completed(context, finding)),
    ...(cause === undefined ? {} : { cause }),
  };
}

async function examineAccess(
  context: CliContext,
  options: GlobalOptions,
): Promise<{ findings: Finding[]; cause?: CliError }> {
  try {
    const connection = await connect(context, options);
    const { status, ...reached } = await reach(connection);
    if (status === undefined) return reached;
    const clock = await checkClock(context, connection.client);
    return { findings: [...reached.findings, clock] };
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    const remedy =
      "Mend that, or name the deployment anew with `sessions-ops deployments add --replace`.";
    return { findings: [problem("key", error.message, remedy)], cause: error };
  }
}

function text(
  context: CliContext,
  { name, url, findings }: CheckedDeploymentJson,
): string {
  return [
    `${name}  ${url}`,
    ...findings.map((finding) => findingText(context, finding)),
  ].join("\n");
}
