import type { CliContext } from "../context.js";
import { byDeploymentClock } from "../lib/clock.js";
import { connect, type GlobalOptions } from "../lib/connect.js";
import { print, printJson } from "../lib/output.js";
import { RunTotals } from "../lib/runLeft.js";
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
  const [context, asked, backlog] = await Promise.all([
    byDeploymentClock(here, client),
    client.query("stats:status", {}),
    client.query("stats:backlog", {}),
  ]);
  const totals = new RunTotals(client);
  await totals.count(asked, backlog);
  const found = totals.fill(asked);
  if (options.watch) {
    const { watchStatus } = await import("./statusWatch.js");
    const first = { status: found, backlog };
    await watchStatus(context, connection, options, { first, totals });
  } else if (options.json) {
    printJson(context, toStatusJson(context, connection, found, backlog));
  } else {
    print(context, statusText(context, connection, found, backlog));
  }
}
