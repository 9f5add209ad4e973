import { NONE, type OrNone } from "../commandLine/scheduleTerms.js";
import type { CliContext } from "../context.js";
import type { ComponentClient } from "../deployment/client.js";
import { byDeploymentClock } from "../deployment/clock.js";
import {
  announceTarget,
  connect,
  type GlobalOptions,
} from "../deployment/connect.js";
import { CliError } from "../errors.js";
import { parseFuture } from "../time/zonedTime.js";
import type {
  ScheduleName,
  ScheduleWindow,
} from "../../convex/sessionTracker/shared/schedules.js";
import { conflictExplained } from "../settings/conflict.js";
import { tellWhatGoesOn } from "../runs/goesOn.js";
import { reportChange } from "./report.js";

interface ScheduleChangeOptions extends GlobalOptions {
  readonly reason?: string;
  /** The revision of the settings that were looked at. */
  readonly ifRevision?: number;
}

export interface ScheduleSetOptions
  extends ScheduleChangeOptions, ScheduleTerms {
  readonly tz?: string;
  readonly pauseOnFailure?: OrNone<number>;
}

/** What a schedule is to have, or would have, beside its spec. */
export interface ScheduleTerms {
  /** In ms. */
  readonly jitter?: OrNone<number>;
  readonly window?: OrNone<ScheduleWindow>;
}

export interface SchedulePauseOptions extends ScheduleChangeOptions {
  readonly reason: string;
  readonly until?: string;
  readonly cancelRun?: boolean;
}

/** Changes what is named of a schedule; what is not stays. */
export async function setSchedule(
  context: CliContext,
  name: ScheduleName,
  spec: string | undefined,
  options: ScheduleSetOptions,
): Promise<void> {
  const { pauseOnFailure } = options;
  const terms = {
    ...(spec === undefined ? {} : { spec }),
    ...termsOf(options),
    ...(pauseOnFailure === undefined
      ? {}
      : { pauseOnFailure: orNull(pauseOnFailure) }),
  };
  if (Object.keys(terms).length === 0) {
    throw new CliError(
      "usage",
      `Name what to change: a spec, as in \`sessions-ops schedule set ${name} "0 3 * * *"\`, or --tz, --jitter, --window, --pause-on-failure.`,
    );
  }
  const connection = await connect(context, options);
  const { client } = connection;
  const revision = await revisionToChange(client, options);
  await announceTarget(context, connection);
  const changed = await conflictExplained(client, revision, () =>
    client.mutation("schedules/change:set", {
      name,
      ...terms,
      ...(options.reason === undefined ? {} : { reason: options.reason }),
      actor: context.actor,
      expectedRevision: revision,
    }),
  );
  await reportChange(context, client, options, changed);
}

export async function pauseSchedule(
  context: CliContext,
  name: ScheduleName,
  options: SchedulePauseOptions,
): Promise<void> {
  const connection = await connect(context, options);
  const { client } = connection;
  const there = await byDeploymentClock(context, client);
  const until =
    options.until === undefined
      ? {}
      : { until: parseFuture(options.until, "--until", there.now()) };
  const revision = await revisionToChange(client, options);
  await announceTarget(context, connection);
  const changed = await conflictExplained(client, revision, () =>
    client.mutation("schedules/change:pause", {
      name,
      reason: options.reason,
      actor: context.actor,
      expectedRevision: revision,
      ...until,
    }),
  );
  const goesOn = await tellWhatGoesOn(context, connection, options, {
    kind: name,
    what: `the ${name} schedule is paused`,
  });
  await reportChange(context, client, options, { ...changed, goesOn });
}

export async function resumeSchedule(
  context: CliContext,
  name: ScheduleName,
  options: ScheduleChangeOptions,
): Promise<void> {
  const connection = await connect(context, options);
  const { client } = connection;
  const revision = await revisionToChange(client, options);
  await announceTarget(context, connection);
  const changed = await conflictExplained(client, revision, () =>
    client.mutation("schedules/change:resume", {
      name,
      actor: context.actor,
      expectedRevision: revision,
      ...(options.reason === undefined ? {} : { reason: options.reason }),
    }),
  );
  await reportChange(context, client, options, changed);
}

/** The terms that options name, as the component takes them. */
export function termsOf({
  tz,
  jitter,
  window,
}: ScheduleTerms & { readonly tz?: string }) {
  return {
    ...(tz === undefined ? {} : { timeZone: tz }),
    ...(jitter === undefined ? {} : { jitterMs: orNull(jitter) }),
    ...(window === undefined ? {} : { window: orNull(window) }),
  };
}

function orNull<Value>(value: OrNone<Value>): Value | null {
  return value === NONE ? null : value;
}

/** The revision that the operator looked at: that of an earlier command, else the one in force. */
async function revisionToChange(
  client: ComponentClient,
  { ifRevision }: ScheduleChangeOptions,
): Promise<number> {
  return (
    ifRevision ?? (await client.query("settings/settings:get", {})).revision
  );
}
