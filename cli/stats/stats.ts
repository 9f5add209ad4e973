import { MAX_DAYS } from "../../convex/sessionTracker/shared/limits.js";
import { DAY_MS } from "../../convex/sessionTracker/shared/times.js";
import type { CliContext } from "../context.js";
import type { Day } from "../deployment/api.js";
import type { ComponentClient } from "../deployment/client.js";
import { byDeploymentClock } from "../deployment/clock.js";
import { connect, type GlobalOptions } from "../deployment/connect.js";
import {
  toDaysJson,
  toSourcesJson,
  toTotalJson,
  type StatsJson,
} from "../json/stats.js";
import {
  print,
  printJson,
  printJsonLine,
  widthOf,
} from "../terminal/output.js";
import { iso } from "../time/time.js";
import { statsText } from "./text.js";

export interface StatsOptions extends GlobalOptions {
  readonly days: number;
  readonly jsonl?: boolean;
}

/** Shows the figures of the last days, today included, by the deployment's clock. */
export async function stats(
  context: CliContext,
  options: StatsOptions,
): Promise<void> {
  const { client } = await connect(context, options);
  const there = await byDeploymentClock(context, client);
  const range = lastDays(options.days, there.now());
  const { from, to } = endsOf(range);
  const days = toDaysJson(await readDays(client, range), range, to);
  if (options.jsonl) {
    for (const day of days) printJsonLine(context, day);
    return;
  }
  const sources = await client.query("operator/stats:sources", { from });
  const found: StatsJson = {
    from,
    to,
    days,
    total: toTotalJson(days),
    ...toSourcesJson(sources),
  };
  if (options.json) return printJson(context, found);
  print(context, statsText(found, widthOf(context)));
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/** So many UTC days, the last of them that of `now`. */
function lastDays(count: number, now: number): string[] {
  return Array.from({ length: count }, (_, n) =>
    iso(now - (count - 1 - n) * DAY_MS).slice(0, 10),
  );
}

function endsOf(days: readonly string[]): { from: string; to: string } {
  const { 0: from = "", [days.length - 1]: to = "" } = days;
  return { from, to };
}

async function readDays(
  client: ComponentClient,
  range: readonly string[],
): Promise<Day[]> {
  const found: Day[] = [];
  for (let first = 0; first < range.length; first += MAX_DAYS) {
    const part = endsOf(range.slice(first, first + MAX_DAYS));
    found.push(...(await client.query("operator/stats:days", part)));
  }
  return found;
}
