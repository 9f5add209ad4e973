import type { ScheduleName } from "../../convex/sessionTracker/shared.js";
import type { CliContext } from "../context.js";
import { byDeploymentClock } from "../lib/clock.js";
import { connect, type GlobalOptions } from "../lib/connect.js";
import { note, print, printJson, widthOf } from "../lib/output.js";
import { fireLines, toPreviewJson } from "../lib/scheduleReport.js";
import { printable } from "../lib/printable.js";
import { scheduleState, scheduleTable } from "../lib/tables.js";
import { toScheduleJson } from "../lib/convert.js";
import type { ScheduleListJson } from "../shapes.js";

export interface SchedulePreviewOptions extends GlobalOptions {
  readonly tz?: string;
  readonly count: number;
}

export async function listSchedules(
  context: CliContext,
  options: GlobalOptions,
): Promise<void> {
  const { client } = await connect(context, options);
  const schedules = await client.query("schedules:list", {});
  if (options.json) {
    return printJson(context, {
      schedules: schedules.map(toScheduleJson),
    } satisfies ScheduleListJson);
  }
  const there = await byDeploymentClock(context, client);
  print(context, scheduleTable(schedules, there.now(), widthOf(context)));
}

/** Changes nothing: shows when a schedule fires, or would fire with another spec or zone. */
export async function previewSchedule(
  context: CliContext,
  name: ScheduleName,
  spec: string | undefined,
  options: SchedulePreviewOptions,
): Promise<void> {
  const { client } = await connect(context, options);
  const preview = await client.query("schedules:preview", {
    name,
    count: options.count,
    ...(spec === undefined ? {} : { spec }),
    ...(options.tz === undefined ? {} : { timeZone: options.tz }),
  });
  if (options.json) return printJson(context, toPreviewJson(preview));
  const { spec: cron, timeZone, paused } = preview;
  const there = await byDeploymentClock(context, client);
  print(
    context,
    `${name} "${cron}" (${timeZone}) fires at\n${fireLines(there, preview)}`,
  );
  if (paused === null) return;
  const state = printable(scheduleState({ paused, state: "registered" }));
  const effect =
    paused.until === undefined
      ? "Nothing starts at these times until it is resumed."
      : "These are the times after the pause.";
  note(context, `It is ${state}. ${effect}`);
}
