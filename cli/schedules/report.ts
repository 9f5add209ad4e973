import type { CliContext } from "../context.js";
import type { GoesOnJson } from "../json/run.js";
import { type ScheduleChangeJson, toScheduleJson } from "../json/schedule.js";
import type { Returns, Schedule } from "../deployment/api.js";
import type { ComponentClient } from "../deployment/client.js";
import { byDeploymentClock } from "../deployment/clock.js";
import type { GlobalOptions } from "../deployment/connect.js";
import { note, print, printJson, widthOf } from "../terminal/output.js";
import { countOf, formatNumber } from "../terminal/words.js";
import { firesOutside } from "./cronGap.js";
import { warningLines } from "../settings/effects.js";
import { formatTable } from "../terminal/table.js";
import { scheduleState, termsText } from "./table.js";
import { formatRelative, formatTime, iso, isUtc } from "../time/time.js";
import { formatZonedTime } from "../time/zonedTime.js";

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
  const { name, spec, timeZone, paused } = schedule;
  // A paused schedule fires again after its pause, if that ends by itself.
  const isOver = paused === null || paused.until !== undefined;
  const preview = isOver
    ? await client.query("schedules/show:preview", { name, count: 5 })
    : null;
  if (options.json) {
    return printJson(context, {
      revision,
      schedule: toScheduleJson(schedule),
      fires: preview?.fires.map(iso) ?? [],
      ...(goesOn === undefined ? {} : { goesOn }),
    } satisfies ScheduleChangeJson);
  }
  const there = await byDeploymentClock(context, client);
  const terms = termsText(schedule);
  print(
    context,
    `${name} "${spec}" (${timeZone}${terms === "" ? "" : `; ${terms}`}): ${scheduleState(schedule)}${
      preview === null ? "" : `\nNext fires\n${fireLines(there, preview)}`
    }`,
  );
  const { outside, all } = firesOutside(schedule);
  if (outside > 0) {
    note(
      context,
      `Of ${countOf(all, "fire")} a day ${formatNumber(outside)} are outside of its window and start nothing.`,
    );
  }
  const settings = await client.query("settings/settings:get", {});
  for (const line of warningLines(there, settings, "stderr")) {
    note(context, line);
  }
}

export type SchedulePreview = Returns<"schedules/show:preview">;

/**
 * The lines of a schedule's fires, each in UTC, in the schedule's zone and in the operator's; then
 * where clocks change.
 */
export function fireLines(
  context: CliContext,
  { fires, timeZone, changes }: SchedulePreview,
): string {
  const zones = [timeZone, context.timeZone].filter(
    (zone, i, all) => !isUtc(zone) && all.indexOf(zone) === i,
  );
  const table = formatTable(
    ["UTC", ...zones, "IN"],
    fires.map((fire) => [
      formatTime(fire),
      ...zones.map((zone) => formatZonedTime(fire, zone)),
      formatRelative(fire, context.now()),
    ]),
    widthOf(context),
  );
  return [table, ...changes.map((one) => changeLine(one, timeZone))].join("\n");
}

function changeLine(
  { at, local, change }: SchedulePreview["changes"][number],
  timeZone: string,
): string {
  const time = local.replace("T", " ");
  return change === "skipped"
    ? `${time} does not exist in ${timeZone}, as clocks go forward: it fires at ${formatZonedTime(at, timeZone)}.`
    : `${time} comes twice in ${timeZone}, as clocks go back: it fires the first time, at ${formatZonedTime(at, timeZone)}.`;
}

/** The purge schedule's next step, as the end of a sentence. */
export function nextPurgeText(schedules: Schedule[]): string {
  const purge = schedules.find(({ name }) => name === "purge");
  if (purge?.paused) {
    return `the purge schedule is ${scheduleState(purge)}`;
  }
  return purge?.nextAt
    ? `the next scheduled purge, at ${formatTime(purge.nextAt)}, deletes them`
    : "the purge schedule, not registered yet, will delete them";
}
