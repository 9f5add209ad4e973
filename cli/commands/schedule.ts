import type { ScheduleName } from "../../convex/sessionTracker/shared.js";
import type { CliContext } from "../context.js";
import { connect, type GlobalOptions } from "../lib/connect.js";
import { print, printJson, widthOf } from "../lib/output.js";
import { fireLines } from "../lib/scheduleReport.js";
import { scheduleTable } from "../lib/tables.js";
import { iso } from "../lib/time.js";
import { toScheduleJson } from "../lib/convert.js";
import type { ScheduleListJson, SchedulePreviewJson } from "../shapes.js";

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
  print(context, scheduleTable(schedules, context.now(), widthOf(context)));
}

/** Changes nothing: shows when a schedule fires, or would fire with another spec or zone. */
export async function previewSchedule(
  context: CliContext,
  name: ScheduleName,
  spec: string | undefined,
  options: SchedulePreviewOptions,
): Promise<void> {
  const { client } = await connect(context, options);
  const { fires, ...cron } = await client.query("schedules:preview", {
    name,
    count: options.count,
    ...(spec === undefined ? {} : { spec }),
    ...(options.tz === undefined ? {} : { timeZone: options.tz }),
  });
  if (options.json) {
    return printJson(context, {
      ...cron,
      fires: fires.map(iso),
    } satisfies SchedulePreviewJson);
  }
  print(
    context,
    `${name} "${cron.spec}" (${cron.timeZone}) fires at\n${fireLines(context, fires)}`,
  );
}
