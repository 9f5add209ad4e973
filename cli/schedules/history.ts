/** `schedule history`: what the fires of schedules came to. */
import { MAX_LISTED_RUNS } from "../../convex/sessionTracker/shared/limits.js";
import type { ScheduleName } from "../../convex/sessionTracker/shared/schedules.js";
import { MINUTE_MS } from "../../convex/sessionTracker/shared/times.js";
import type { CliContext } from "../context.js";
import type { Fire } from "../deployment/api.js";
import type { ComponentClient } from "../deployment/client.js";
import { connect, type GlobalOptions } from "../deployment/connect.js";
import { toFireJson, type ScheduleHistoryJson } from "../json/schedule.js";
import { entries } from "../terminal/entries.js";
import { print, printJson, widthOf } from "../terminal/output.js";
import { printable } from "../terminal/printable.js";
import { noteMore, readPages, type PageOptions } from "../terminal/pages.js";
import { formatTable } from "../terminal/table.js";
import { countOf, formatNumber } from "../terminal/words.js";
import { fits } from "../terminal/wrap.js";
import { formatDuration, formatTime } from "../time/time.js";

export interface ScheduleHistoryOptions extends GlobalOptions, PageOptions {}

export async function showHistory(
  context: CliContext,
  name: ScheduleName | undefined,
  options: ScheduleHistoryOptions,
): Promise<void> {
  const { client } = await connect(context, options);
  const { rows: fires, cursor } = await findFires(client, name, options);
  if (options.json) {
    return printJson(context, {
      fires: fires.map(toFireJson),
      cursor,
    } satisfies ScheduleHistoryJson);
  }
  print(
    context,
    fires.length === 0
      ? "No fires yet."
      : fireTable(fires, widthOf(context) ?? Infinity),
  );
  noteMore(context, cursor);
}

// ── Helpers ─────────────────────────────────────────────────────────────────

async function findFires(
  client: ComponentClient,
  name: ScheduleName | undefined,
  options: ScheduleHistoryOptions,
) {
  return await readPages(options, MAX_LISTED_RUNS, async (page) => {
    const { fires, cursor } = await client.query("schedules/history:page", {
      ...page,
      ...(name === undefined ? {} : { name }),
    });
    return { rows: fires, cursor };
  });
}

function fireTable(fires: Fire[], width: number): string {
  const table = formatTable(
    ["SCHEDULE", "DUE", "FIRES", "CAME", "OUTCOME"],
    fires.map((fire) => [
      fire.name,
      dueText(fire),
      formatNumber(fire.count),
      formatTime(fire.at),
      outcomeText(fire),
    ]),
  );
  if (fits(table, width)) return table;
  return entries(
    fires.map((fire) => [
      `${fire.name}  due ${dueText(fire)}${fire.count === 1 ? "" : `, ${countOf(fire.count, "fire")}`}`,
      outcomeText(fire),
    ]),
    width,
  );
}

function dueText({ dueAt, firstDueAt, count }: Fire): string {
  return count === 1
    ? formatTime(dueAt)
    : `${formatTime(firstDueAt)} to ${formatTime(dueAt)}`;
}

/** What came of a fire, as "nothing due". */
export function outcomeText(fire: Fire): string {
  const { at, dueAt, count, outcome } = fire;
  const lateMs = at - dueAt;
  // Jitter puts a fire off by a day at most; what is late by less than the watchdog takes is not worth a word.
  const late =
    count === 1 && outcome !== "missed" && lateMs >= LATE_MS
      ? `, ${formatDuration(lateMs)} after it was due`
      : "";
  return printable(`${WORDS[outcome](fire)}${late}`);
}

const LATE_MS = MINUTE_MS;

const WORDS: Record<Fire["outcome"], (fire: Fire) => string> = {
  started: (fire) => `started ${runText(fire)}`,
  nothingDue: () => "nothing due",
  alreadyRunning: (fire) => `${runText(fire)} was still going`,
  paused: ({ reason = "" }) => `paused: ${reason}`,
  outsideWindow: () => "outside of its window",
  waitingForWindow: (fire) =>
    `came when its window had closed: started ${runText(fire)}`,
  failed: ({ reason = "" }) => `failed: ${reason}`,
  missed: () => "missed: the next fire was answered for all of them",
};

/** The run, and how it ended, or what it waits for. */
function runText({ runId = "", run }: Fire): string {
  if (run === null) return `run ${runId}`;
  const { status, sessions, waitingUntil } = run;
  const state =
    status === "running" && waitingUntil !== undefined
      ? `waits for its window until ${formatTime(waitingUntil)}`
      : status;
  return `run ${runId} (${state}, ${countOf(sessions, "session")})`;
}
