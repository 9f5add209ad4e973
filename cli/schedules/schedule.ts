import type { CliContext } from "../context.js";
import { byDeploymentClock } from "../deployment/clock.js";
import { connect, type GlobalOptions } from "../deployment/connect.js";
import { note, print, printJson, widthOf } from "../terminal/output.js";
import { printable } from "../terminal/printable.js";
import {
  toScheduleJson,
  toSchedulePreviewJson,
  type ScheduleListJson,
} from "../json/schedule.js";
import type { ScheduleName } from "../../convex/sessionTracker/shared/schedules.js";
import { fireLines } from "./report.js";
import { termsOf, type ScheduleTerms } from "./change.js";
import { scheduleState, scheduleTable, termsText } from "./table.js";

export interface SchedulePreviewOptions extends GlobalOptions, ScheduleTerms {
  readonly tz?: string;
  readonly count: number;
}

export async function listSchedules(
  context: CliContext,
  options: GlobalOptions,
): Promise<void> {
  const { client } = await connect(context, options);
  const schedules = await client.query("schedules/show:list", {});
  if (options.json) {
    return printJson(context, {
      schedules: schedules.map(toScheduleJson),
    } satisfies ScheduleListJson);
  }
  const there = await byDeploymentClock(context, client);
  print(context, scheduleTable(schedules, there.now(), widthOf(context)));
}

/** Shows when a schedule fires, or would fire with another spec or zone. Changes nothing. */
export async function previewSchedule(
  context: CliContext,
  name: ScheduleName,
  spec: string | undefined,
  options: SchedulePreviewOptions,
): Promise<void> {
  const { client } = await connect(context, options);
  const preview = await client.query("schedules/show:preview", {
    name,
    count: options.count,
    ...(spec === undefined ? {} : { spec }),
    ...termsOf(options),
  });
  if (options.json) return printJson(context, toSchedulePreviewJson(preview));
  const { spec: cron, timeZone, paused } = preview;
  const terms = termsText(preview);
  const there = await byDeploymentClock(context, client);
  print(
    context,
    `${name} "${cron}" (${timeZone}${terms === "" ? "" : `; ${terms}`}) fires at\n${fireLines(there, preview)}`,
  );
  if (paused === null) return;
  const state = printable(scheduleState({ paused, state: "registered" }));
  const effect =
    paused.until === undefined
      ? "Nothing starts at these times until it is resumed."
      : "These are the times after the pause.";
  note(context, `It is ${state}. ${effect}`);
}
