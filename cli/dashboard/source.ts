/** From the deployment to the feed: live where that costs little, by the clock where it does not. */
import type { CliContext } from "../context.js";
import type { Backlog, LogEntry as LogRow, Status } from "../deployment/api.js";
import type { Conflicts } from "../deployment/conflicts.js";
import type { Connection } from "../deployment/connect.js";
import { toRunShowJson } from "../json/run.js";
import { toLogEntryJson } from "../json/settings.js";
import { toStatusJson } from "../json/status/status.js";
import type { CliError } from "../errors.js";
import { ASK_AGAIN_MS, LiveClient } from "../deployment/live.js";
import { changeLines } from "../settings/table.js";
import { Activity } from "./activity.js";
import { Bars } from "./bars.js";
import type { Feed } from "./feed.js";
import type { Ask } from "./barQueries.js";
import { toBoundRows, toDeliveryRow, toFireRow, toWebhookRow } from "./rows.js";
import type { LogEntry } from "./shapes.js";
import type { Settings } from "../../convex/sessionTracker/shared/settings.js";

/** The number of runs, fires, deliveries, and changes of settings, that the page shows. */
const SHOWN = 50;

/** Keeps the feed up to date until the signal aborts. @throws CliError where a query fails */
export async function feedFrom(
  context: CliContext,
  connection: Connection,
  feed: Feed,
  first: { status: Status; backlog: Backlog },
  signal: AbortSignal,
): Promise<void> {
  const failed = new AbortController();
  const live = new LiveClient(connection, (error) => failed.abort(error));
  const stop = AbortSignal.any([signal, failed.signal]);
  const bars = new Bars(context, feed, askOnce(live));
  const { onStatus, onBacklog, onConflicts, redraw } = statusPublisher(
    context,
    connection,
    feed,
    first,
  );
  try {
    redraw();
    feed.publish("connection", { isConnected: true });
    live.onConnection((isConnected) =>
      feed.publish("connection", { isConnected }),
    );
    live.subscribe("operator/status:get", {}, onStatus);
    live.subscribe("settings/settings:log", { limit: SHOWN }, (log) =>
      feed.publish("log", log.map(toEntry)),
    );
    live.subscribe("schedules/history:page", { limit: SHOWN }, ({ fires }) =>
      feed.publish("fires", fires.map(toFireRow)),
    );
    live.subscribe("alerts/webhooks:list", {}, (webhooks) =>
      feed.publish("webhooks", webhooks.map(toWebhookRow)),
    );
    live.subscribe("alerts/deliveries:page", { limit: SHOWN }, (page) =>
      feed.publish("deliveries", page.deliveries.map(toDeliveryRow)),
    );
    let running = new Set<string>();
    live.subscribe("runs/ledger:list", { limit: SHOWN }, (runs) => {
      feed.publish("runs", runs.map(toRunShowJson));
      const ended = runs.filter((run) => run.status !== "running");
      if (ended.some(({ runId }) => running.has(runId))) bars.refreshSoon();
      running = new Set(
        runs.filter((run) => run.status === "running").map((run) => run.runId),
      );
    });
    const keepBacklog = async (): Promise<void> => {
      while (!stop.aborted) {
        const unsubscribe = live.subscribe(
          "operator/status:backlog",
          {},
          onBacklog,
        );
        onConflicts(await connection.client.conflicts());
        await context.sleep(ASK_AGAIN_MS, stop);
        unsubscribe();
        redraw();
      }
    };
    await Promise.race([
      aborted(stop),
      Promise.all([keepBacklog(), bars.keepUp(stop)]),
    ]);
  } finally {
    await live.close();
  }
  if (failed.signal.aborted) throw failed.signal.reason as CliError;
}

// ── Helpers ─────────────────────────────────────────────────────────────────

function statusPublisher(
  context: CliContext,
  connection: Connection,
  feed: Feed,
  known: { status: Status; backlog: Backlog },
) {
  const activity = new Activity();
  let { status, backlog } = known;
  let conflicts: Conflicts | null = null;
  const redraw = (): void => {
    feed.publish(
      "status",
      toStatusJson(context, connection, { status, backlog, conflicts }),
    );
    feed.publish("bounds", toBoundRows(status));
    const { active } = status.sessions;
    feed.publish("activity", activity.add({ at: context.now(), active }));
  };
  return {
    redraw,
    onStatus: (found: Status): void => {
      status = found;
      redraw();
    },
    /** The last that were told stay, where a deployment that tells them is away for a while. */
    onConflicts: (found: Conflicts | null): void => {
      conflicts = found ?? conflicts;
      redraw();
    },
    onBacklog: (found: Backlog): void => {
      backlog = found;
      redraw();
    },
  };
}

function toEntry(row: LogRow): LogEntry {
  const changes = changeLines(
    row.before as Partial<Settings>,
    row.after as Partial<Settings>,
  );
  return { ...toLogEntryJson(row), changes };
}

/** Asks once over the live connection, which waits for the deployment where that is away for a while. */
function askOnce(live: LiveClient): Ask {
  return (name, args) =>
    new Promise((resolve) => {
      const unsubscribe = live.subscribe(name, args, (result) => {
        resolve(result);
        // The subscription cannot be ended within its own call.
        queueMicrotask(() => unsubscribe());
      });
    });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
