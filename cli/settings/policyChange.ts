/** Changes of the policy: the part that `retention DAYS` and `settings set` share. */
import { policyFault } from "../../convex/sessionTracker/settings/policy.js";
import type { CliContext } from "../context.js";
import type { GoesOnJson } from "../json/run.js";
import type { Returns } from "../deployment/api.js";
import { confirmYes } from "../terminal/confirm.js";
import { announceTarget, type Connection } from "../deployment/connect.js";
import { conflictExplained } from "./conflict.js";
import { CliError } from "../errors.js";
import { tellWhatGoesOn, type GoesOnOptions } from "../runs/goesOn.js";
import { countOf, retentionText } from "../terminal/words.js";
import { previewPurge } from "../purges/preview.js";
import { nextPurgeText } from "../schedules/report.js";
import type {
  Policy,
  RetentionDays,
} from "../../convex/sessionTracker/shared/settings.js";

export interface PolicyChangeOptions extends GoesOnOptions {
  /** The revision that the operator looked at, if an earlier command showed it. */
  readonly ifRevision?: number;
}

export interface PolicyChanged {
  revision: number;
  before: Partial<Policy>;
  after: Partial<Policy>;
  /** Sessions older than the new retention; counted only when it was lowered. */
  purgeable?: number;
  goesOn?: GoesOnJson;
}

/**
 * Changes the fields that the patch names. Lowering the retention dooms sessions, so it says how many
 * and asks.
 * @param current what the operator was shown: another's change in between is not overwritten
 */
export async function changePolicy(
  context: CliContext,
  connection: Connection,
  options: PolicyChangeOptions,
  current: Returns<"settings/settings:get">,
  patch: Partial<Policy>,
): Promise<PolicyChanged> {
  const { client } = connection;
  // The patch is refused before anything is asked about it.
  const fault = policyFault({ ...current, ...patch }, patch);
  if (fault !== null) throw new CliError("usage", fault.message);
  const expectedRevision = options.ifRevision ?? current.revision;
  await announceTarget(context, connection);
  const purgeable = await confirmLowering(
    context,
    connection,
    options,
    current.retentionDays,
    patch,
  );
  const changed = await conflictExplained(client, expectedRevision, () =>
    client.mutation("settings/settings:change", {
      patch,
      actor: context.actor,
      expectedRevision,
      ...(options.reason === undefined ? {} : { reason: options.reason }),
    }),
  );
  const goesOn = await tellOfPurge(context, connection, options, {
    previous: current.retentionDays,
    days: patch.retentionDays,
  });
  return {
    revision: changed.revision,
    before: changed.before as Partial<Policy>,
    after: changed.after as Partial<Policy>,
    ...(purgeable === null ? {} : { purgeable }),
    ...(goesOn === undefined ? {} : { goesOn }),
  };
}

/** Says that a purge under way is not reached by a retention that is raised. */
async function tellOfPurge(
  context: CliContext,
  connection: Connection,
  options: PolicyChangeOptions,
  {
    previous,
    days,
  }: { previous: RetentionDays; days?: RetentionDays | undefined },
): Promise<GoesOnJson | undefined> {
  if (days === undefined || !isLower(previous, days)) return undefined;
  const what = `the retention was raised from ${retentionText(previous)} to ${retentionText(days)}`;
  return await tellWhatGoesOn(context, connection, options, {
    kind: "purge",
    what,
    onlyKept: true,
  });
}

async function confirmLowering(
  context: CliContext,
  { client, options: { json = false } }: Connection,
  { yes = false }: PolicyChangeOptions,
  previous: RetentionDays,
  patch: Partial<Policy>,
): Promise<number | null> {
  const { retentionDays: days } = patch;
  if (days === undefined || !isLower(days, previous)) return null;
  const { sessions } = await previewPurge(client, { patch });
  const schedules = await client.query("schedules/show:list", {});
  await confirmYes(
    context,
    { yes, json },
    `Lower the retention from ${retentionText(previous)} to ${retentionText(days)}? ${countOf(sessions, "session")} will be older than that; ${nextPurgeText(schedules)}.`,
  );
  return sessions;
}

function isLower(days: RetentionDays, previous: RetentionDays): boolean {
  if (days === "never") return false;
  return previous === "never" || days < previous;
}
