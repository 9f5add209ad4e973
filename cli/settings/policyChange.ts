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
import { byRetentionText } from "../runs/kinds.js";
import { countOf, retentionText } from "../terminal/words.js";
import { previewPurge } from "../purges/preview.js";
import { nextPurgeText } from "../schedules/report.js";
import type {
  OwnRetentionDays,
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
  /** Of sessions that stay: counted only when the retention of visits or actions was lowered. */
  purgeableByRetention?: { visits: number; actions: number };
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
    current,
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
  const goesOn = await tellOfPurge(
    context,
    connection,
    options,
    current,
    patch,
  );
  return {
    revision: changed.revision,
    before: changed.before as Partial<Policy>,
    after: changed.after as Partial<Policy>,
    ...purgeable,
    ...(goesOn === undefined ? {} : { goesOn }),
  };
}

/** Says that a purge under way is not reached by a retention that is raised. */
async function tellOfPurge(
  context: CliContext,
  connection: Connection,
  options: PolicyChangeOptions,
  current: Policy,
  patch: Partial<Policy>,
): Promise<GoesOnJson | undefined> {
  const raised = RETENTIONS.filter(
    (field) =>
      patch[field] !== undefined && isLower(current[field], patch[field]),
  );
  if (raised.length === 0) return undefined;
  return await tellWhatGoesOn(context, connection, options, {
    kind: "purge",
    what: changesText(raised, current, patch, " was raised"),
    onlyKept: true,
  });
}

async function confirmLowering(
  context: CliContext,
  { client, options: { json = false } }: Connection,
  { yes = false }: PolicyChangeOptions,
  current: Policy,
  patch: Partial<Policy>,
): Promise<Pick<PolicyChanged, "purgeable" | "purgeableByRetention">> {
  const lowered = RETENTIONS.filter(
    (field) =>
      patch[field] !== undefined && isLower(patch[field], current[field]),
  );
  if (lowered.length === 0) return {};
  const { sessions, byRetention } = await previewPurge(client, { patch });
  const schedules = await client.query("schedules/show:list", {});
  const isOfSessions = lowered.includes("retentionDays");
  const isOfRows = lowered.some((field) => field !== "retentionDays");
  const change = changesText(lowered, current, patch);
  const older = [
    ...(isOfSessions ? [countOf(sessions, "session")] : []),
    ...(isOfRows
      ? [
          `${byRetentionText(byRetention)}${isOfSessions ? " of others" : " of sessions that stay"}`,
        ]
      : []),
  ].join(", and ");
  await confirmYes(
    context,
    { yes, json },
    `Lower ${change}? ${older} will be older than that; ${nextPurgeText(schedules)}.`,
  );
  return {
    ...(isOfSessions ? { purgeable: sessions } : {}),
    ...(isOfRows ? { purgeableByRetention: byRetention } : {}),
  };
}

const RETENTIONS = [
  "retentionDays",
  "visitRetentionDays",
  "actionRetentionDays",
] as const;

const OF = {
  retentionDays: "",
  visitRetentionDays: " of visits",
  actionRetentionDays: " of actions",
};

/** What becomes of these: the retention of visits from 30 days to 14 days, and … */
function changesText(
  fields: readonly (typeof RETENTIONS)[number][],
  current: Policy,
  patch: Partial<Policy>,
  verb = "",
): string {
  return fields
    .map((field) => {
      const to = patch[field] ?? current[field];
      return `the retention${OF[field]}${verb} from ${retentionText(current[field])} to ${retentionText(to)}`;
    })
    .join(", and ");
}

type Days = RetentionDays | OwnRetentionDays;

/** Whether less is kept: `never` and `session` keep as long as can be. */
function isLower(days: Days, previous: Days): boolean {
  if (typeof days === "string") return false;
  return typeof previous === "string" || days < previous;
}
