/** Overrides: which settings are stored, and how a later version reads them. */
import { describe, expect, onTestFinished, test } from "vitest";
import { vOverrides } from "../../../convex/sessionTracker/settings/overrides.js";
import { vWholeRow } from "../../../convex/sessionTracker/settings/wholeRows.js";
import { api, fakeClock, MINUTE_MS } from "../support/fresh.js";
import type { Component } from "../support/rows.js";
import { setUpComponent } from "../support/setup.js";
import {
  DEFAULT_SETTINGS,
  type Policy,
} from "../../../convex/sessionTracker/shared/settings.js";

const START = Date.UTC(2026, 0, 1);

fakeClock(START);

describe("a settings row stores only the values that were set", () => {
  test("of the policy, with and without hooks", async () => {
    const t = setUpComponent();
    const onPurged = "function://;a:b";
    await t.mutation(api.settings.settings.setHooks, { onPurged });
    expect(await overrides(t)).toEqual({});
    await change(t, { pageSize: 500 });
    await change(t, { touchAfterMs: 5_000, maxMetadataBytes: 0 });
    expect(await overrides(t)).toEqual({
      pageSize: 500,
      touchAfterMs: 5_000,
      maxMetadataBytes: 0,
    });
  });

  test("of schedules, field by field", async () => {
    const t = setUpComponent();
    const set = api.schedules.change.set;
    const expire = { name: "expire", actor: "ada" } as const;
    await t.mutation(set, { ...expire, timeZone: "Europe/Berlin" });
    expect(await overrides(t)).toEqual({
      schedules: { expire: { timeZone: "Europe/Berlin" } },
    });
    const purge = { name: "purge", actor: "ada" } as const;
    await t.mutation(set, { ...purge, spec: "0 4 * * *" });
    expect(await overrides(t)).toEqual({
      schedules: {
        expire: { timeZone: "Europe/Berlin" },
        purge: { spec: "0 4 * * *" },
      },
    });
  });

  test("but nothing of a pause that is over", async () => {
    const t = setUpComponent();
    const purge = { name: "purge", actor: "ada" } as const;
    const paused = { ...purge, reason: "audit" };
    await t.mutation(api.schedules.change.pause, paused);
    expect(await overrides(t)).toEqual({
      schedules: {
        purge: { paused: { reason: "audit", actor: "ada", at: START } },
      },
    });
    await t.mutation(api.schedules.change.resume, purge);
    expect(await overrides(t)).toEqual({});
  });

  test("and keeps a value that is set to its default again", async () => {
    const t = setUpComponent();
    await change(t, { retentionDays: 30 });
    await change(t, { retentionDays: DEFAULT_SETTINGS.retentionDays });
    expect(await overrides(t)).toEqual({ retentionDays: 14 });
  });
});

describe("a later version", () => {
  test("applies a new default where the value was not set", async () => {
    const t = setUpComponent();
    const onPurged = "function://;a:b";
    await t.mutation(api.settings.settings.setHooks, { onPurged });
    await change(t, { retentionDays: 30 });
    const purge = { name: "purge", spec: "0 4 * * *", actor: "ada" } as const;
    await t.mutation(api.schedules.change.set, purge);
    changeDefaults();
    expect(await t.query(api.settings.settings.get, {})).toMatchObject({
      retentionDays: 30,
      pageSize: 250,
      schedules: { purge: { spec: "0 4 * * *", timeZone: "Europe/Berlin" } },
    });
  });

  test("may add a setting that stored rows do not have", () => {
    const { schedules, ...policy } = vOverrides.fields;
    const ofSchedules = Object.values(schedules.fields);
    const fields = [
      schedules,
      ...Object.values(policy),
      ...ofSchedules,
      ...ofSchedules.flatMap((schedule) => Object.values(schedule.fields)),
      ...Object.values(vWholeRow.fields),
    ];
    expect(new Set(fields.map((field) => field.isOptional))).toEqual(
      new Set(["optional"]),
    );
  });
});

describe("a row of 0.1, with all values", () => {
  const hooks = { onExpired: "function://;a:b", onPurged: "function://;a:c" };
  const paused = { reason: "audit", actor: "ada", at: START };
  const whole = {
    idleTimeoutMs: 30 * MINUTE_MS,
    retentionDays: 21,
    touchAfterMs: MINUTE_MS,
    maxActionsPerSession: 500,
    maxMetadataBytes: 8_192,
    pageSize: 1_000,
    schedules: {
      expire: { spec: "*/15 * * * *", timeZone: "UTC", paused },
      purge: { spec: "30 2 * * *", timeZone: "Europe/Berlin" },
    },
  };
  const set = {
    retentionDays: 21,
    maxActionsPerSession: 500,
    schedules: {
      expire: { paused },
      purge: { timeZone: "Europe/Berlin" },
    },
  };

  async function setUpWhole() {
    const t = setUpComponent();
    await t.run(async (ctx) => {
      await ctx.db.insert("settings", { ...whole, ...hooks, revision: 4 });
    });
    return t;
  }

  test("is read unchanged", async () => {
    const t = await setUpWhole();
    const settings = await t.query(api.settings.settings.get, {});
    expect(settings).toEqual({ ...DEFAULT_SETTINGS, ...whole, revision: 4 });
    expect(await overrides(t)).toBeUndefined();
  });

  test("becomes overrides at the next change, and only the change is logged", async () => {
    const t = await setUpWhole();
    expect(await change(t, { pageSize: 500 })).toEqual({
      revision: 5,
      before: { pageSize: 1_000 },
      after: { pageSize: 500 },
    });
    const [row] = await settingsRows(t);
    const { _id, _creationTime, ...stored } = row!;
    expect(stored).toEqual({
      overrides: { ...set, pageSize: 500 },
      revision: 5,
      ...hooks,
    });
    expect(await t.query(api.settings.settings.get, {})).toEqual({
      ...DEFAULT_SETTINGS,
      ...whole,
      pageSize: 500,
      revision: 5,
    });
  });

  test("becomes overrides at the next change of hooks", async () => {
    const t = await setUpWhole();
    await t.mutation(api.settings.settings.setHooks, { onExpired: null });
    const [row] = await settingsRows(t);
    const { _id, _creationTime, ...stored } = row!;
    const { onPurged } = hooks;
    expect(stored).toEqual({ overrides: set, revision: 4, onPurged });
  });

  test("follows a new default where the value was not set, before and after it becomes overrides", async () => {
    const t = await setUpWhole();
    changeDefaults();
    const expected = {
      retentionDays: 21,
      pageSize: 250,
      schedules: { expire: { paused }, purge: { timeZone: "Europe/Berlin" } },
    };
    const settings = () => t.query(api.settings.settings.get, {});
    expect(await settings()).toMatchObject(expected);
    await change(t, { maxMetadataBytes: 0 });
    expect(await settings()).toMatchObject(expected);
  });
});

// ── Helpers ─────────────────────────────────────────────────────────────────

function change(t: Component, patch: Partial<Policy>) {
  return t.mutation(api.settings.settings.change, { patch, actor: "ada" });
}

async function overrides(t: Component) {
  return (await settingsRows(t))[0]?.overrides;
}

/** Changes a default, as a later version might. */
function changeDefaults(): void {
  const { schedules } = DEFAULT_SETTINGS;
  const before = { ...DEFAULT_SETTINGS };
  onTestFinished(() => {
    Object.assign(DEFAULT_SETTINGS, before);
  });
  const purge = { spec: "0 5 * * *", timeZone: "Europe/Berlin" };
  Object.assign(DEFAULT_SETTINGS, {
    retentionDays: 7,
    pageSize: 250,
    schedules: { ...schedules, purge },
  });
}

function settingsRows(t: Component) {
  return t.run((ctx) => ctx.db.query("settings").collect());
}
