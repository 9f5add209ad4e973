import type { CliContext } from "../context.js";
import { connect, type GlobalOptions } from "../lib/connect.js";
import { print, printJson } from "../lib/output.js";
import { toStatusJson } from "../lib/statusJson.js";
import { statusText } from "../lib/statusText.js";

export interface StatusOptions extends GlobalOptions {
  readonly watch?: boolean;
}

export async function status(
  context: CliContext,
  options: StatusOptions,
): Promise<void> {
  const connection = await connect(context, options);
  const { client } = connection;
  const [found, backlog] = await Promise.all([
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
