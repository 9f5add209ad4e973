import type { CliContext } from "../context.js";
import { messageOf } from "../errors.js";
import { Feed, jsonWithout } from "./feed.js";
import { readPageFiles } from "./pageFiles.js";
import { openServer } from "./server.js";
import { readSessionDetails } from "./sessionDetails.js";
import { feedFrom } from "./source.js";
import { connect, type GlobalOptions } from "../deployment/connect.js";
import { note, print, printJson } from "../terminal/output.js";
import type { DashboardJson } from "../json/ready.js";

export interface DashboardOptions extends GlobalOptions {
  /** Port of the page. Unset: any free one. */
  readonly port?: number;
  /** Whether to open the page in a browser. Unset: where somebody sits at this machine. */
  readonly open?: boolean;
}

/** Serves the page for this machine's browser until it is interrupted. */
export async function dashboard(
  context: CliContext,
  options: DashboardOptions,
): Promise<void> {
  const files = readPageFiles();
  const connection = await connect(context, options);
  const { client, target } = connection;
  // Both are asked before anything is shown, so that a wrong key or address ends the command in words.
  const [status, backlog] = await Promise.all([
    client.query("operator/status:get", {}),
    client.query("operator/status:backlog", {}),
  ]);
  const stop = new AbortController();
  const stopListening = context.onInterrupt(() => stop.abort());
  const feed = new Feed(target.adminKey);
  const server = await openServer({
    port: options.port ?? 0,
    files,
    feed,
    readSession: (id) =>
      readSessionDetails(client, id).then(
        (found) => jsonWithout(target.adminKey, found),
        // Without its cause, which may name the key.
        (error: unknown) => {
          throw new Error(target.adminKey.redact(messageOf(error)));
        },
      ),
    onReuse: (link) =>
      note(
        context,
        `The link was used a second time, by another browser or program; nobody is let in by it any more. A new one: ${link}`,
      ),
  });
  try {
    await announce(context, options, server.link);
    await feedFrom(context, connection, feed, { status, backlog }, stop.signal);
  } finally {
    stopListening();
    await server.close();
  }
}

async function announce(
  context: CliContext,
  options: DashboardOptions,
  link: string,
): Promise<void> {
  if (options.json) {
    printJson(context, { ready: true, url: link } satisfies DashboardJson);
  } else {
    print(context, `Dashboard: ${link}`);
  }
  note(context, "The link lets one browser in, once. Ctrl-C closes the page.");
  const isAtDesktop = context.interactive && !context.env["SSH_CONNECTION"];
  if (!(options.open ?? isAtDesktop)) return;
  if (await context.openBrowser(link)) return;
  note(context, "No browser could be opened; open the link yourself.");
}
