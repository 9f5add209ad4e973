import type { CliContext } from "../context.js";
import { byDeploymentClock } from "../deployment/clock.js";
import { connect, type GlobalOptions } from "../deployment/connect.js";
import { print, printJson } from "../terminal/output.js";
import { RunTotals } from "../runs/countLeft.js";
import { toStatusJson } from "../json/status/status.js";
import { statusText } from "./text.js";

export interface StatusOptions extends GlobalOptions {
  readonly watch?: boolean;
}

export async function status(
  here: CliContext,
  options: StatusOptions,
): Promise<void> {
  const connection = await connect(here, options);
  const { client } = connection;
  const [context, asked, backlog, conflicts] = await Promise.all([
    byDeploymentClock(here, client),
    client.query("operator/status:get", {}),
    client.query("operator/status:backlog", {}),
    client.conflicts(),
  ]);
  const totals = new RunTotals(client);
  await totals.count(asked, backlog);
  const found = { status: totals.fill(asked), backlog, conflicts };
  if (options.watch) {
    const { watchStatus } = await import("./watch.js");
    await watchStatus(context, connection, options, { first: found, totals });
  } else if (options.json) {
    printJson(context, toStatusJson(context, connection, found));
  } else {
    print(context, statusText(context, connection, found));
  }
}
