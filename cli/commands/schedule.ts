import type { ScheduleName } from "../../convex/sessionTracker/shared.js";
import type { CliContext } from "../context.js";
import { announceTarget, connect, type GlobalOptions } from "../lib/connect.js";
import { CliError } from "../lib/errors.js";
import { print, printJson } from "../lib/output.js";
import { fireLines, reportChange } from "../lib/scheduleReport.js";
import { scheduleTable } from "../lib/tables.js";
import { iso, parseTime } from "../lib/time.js";
import { toScheduleJson } from "../lib/convert.js";
import type { ScheduleListJson, SchedulePreviewJson } from "../shapes.js";

export interface ScheduleChangeOptions extends GlobalOptions {
  readonly tz?: string;
  readonly reason?: string;
  readonly until?: string;
}

export interface SchedulePreviewOptions extends GlobalOptions {
  readonly tz?: string;
  readonly count: number;
}

export async function listSchedules(
  context: CliContext,
  options: GlobalOptions,
): Promise<void> {
  const { client } = await connect(context, options);
  const schedules = await client.call("schedules:list", {}, { retry: true });
  if (options.json) {
    return printJson(context, {
      schedules: schedules.map(toScheduleJson),
    } satisfies ScheduleListJson);
  }
  print(context, scheduleTable(schedules, context.now()));
}

/** A patch: the spec or the zone that is not named stays. */
export async function setSchedule(
  context: CliContext,
  name: ScheduleName,
  spec: string | undefined,
  options: ScheduleChangeOptions,
): Promise<void> {
  if (spec === undefined && options.tz === undefined) {
    throw new CliError(
      "usage",
      `Name what to change: a spec, as in \`sessions-ops schedule set ${name} "0 3 * * *"\`, a zone with --tz, or both.`,
    );
  }
  const connection = await connect(context, options);
  const { client } = connection;
  const { revision } = await client.call("settings:get", {}, { retry: true });
  announceTarget(context, connection);
  const changed = await client.call("schedules:set", {
    name,
    ...(spec === undefined ? {} : { spec }),
    ...(options.tz === undefined ? {} : { timeZone: options.tz }),
    ...(options.reason === undefined ? {} : { reason: options.reason }),
    actor: context.actor,
    expectedRevision: revision,
  });
  await reportChange(context, client, options, changed);
}

export async function pauseSchedule(
  context: CliContext,
  name: ScheduleName,
  options: ScheduleChangeOptions & { readonly reason: string },
): Promise<void> {
  const until =
    options.until === undefined
      ? {}
      : { until: parseTime(options.until, "--until") };
  const connection = await connect(context, options);
  announceTarget(context, connection);
  const changed = await connection.client.call("schedules:pause", {
    name,
    reason: options.reason,
    actor: context.actor,
    ...until,
  });
  await reportChange(context, connection.client, options, changed);
}

export async function resumeSchedule(
  context: CliContext,
  name: ScheduleName,
  options: ScheduleChangeOptions,
): Promise<void> {
  const connection = await connect(context, options);
  announceTarget(context, connection);
  const changed = await connection.client.call("schedules:resume", {
    name,
    actor: context.actor,
    ...(options.reason === undefined ? {} : { reason: options.reason }),
  });
  await reportChange(context, connection.client, options, changed);
}

/** Changes nothing: shows when a schedule fires, or would fire with another spec or zone. */
export async function previewSchedule(
  context: CliContext,
  name: ScheduleName,
  spec: string | undefined,
  options: SchedulePreviewOptions,
): Promise<void> {
  const { client } = await connect(context, options);
  const { fires, ...cron } = await client.call(
    "schedules:preview",
    {
      name,
      count: options.count,
      ...(spec === undefined ? {} : { spec }),
      ...(options.tz === undefined ? {} : { timeZone: options.tz }),
    },
    { retry: true },
  );
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
