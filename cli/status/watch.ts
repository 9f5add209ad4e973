import type { CliContext } from "../context.js";
import type { Connection, GlobalOptions } from "../deployment/connect.js";
import { isUnreachable, type CliError } from "../errors.js";
import { ASK_AGAIN_MS, LiveClient } from "../deployment/live.js";
import { note } from "../terminal/output.js";
import type { RunTotals } from "../runs/countLeft.js";
import { openScreen } from "../terminal/screen.js";
import { toStatusJson, type StatusFound } from "../json/status/status.js";
import { runningText, stateText, statusLine } from "./text.js";
import { iso } from "../time/time.js";

/** Shows the status and each change of it, as the deployment sends it, until Ctrl-C. */
export async function watchStatus(
  context: CliContext,
  connection: Connection,
  options: GlobalOptions,
  { first, totals }: { first: StatusFound; totals: RunTotals },
): Promise<void> {
  const stop = new AbortController();
  const { client } = connection;
  const stopListening = context.onInterrupt(() => {
    stop.abort();
    client.interrupt();
    client.giveUp();
  });
  let failure: CliError | null = null;
  const live = new LiveClient(connection, (error) => {
    failure = error;
    stop.abort();
  });
  const screen = await openScreen(context, options);
  const shown = { ...first, isConnected: true };
  const draw = (): void => {
    if (stop.signal.aborted) return;
    const { status, backlog } = shown;
    if (options.json) {
      const json = toStatusJson(context, connection, shown);
      const line = JSON.stringify(json);
      return screen.show({ text: line, footer: "" }, line);
    }
    const view = {
      text: stateText(context, connection, shown),
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
    live.subscribe("operator/status:get", {}, (found) => {
      shown.status = totals.fill(found);
      draw();
    });
    while (!stop.signal.aborted) {
      const unsubscribe = live.subscribe(
        "operator/status:backlog",
        {},
        (found) => {
          shown.backlog = found;
          draw();
        },
      );
      await context.sleep(ASK_AGAIN_MS, stop.signal);
      unsubscribe();
      // A run that has begun since: its total is worth the wait for the next look.
      await countAgain(totals, shown);
      shown.status = totals.fill(shown.status);
      shown.conflicts = await client.conflicts();
      draw();
    }
  } finally {
    stopListening();
    screen.close();
    await live.close();
  }
  if (failure !== null) throw failure as CliError;
}

/** Counts the totals again. Where the connection is lost the screen says so, and the count can wait. */
async function countAgain(
  totals: RunTotals,
  { status, backlog }: StatusFound,
): Promise<void> {
  try {
    await totals.count(status, backlog);
  } catch (error) {
    if (!isUnreachable(error)) throw error;
  }
}

const LOST = "Connection lost; trying again …";

function footer(context: CliContext, isConnected: boolean): string {
  return isConnected ? `Live, ${iso(context.now())}. Ctrl-C ends it.` : LOST;
}
