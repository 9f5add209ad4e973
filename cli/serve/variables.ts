/** Environment variables of a served app, from a file, before its first deploy can ask for them. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parse } from "dotenv";
import type { CliContext } from "../context.js";
import type { AdminKey } from "../deployment/target/adminKey.js";
import { CliError, messageOf } from "../errors.js";

/** How long the deployment, which runs in this process, may take to answer. */
const TIMEOUT_MS = 30_000;

/** Reads a file of `NAME=value` lines. @throws usage, where it cannot be read or has none */
export function readVariables(
  { cwd }: CliContext,
  file: string,
): Record<string, string> {
  let text: string;
  try {
    text = readFileSync(resolve(cwd, file), "utf8");
  } catch (error) {
    throw new CliError(
      "usage",
      `--env-from cannot be read: ${messageOf(error)}.`,
      { cause: error },
    );
  }
  const variables = parse(text);
  if (Object.keys(variables).length > 0) return variables;
  throw new CliError(
    "usage",
    `--env-from ${file} has no line such as NAME=value.`,
  );
}

/**
 * Sets the variables, as `npx convex env set` does; those that the deployment has besides stay.
 * @throws usage, where the deployment refuses one, with its reason, which names it and not its value
 */
export async function setVariables(
  context: CliContext,
  { url, adminKey }: { url: string; adminKey: AdminKey },
  variables: Record<string, string>,
): Promise<void> {
  const changes = Object.entries(variables).map(([name, value]) => ({
    name,
    value,
  }));
  const answer = await context.fetch(
    `${url}/api/update_environment_variables`,
    {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        Authorization: `Convex ${adminKey.reveal()}`,
      },
      body: JSON.stringify({ changes }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    },
  );
  if (answer.ok) return;
  const { message } = (await answer.json()) as { message?: string };
  throw new CliError(
    "usage",
    `The deployment takes no such variables: ${message ?? `status ${answer.status}`}`,
  );
}
