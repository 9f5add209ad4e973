/**
 * The settings: reading and changing them, and what the audit log has of their changes. The room `schedules`
 * changes schedules through here.
 */
import type { WithoutSystemFields } from "convex/server";
import { v, type Infer, type Value } from "convex/values";
import type { Doc } from "../_generated/dataModel.js";
import {
  mutation,
  query,
  type MutationCtx,
  type QueryCtx,
} from "../_generated/server.js";
import { checkInteger, checkReason, fail } from "../shared/errors.js";
import { HOOK_NAMES, type HookName } from "../shared/hooks.js";
import { MAX_LISTED } from "../shared/limits.js";
import {
  type Policy,
  type Settings,
  vPolicy,
  vSettings,
} from "../shared/settings.js";
import { audit } from "../rows/audit.js";
import { tellWebhooks } from "../rows/outbox/outbox.js";
import {
  isOfSchedules,
  readChanges,
  toldChange,
  vLoggedChange,
} from "./changes.js";
import {
  overridesOf,
  readRevisedSettings,
  readSettings,
  settingsRow,
} from "./inForce.js";
import { override, withDefaults, type Overrides } from "./overrides.js";
import { policyFault } from "./policy.js";

const vChange = v.object({
  /** The revision after the change; the one before it where nothing changed. */
  revision: v.number(),
  // The changed settings only, by name; both are empty where nothing changed.
  before: v.any(),
  after: v.any(),
});
export type Change = Infer<typeof vChange>;

/** Not beside what reads them, which visitors' functions load. */
export const vRevisedSettings = v.object({
  ...vSettings.fields,
  /** The number of changes so far; 0 while nobody has changed any setting. */
  revision: v.number(),
});

/** All settings in force, the defaults included, with their revision. */
export const get = query({
  args: {},
  returns: vRevisedSettings,
  handler: (ctx) => readRevisedSettings(ctx),
});

/**
 * Changes the settings that the patch names and leaves the others. A lease keeps the `touchAfterMs` and
 * `idleTimeoutMs` that its visit started with; runs go by the new settings at once.
 * @throws invalidSettings `{ field, value }`; revisionConflict `{ expected, actual, last }`; invalidArgument
 */
export const change = mutation({
  args: {
    patch: vPolicy.partial(),
    actor: v.string(),
    reason: v.optional(v.string()),
    expectedRevision: v.optional(v.number()),
  },
  returns: vChange,
  handler: async (ctx, { patch, ...by }) => {
    checkPolicy({ ...(await readSettings(ctx)), ...patch }, patch);
    return await writeSettings(ctx, patch, by);
  },
});

/**
 * The changes of settings and schedules in the audit log, newest first: the last 50 changes, or `limit` of them, up to 1,000.
 * @throws invalidArgument
 */
export const log = query({
  args: { limit: v.optional(v.number()), before: v.optional(v.number()) },
  returns: v.array(vLoggedChange),
  handler: (ctx, { limit = 50, before = Infinity }) =>
    readChanges(ctx, before, checkInteger("limit", limit, 1, MAX_LISTED)),
});

const vHook = v.optional(v.union(v.string(), v.null()));

/**
 * Sets the app's hooks: handles of mutations that take `{ sessions }`. `null` removes a hook; a hook left out stays
 * as it is.
 */
export const setHooks = mutation({
  args: {
    onStarted: vHook,
    onExpired: vHook,
    onEnded: vHook,
    onPurged: vHook,
    onLinked: vHook,
    /** Who does it, for the audit log. @default app */
    actor: v.optional(v.string()),
  },
  returns: v.null(),
  handler: async (ctx, { actor = "app", ...hooks }) => {
    await writeHooks(ctx, hooks, { actor });
    return null;
  },
});

// ── For the rest of the component ───────────────────────────────────────────

/** Writes the hooks: `null` removes a hook; a hook left out stays as it is. Each change is audited. */
export async function writeHooks(
  ctx: MutationCtx,
  hooks: Partial<Record<HookName, string | null>>,
  by: { actor: string; reason?: string | undefined },
): Promise<void> {
  const row = await settingsRow(ctx);
  const next = hooksOf(row);
  for (const name of HOOK_NAMES) {
    const hook = hooks[name];
    if (hook === null) delete next[name];
    else if (hook !== undefined) next[name] = hook;
  }
  if (Object.values(hooks).every((hook) => hook === undefined)) return;
  // A hook that is set anew has not failed yet.
  const failures = await ctx.db
    .query("hookFailures")
    .withIndex("hook")
    .take(HOOK_NAMES.length);
  for (const { _id, hook } of failures) {
    if (hooks[hook] !== undefined) await ctx.db.delete("hookFailures", _id);
  }
  await writeRow(ctx, row, {
    overrides: overridesOf(row),
    revision: row?.revision ?? 0,
    ...next,
  });
  const was = hooksOf(row);
  for (const name of HOOK_NAMES) {
    if (was[name] === next[name]) continue;
    await audit(ctx, {
      what: "hooks.changed",
      actor: by.actor,
      ...(by.reason === undefined ? {} : { reason: by.reason }),
      target: name,
      before: { handle: was[name] ?? null },
      after: { handle: next[name] ?? null },
    });
  }
}

/**
 * Refuses an operation that is based on settings which have changed since.
 * @param expected the revision that the operation is based on; `undefined` for any
 * @throws revisionConflict `{ expected, actual, last }`, where `last` is the last change, or `null`
 */
export async function checkRevision(
  ctx: QueryCtx,
  expected: number | undefined,
  actual: number,
): Promise<void> {
  if (expected === undefined || expected === actual) return;
  const [newest] = await readChanges(ctx, Infinity, 1);
  const last = newest?.revision === actual ? newest : null;
  const who =
    last === null
      ? ""
      : `: ${last.actor} changed ${Object.keys(last.after as object).join(", ")}`;
  fail(
    "revisionConflict",
    `The settings are at revision ${actual}, not ${expected}${who}. Look again, then repeat the change.`,
    {
      expected,
      actual,
      last:
        last === null
          ? null
          : {
              actor: last.actor,
              at: last.at,
              after: last.after as Record<string, Value>,
            },
    },
  );
}

/**
 * Writes the settings of a patch that differ from those in force, and a log entry, and tells webhooks. Where none
 * differs, writes nothing. The caller has checked the values.
 * @throws revisionConflict `{ expected, actual, last }`; invalidArgument for an empty reason
 */
export async function writeSettings(
  ctx: MutationCtx,
  patch: Partial<Settings>,
  by: { actor: string; reason?: string; expectedRevision?: number },
): Promise<Change> {
  checkReason(by.reason);
  const row = await settingsRow(ctx);
  const revision = row?.revision ?? 0;
  await checkRevision(ctx, by.expectedRevision, revision);

  const overrides = overridesOf(row);
  const current = withDefaults(overrides);
  const { before, after } = difference(current, patch);
  if (Object.keys(after).length === 0) return { revision, before, after };

  const next = revision + 1;
  await writeRow(ctx, row, {
    overrides: override(overrides, current, { ...current, ...after }),
    revision: next,
    ...hooksOf(row),
  });
  await audit(ctx, {
    what: isOfSchedules(after) ? "schedule.changed" : "settings.changed",
    actor: by.actor,
    ...(by.reason === undefined ? {} : { reason: by.reason }),
    before,
    after,
    revision: next,
  });
  await tellWebhooks(ctx, {
    type: "settings.changed",
    data: {
      revision: next,
      actor: by.actor,
      ...toldChange(before, after),
    },
  });
  return { revision: next, before, after };
}

// ── Helpers ─────────────────────────────────────────────────────────────────

function checkPolicy(policy: Policy, changed: Partial<Policy>): void {
  const fault = policyFault(policy, changed);
  if (fault === null) return;
  const { field, value, message } = fault;
  fail("invalidSettings", message, { field, value });
}

type Row = WithoutSystemFields<Doc<"settings">>;
type Hooks = Pick<Row, HookName>;

function hooksOf(row: Doc<"settings"> | null): Hooks {
  const hooks: Hooks = {};
  for (const name of HOOK_NAMES) {
    const hook = row?.[name];
    if (hook !== undefined) hooks[name] = hook;
  }
  return hooks;
}

/**
 * Replaces the whole row, so that a row of 0.1 becomes a row of overrides. A salt that there is stays; one is drawn
 * once addresses are to be hashed.
 */
async function writeRow(
  ctx: MutationCtx,
  before: Doc<"settings"> | null,
  row: Row & { overrides: Overrides },
): Promise<void> {
  const { maxNewSessionsPerMinutePerAddress = "never" } = row.overrides;
  const addressSalt =
    before?.addressSalt ??
    (maxNewSessionsPerMinutePerAddress === "never"
      ? undefined
      : crypto.randomUUID());
  const next = addressSalt === undefined ? row : { ...row, addressSalt };
  if (before === null) await ctx.db.insert("settings", next);
  else await ctx.db.replace("settings", before._id, next);
}

/** The settings of a patch that differ from the current ones, with the values before and after. */
function difference(current: Settings, patch: Partial<Settings>) {
  const before: Partial<Settings> = {};
  const after: Partial<Settings> = {};
  const copy = <Field extends keyof Settings>(field: Field) => {
    const value = patch[field];
    if (value === undefined) return;
    if (JSON.stringify(value) === JSON.stringify(current[field])) return;
    before[field] = current[field];
    after[field] = value;
  };
  for (const field of Object.keys(patch)) copy(field as keyof Settings);
  return { before, after };
}
