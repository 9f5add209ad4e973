import type { ScheduleName } from "../../convex/sessionTracker/shared.js";
import type { CliContext } from "../context.js";
import { announceTarget, connect, type GlobalOptions } from "../lib/connect.js";
import { CliError } from "../lib/errors.js";
import { reportChange } from "../lib/scheduleReport.js";
import { parseTime } from "../lib/time.js";

export interface ScheduleChangeOptions extends GlobalOptions {
  readonly tz?: string;
  readonly reason?: string;
  readonly until?: string;
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
  const { revision } = await client.query("settings:get", {});
  announceTarget(context, connection);
  const changed = await client.mutation("schedules:set", {
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
  const changed = await connection.client.mutation("schedules:pause", {
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
  const changed = await connection.client.mutation("schedules:resume", {
    name,
    actor: context.actor,
    ...(options.reason === undefined ? {} : { reason: options.reason }),
  });
  await reportChange(context, connection.client, options, changed);
}
