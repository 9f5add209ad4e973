import type { CliContext } from "../context.js";
import { byDeploymentClock } from "../lib/clock.js";
import { connect, type GlobalOptions } from "../lib/connect.js";
import { print, printJson } from "../lib/output.js";
import { toStatusJson } from "../lib/statusJson.js";
import { statusText } from "../lib/statusText.js";

export interface StatusOptions extends GlobalOptions {
  readonly watch?: boolean;
}

export async function status(
  here: CliContext,
  options: StatusOptions,
): Promise<void> {
  const connection = await connect(here, options);
  const { client } = connection;
  const [context, found, backlog] = await Promise.all([
    byDeploymentClock(here, client),
    client.query("stats:status", {}),
    client.query("stats:backlog", {}),
  ]);
  if (options.watch) {
    const { watchStatus } = await import("./statusWatch.js");
    await watchStatus(context, connection, options, found, backlog);
  } else if (options.json) {
    printJson(context, toStatusJson(context, connection, found, backlog));
  } else {
    print(context, statusText(context, connection, found, backlog));
  }
}
