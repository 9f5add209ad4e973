/**
 * The settings in force: the overrides on top of the defaults. This module registers no function, so that a
 * heartbeat, which loads it, loads little.
 */
import type { Doc } from "../_generated/dataModel.js";
import type { QueryCtx } from "../_generated/server.js";
import type { HookName } from "../shared/hooks.js";
import type { Settings } from "../shared/settings.js";
import { withDefaults, type Overrides } from "./overrides.js";
import { overridesOfWhole } from "./wholeRows.js";

type RevisedSettings = Settings & {
  /** The number of changes so far; 0 while nobody has changed any setting. */
  revision: number;
};

export async function readSettings(ctx: QueryCtx): Promise<Settings> {
  return settingsOf(await settingsRow(ctx));
}

export function settingsOf(row: Doc<"settings"> | null): Settings {
  return withDefaults(overridesOf(row));
}

export async function readRevisedSettings(
  ctx: QueryCtx,
): Promise<RevisedSettings> {
  const row = await settingsRow(ctx);
  return { ...withDefaults(overridesOf(row)), revision: row?.revision ?? 0 };
}

/** The handle of one of the app's hooks; `null` where the app has no such hook. */
export async function readHook(
  ctx: QueryCtx,
  name: HookName,
): Promise<string | null> {
  return (await settingsRow(ctx))?.[name] ?? null;
}

/** The salt of the hash of addresses, which is there while `maxNewSessionsPerMinutePerAddress` is a number. */
export async function readAddressSalt(ctx: QueryCtx): Promise<string> {
  return (await settingsRow(ctx))?.addressSalt ?? "";
}

/** The row of the settings; `null` while nobody has changed any. */
export function settingsRow(ctx: QueryCtx): Promise<Doc<"settings"> | null> {
  return ctx.db.query("settings").withIndex("by_creation_time").unique();
}

export function overridesOf(row: Doc<"settings"> | null): Overrides {
  if (row === null) return {};
  const { _id, _creationTime, revision, addressSalt, ...stored } = row;
  const { onStarted, onExpired, onEnded, onPurged, onLinked, ...settings } =
    stored;
  const { overrides, ...whole } = settings;
  return overrides ?? overridesOfWhole(whole);
}
