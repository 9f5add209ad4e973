import type { CliContext } from "../context.js";
import type { Backlog, Status } from "../lib/api.js";
import type { Connection } from "../lib/connect.js";
import type { CliError } from "../lib/errors.js";
import { LiveClient } from "../lib/live.js";
import { note } from "../lib/output.js";
import { openScreen } from "../lib/screen.js";
import { toStatusJson } from "../lib/statusJson.js";
import { runningText, stateText, statusLine } from "../lib/statusText.js";
import { iso } from "../lib/time.js";
import type { StatusOptions } from "./status.js";

/**
 * What falls due with time alone changes no document, so that nothing would tell us: the backlog is
 * asked for again as often as this, and relative times are drawn anew.
 */
const CLOCK_MS = 30_000;

/** Shows the status and each change of it, as the deployment says so, until Ctrl-C. */
export async function watchStatus(
  context: CliContext,
  connection: Connection,
  options: StatusOptions,
  status: Status,
  backlog: Backlog,
): Promise<void> {
  const stop = new AbortController();
  const stopListening = context.onInterrupt(() => stop.abort());
  let failure: CliError | null = null;
  const live = new LiveClient(connection, (error) => {
    failure = error;
    stop.abort();
  });
  const screen = await openScreen(context, options);
  const shown = { status, backlog, isConnected: true };
  const draw = (): void => {
    if (stop.signal.aborted) return;
    const { status, backlog } = shown;
    if (options.json) {
      const json = toStatusJson(context, connection, status, backlog);
      const line = JSON.stringify(json);
      return screen.show({ text: line, footer: "" }, line);
    }
    const view = {
      text: stateText(context, connection, status, backlog),
      footer: [
        ...runningText(context, status, backlog),
        footer(context, shown.isConnected),
      ].join("\n"),
    };
    screen.show(view, statusLine(status, backlog, context.now()));
  };
  try {
    draw();
    live.onConnection((isConnected) => {
      if (stop.signal.aborted) return;
      shown.isConnected = isConnected;
      if (context.stdout.isTTY) return draw();
      note(context, isConnected ? "Connected." : LOST);
    });
    live.subscribe("stats:status", {}, (found) => {
      shown.status = found;
      draw();
    });
    while (!stop.signal.aborted) {
      const unsubscribe = live.subscribe("stats:backlog", {}, (found) => {
        shown.backlog = found;
        draw();
      });
      await context.sleep(CLOCK_MS, stop.signal);
      unsubscribe();
      draw();
    }
  } finally {
    stopListening();
    screen.close();
    await live.close();
  }
  if (failure !== null) throw failure as CliError;
}

const LOST = "Connection lost; trying again …";

function footer(context: CliContext, isConnected: boolean): string {
  return isConnected ? `Live, ${iso(context.now())}. Ctrl-C ends it.` : LOST;
}
