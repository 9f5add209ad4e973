import type { CliContext } from "../context.js";
import type { GoesOnJson, ScheduleChangeJson } from "../shapes.js";
import type { Schedule } from "./api.js";
import type { ComponentClient } from "./client.js";
import type { GlobalOptions } from "./connect.js";
import { toScheduleJson } from "./convert.js";
import { note, print, printJson, widthOf } from "./output.js";
import { warningLines } from "./settingsReport.js";
import { formatTable } from "./table.js";
import { scheduleState } from "./tables.js";
import { formatRelative, formatTime, iso, isUtc } from "./time.js";
import { formatZonedTime } from "./zonedTime.js";

/** Prints a schedule after a change, with its next five fires. */
export async function reportChange(
  context: CliContext,
  client: ComponentClient,
  options: GlobalOptions,
  {
    revision,
    schedule,
    goesOn,
  }: { revision: number; schedule: Schedule; goesOn?: GoesOnJson | undefined },
): Promise<void> {
  const fires = await nextFires(client, schedule);
  if (options.json) {
    return printJson(context, {
      revision,
      schedule: toScheduleJson(schedule),
      fires: fires.map(iso),
      ...(goesOn === undefined ? {} : { goesOn }),
    } satisfies ScheduleChangeJson);
  }
  const { name, spec, timeZone } = schedule;
  print(
    context,
    `${name} "${spec}" (${timeZone}): ${scheduleState(schedule)}${
      fires.length === 0 ? "" : `\nNext fires\n${fireLines(context, fires)}`
    }`,
  );
  const settings = await client.query("settings:get", {});
  for (const line of warningLines(context, settings, "stderr")) {
    note(context, line);
  }
}

/** Each fire in UTC and in the operator's own zone. */
export function fireLines(context: CliContext, fires: number[]): string {
  const { timeZone } = context;
  const isSame = isUtc(timeZone);
  return formatTable(
    ["UTC", ...(isSame ? [] : [timeZone]), "IN"],
    fires.map((fire) => [
      formatTime(fire),
      ...(isSame ? [] : [formatZonedTime(fire, timeZone)]),
      formatRelative(fire, context.now()),
    ]),
    widthOf(context),
  );
}

/** What the purge schedule does next, as the end of a sentence. */
export function nextPurgeText(schedules: Schedule[]): string {
  const purge = schedules.find(({ name }) => name === "purge");
  if (purge?.paused) {
    return `the purge schedule is ${scheduleState(purge)}`;
  }
  return purge?.nextAt
    ? `the next scheduled purge, at ${formatTime(purge.nextAt)}, deletes them`
    : "the purge schedule, not registered yet, will delete them";
}

/** A paused schedule fires again after its pause, if that ends by itself. */
async function nextFires(
  client: ComponentClient,
  { name, paused }: Schedule,
): Promise<number[]> {
  if (paused && paused.until === undefined) return [];
  const { fires } = await client.query("schedules:preview", {
    name,
    count: 5,
  });
  return fires;
}
