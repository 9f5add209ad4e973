/** The policy in force, who changed it and when. Schedules are changed by `schedules`, through here. */
import { v, type Infer, type Value } from "convex/values";
import type { Doc } from "../_generated/dataModel.js";
import {
  mutation,
  query,
  type MutationCtx,
  type QueryCtx,
} from "../_generated/server.js";
import { checkInteger, checkReason, fail } from "../shared/errors.js";
import { policyFault } from "./policy.js";
import {
  DEFAULT_SETTINGS,
  HOOK_NAMES,
  vPolicy,
  vSettings,
  type HookName,
  type Patch,
  type Policy,
  type Settings,
} from "../shared/shared.js";

export const vRevisedSettings = v.object({
  ...vSettings.fields,
  /** 0 while the defaults are in force. */
  revision: v.number(),
});

export const vChange = v.object({
  revision: v.number(),
  /** The changed fields only; empty when nothing changed. */
  before: v.any(),
  after: v.any(),
});
export type Change = Infer<typeof vChange>;

export const get = query({
  args: {},
  returns: vRevisedSettings,
  handler: (ctx) => readRevisedSettings(ctx),
});

/**
 * Changes what the patch names and leaves the rest.
 * @throws invalidSettings `{ field, value }`; revisionConflict `{ expected, actual, last }`
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

/** Newest first. */
export const log = query({
  args: { limit: v.optional(v.number()), before: v.optional(v.number()) },
  returns: v.array(
    v.object({
      revision: v.number(),
      at: v.number(),
      actor: v.string(),
      reason: v.optional(v.string()),
      before: v.any(),
      after: v.any(),
    }),
  ),
  handler: async (ctx, { limit = 50, before = Infinity }) => {
    const rows = await ctx.db
      .query("settingsLog")
      .withIndex("revision", (q) => q.lt("revision", before))
      .order("desc")
      .take(checkInteger("limit", limit, 1, 1_000));
    return rows.map(({ _id, _creationTime, ...entry }) => entry);
  },
});

const vHook = v.optional(v.union(v.string(), v.null()));

/** Sets or, with `null`, removes the app's hooks: handles of mutations that take `{ sessions }`. */
export const setHooks = mutation({
  args: { onExpired: vHook, onPurged: vHook },
  returns: v.null(),
  handler: async (ctx, hooks) => {
    await writeHooks(ctx, hooks);
    return null;
  },
});

// ── For the rest of the component ───────────────────────────────────────────

export async function readSettings(ctx: QueryCtx): Promise<Settings> {
  return (await settingsRow(ctx)) ?? DEFAULT_SETTINGS;
}

export async function readRevisedSettings(
  ctx: QueryCtx,
): Promise<Infer<typeof vRevisedSettings>> {
  const row = await settingsRow(ctx);
  if (row === null) return { ...DEFAULT_SETTINGS, revision: 0 };
  const { _id, _creationTime, onExpired, onPurged, ...settings } = row;
  return settings;
}

/** Absent: as it was. `null`: none any more. */
export async function writeHooks(
  ctx: MutationCtx,
  hooks: Partial<Record<HookName, string | null>>,
): Promise<void> {
  const row = await settingsRow(ctx);
  const patch: Patch<Pick<Doc<"settings">, HookName>> = {};
  for (const name of HOOK_NAMES) {
    const hook = hooks[name];
    if (hook !== undefined) patch[name] = hook ?? undefined;
  }
  if (Object.keys(patch).length === 0) return;
  if (row === null) {
    const settings = { ...DEFAULT_SETTINGS, revision: 0 };
    const inserted = await ctx.db.insert("settings", settings);
    await ctx.db.patch("settings", inserted, patch);
  } else {
    await ctx.db.patch("settings", row._id, patch);
  }
}

export async function readHook(
  ctx: QueryCtx,
  name: HookName,
): Promise<string | null> {
  return (await settingsRow(ctx))?.[name] ?? null;
}

/** @throws revisionConflict `{ expected, actual, last }` */
export async function checkRevision(
  ctx: QueryCtx,
  expected: number | undefined,
  actual: number,
): Promise<void> {
  if (expected === undefined || expected === actual) return;
  const last = await ctx.db
    .query("settingsLog")
    .withIndex("revision", (q) => q.eq("revision", actual))
    .unique();
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

/** Writes what differs, with its log entry. A patch that changes nothing writes nothing. */
export async function writeSettings(
  ctx: MutationCtx,
  patch: Partial<Settings>,
  by: { actor: string; reason?: string; expectedRevision?: number },
): Promise<Change> {
  checkReason(by.reason);
  const row = await settingsRow(ctx);
  const revision = row?.revision ?? 0;
  await checkRevision(ctx, by.expectedRevision, revision);

  const { before, after } = difference(row ?? DEFAULT_SETTINGS, patch);
  if (Object.keys(after).length === 0) return { revision, before, after };

  const next = revision + 1;
  if (row === null) {
    await ctx.db.insert("settings", {
      ...DEFAULT_SETTINGS,
      ...after,
      revision: next,
    });
  } else {
    await ctx.db.patch("settings", row._id, { ...after, revision: next });
  }
  await ctx.db.insert("settingsLog", {
    revision: next,
    at: Date.now(),
    actor: by.actor,
    ...(by.reason === undefined ? {} : { reason: by.reason }),
    before,
    after,
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

function settingsRow(ctx: QueryCtx) {
  return ctx.db.query("settings").withIndex("by_creation_time").unique();
}

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
