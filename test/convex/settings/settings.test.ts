/** The settings: their defaults, the values allowed, the log of changes, and two operators at once. */
import { describe, expect, test, vi } from "vitest";
import {
  api,
  DAY_MS,
  fakeClock,
  HOUR_MS,
  MINUTE_MS,
} from "../support/fresh.js";
import type { Component } from "../support/rows.js";
import { setUpComponent } from "../support/setup.js";
import {
  DEFAULT_SETTINGS,
  type Policy,
} from "../../../convex/sessionTracker/shared/settings.js";

const START = Date.UTC(2026, 0, 1);

fakeClock(START);

describe("without a row", () => {
  test("the defaults are in force, at revision 0", async () => {
    const t = setUpComponent();
    const settings = await t.query(api.settings.settings.get, {});
    expect(settings).toEqual({ ...DEFAULT_SETTINGS, revision: 0 });
    expect(settings).toEqual({
      revision: 0,
      idleTimeoutMs: 30 * MINUTE_MS,
      retentionDays: 14,
      visitRetentionDays: "session",
      actionRetentionDays: "session",
      auditRetentionDays: 400,
      maxVisitMs: DAY_MS,
      touchAfterMs: 60_000,
      maxActionsPerSession: 10_000,
      maxMetadataBytes: 8_192,
      maxActionsPerMinute: 120,
      backlogAlertMs: 2 * DAY_MS,
      maxNewSessionsPerMinute: 6_000,
      maxNewSessionsPerMinutePerAddress: "never",
      pageSize: 1_000,
      schedules: {
        expire: { spec: "*/15 * * * *", timeZone: "UTC" },
        purge: { spec: "30 2 * * *", timeZone: "UTC" },
      },
    });
    expect(await settingsRows(t)).toEqual([]);
  });

  test("the first change writes the one row", async () => {
    const t = setUpComponent();
    await change(t, { retentionDays: 30 });
    expect(await settingsRows(t)).toMatchObject([
      { overrides: { retentionDays: 30 }, revision: 1 },
    ]);
    await change(t, { retentionDays: "never" });
    expect(await settingsRows(t)).toMatchObject([
      { overrides: { retentionDays: "never" }, revision: 2 },
    ]);
    expect(await t.query(api.settings.settings.get, {})).toEqual({
      ...DEFAULT_SETTINGS,
      retentionDays: "never",
      revision: 2,
    });
  });
});

describe("each field has its limits", () => {
  /** Other settings that let the field alone decide. */
  const longIdle = { idleTimeoutMs: 2 * HOUR_MS };
  const shortIdle = { idleTimeoutMs: MINUTE_MS, touchAfterMs: 0 };

  test.each<[keyof Policy, number | "never" | "session", Partial<Policy>]>([
    ["idleTimeoutMs", MINUTE_MS, { touchAfterMs: 0 }],
    ["idleTimeoutMs", 30 * DAY_MS, { retentionDays: "never" }],
    ["touchAfterMs", 0, {}],
    ["touchAfterMs", HOUR_MS, longIdle],
    ["touchAfterMs", 2 * MINUTE_MS - 1, { idleTimeoutMs: 2 * MINUTE_MS }],
    ["maxActionsPerSession", 0, {}],
    ["maxActionsPerSession", 1_000_000, {}],
    ["maxMetadataBytes", 0, {}],
    ["maxMetadataBytes", 524_288, {}],
    ["maxActionsPerMinute", 1, {}],
    ["maxActionsPerMinute", 1_000_000, {}],
    ["maxActionsPerMinute", "never", {}],
    ["backlogAlertMs", HOUR_MS, {}],
    ["backlogAlertMs", 365 * DAY_MS, {}],
    ["backlogAlertMs", "never", {}],
    ["maxNewSessionsPerMinute", 1, {}],
    ["maxNewSessionsPerMinute", 1_000_000, {}],
    ["maxNewSessionsPerMinute", "never", {}],
    ["maxNewSessionsPerMinutePerAddress", 1, {}],
    ["maxNewSessionsPerMinutePerAddress", 1_000_000, {}],
    ["maxNewSessionsPerMinutePerAddress", "never", {}],
    ["pageSize", 1, {}],
    ["pageSize", 3_000, {}],
    ["retentionDays", 1 / 24, shortIdle],
    ["retentionDays", 3_650, {}],
    ["retentionDays", "never", {}],
    ["retentionDays", 0.5, {}],
    ["visitRetentionDays", 1 / 24, {}],
    ["visitRetentionDays", 13.9, {}],
    ["visitRetentionDays", 3_650, { retentionDays: "never" }],
    ["actionRetentionDays", 1 / 24, {}],
    ["actionRetentionDays", 13.9, {}],
    ["actionRetentionDays", 3_650, { retentionDays: "never" }],
    ["actionRetentionDays", "session", { retentionDays: 1 }],
    ["auditRetentionDays", 1, {}],
    ["auditRetentionDays", 3_650, {}],
    ["auditRetentionDays", "never", {}],
  ])("%s takes %s", async (field, value, others) => {
    const t = setUpComponent();
    await change(t, { ...others, [field]: value });
    const settings = await t.query(api.settings.settings.get, {});
    expect(settings[field]).toBe(value);
  });

  test.each<[keyof Policy, number, Partial<Policy>]>([
    ["idleTimeoutMs", MINUTE_MS - 1, { touchAfterMs: 0 }],
    ["idleTimeoutMs", 30 * DAY_MS + 1, { retentionDays: "never" }],
    ["idleTimeoutMs", 90_000.5, {}],
    ["idleTimeoutMs", NaN, {}],
    ["touchAfterMs", -1, {}],
    ["touchAfterMs", HOUR_MS + 1, longIdle],
    ["touchAfterMs", 2 * MINUTE_MS, { idleTimeoutMs: 2 * MINUTE_MS }],
    ["maxActionsPerSession", -1, {}],
    ["maxActionsPerSession", 1_000_001, {}],
    ["maxActionsPerSession", Infinity, {}],
    ["maxMetadataBytes", -1, {}],
    ["maxMetadataBytes", 524_289, {}],
    ["maxActionsPerMinute", 0, {}],
    ["maxActionsPerMinute", 1.5, {}],
    ["maxActionsPerMinute", 1_000_001, {}],
    ["backlogAlertMs", HOUR_MS - 1, {}],
    ["backlogAlertMs", 365 * DAY_MS + 1, {}],
    ["maxNewSessionsPerMinute", 0, {}],
    ["maxNewSessionsPerMinute", Infinity, {}],
    ["maxNewSessionsPerMinute", 1_000_001, {}],
    ["maxNewSessionsPerMinutePerAddress", 0, {}],
    ["maxNewSessionsPerMinutePerAddress", 1_000_001, {}],
    ["pageSize", 0, {}],
    ["pageSize", 3_001, {}],
    ["retentionDays", 1 / 24 - 0.001, shortIdle],
    ["retentionDays", 3_651, {}],
    ["retentionDays", 0, {}],
    ["retentionDays", -1, {}],
    ["retentionDays", NaN, {}],
    ["retentionDays", 1 / 12, longIdle],
    ["visitRetentionDays", 1 / 24 - 0.001, {}],
    ["visitRetentionDays", 14, {}],
    ["visitRetentionDays", NaN, {}],
    ["visitRetentionDays", 3_651, { retentionDays: "never" }],
    ["actionRetentionDays", 1 / 24 - 0.001, {}],
    ["actionRetentionDays", 14, {}],
    ["actionRetentionDays", -1, {}],
    ["actionRetentionDays", 3_651, { retentionDays: "never" }],
    ["auditRetentionDays", 0.5, {}],
    ["auditRetentionDays", 3_651, {}],
  ])("%s refuses %s and changes nothing", async (field, value, others) => {
    const t = setUpComponent();
    const patch = { ...others, [field]: value };
    await expect(change(t, patch)).rejects.toMatchObject({
      data: {
        kind: "invalidSettings",
        field,
        value,
        message: expect.stringContaining(`got ${value}.`) as string,
      },
    });
    expect(await settingsRows(t)).toEqual([]);
    expect(await t.query(api.settings.settings.log, {})).toEqual([]);
  });

  test.each<[string, Partial<Policy>, Partial<Policy>, keyof Policy]>([
    [
      "an idleTimeout not above touchAfter",
      { touchAfterMs: HOUR_MS - 1, idleTimeoutMs: HOUR_MS },
      { idleTimeoutMs: HOUR_MS - 1 },
      "idleTimeoutMs",
    ],
    [
      "a touchAfter not below the idleTimeout",
      { idleTimeoutMs: HOUR_MS },
      { touchAfterMs: HOUR_MS },
      "touchAfterMs",
    ],
    [
      "an idleTimeout as long as the retention",
      { retentionDays: 1 },
      { idleTimeoutMs: DAY_MS },
      "idleTimeoutMs",
    ],
    [
      "a retention as short as the idleTimeout",
      { idleTimeoutMs: DAY_MS },
      { retentionDays: 1 },
      "retentionDays",
    ],
    [
      "a retention as short as that of visits",
      { visitRetentionDays: 7 },
      { retentionDays: 7 },
      "retentionDays",
    ],
    [
      "a retention of sessions that were kept for ever, below that of actions",
      { retentionDays: "never", actionRetentionDays: 30 },
      { retentionDays: 14 },
      "retentionDays",
    ],
    [
      "a retention of actions as long as that of sessions, set with it",
      {},
      { retentionDays: 10, actionRetentionDays: 10 },
      "actionRetentionDays",
    ],
    [
      "an idleTimeout below touchAfter beside a retention that fits",
      { touchAfterMs: HOUR_MS - 1, idleTimeoutMs: HOUR_MS },
      { retentionDays: 1, idleTimeoutMs: HOUR_MS / 2 },
      "idleTimeoutMs",
    ],
  ])(
    "a patch is checked together with the settings that stay: %s is refused",
    async (_, first, second, field) => {
      const t = setUpComponent();
      await change(t, first);
      await expect(change(t, second)).rejects.toMatchObject({
        data: { kind: "invalidSettings", field },
      });
    },
  );
});

describe("a change", () => {
  test("is a patch, and returns the values before and after", async () => {
    const t = setUpComponent();
    const patch = { retentionDays: 30, pageSize: 1_000, touchAfterMs: 5_000 };
    expect(await change(t, patch)).toEqual({
      revision: 1,
      before: { retentionDays: 14, touchAfterMs: 60_000 },
      after: { retentionDays: 30, touchAfterMs: 5_000 },
    });
  });

  test.each<[string, Partial<Policy>]>([
    ["without fields", {}],
    ["to the values in force", { retentionDays: 14, pageSize: 1_000 }],
  ])("%s writes no row", async (_, patch) => {
    const t = setUpComponent();
    const nothing = { before: {}, after: {} };
    expect(await change(t, patch)).toEqual({ revision: 0, ...nothing });
    expect(await settingsRows(t)).toEqual([]);

    await change(t, { retentionDays: 30 });
    const rows = await settingsRows(t);
    const again = { retentionDays: 30 };
    expect(await change(t, again)).toEqual({ revision: 1, ...nothing });
    expect(await settingsRows(t)).toEqual(rows);
    expect(await t.query(api.settings.settings.log, {})).toHaveLength(1);
  });

  test("with the revision in force expected is applied", async () => {
    const t = setUpComponent();
    for (const expectedRevision of [0, 1, 2]) {
      const retentionDays = 20 + expectedRevision;
      const done = await change(t, { retentionDays }, { expectedRevision });
      expect(done.revision).toBe(expectedRevision + 1);
    }
  });

  test("with an older revision expected is refused with the last change", async () => {
    const t = setUpComponent();
    const ada = { actor: "ada", reason: "GDPR", expectedRevision: 0 };
    await change(t, { retentionDays: 7, pageSize: 500 }, ada);
    const grace = { actor: "grace", expectedRevision: 0 };
    await expect(change(t, { retentionDays: 30 }, grace)).rejects.toMatchObject(
      {
        data: {
          kind: "revisionConflict",
          expected: 0,
          actual: 1,
          last: {
            actor: "ada",
            at: START,
            after: { retentionDays: 7, pageSize: 500 },
          },
          message:
            "The settings are at revision 1, not 0: ada changed pageSize, retentionDays. Look again, then repeat the change.",
        },
      },
    );
    expect(await t.query(api.settings.settings.get, {})).toMatchObject({
      retentionDays: 7,
      revision: 1,
    });
  });

  test("with an unknown revision expected is refused, even where it changes nothing", async () => {
    const t = setUpComponent();
    await expect(change(t, {}, { expectedRevision: 3 })).rejects.toMatchObject({
      data: { kind: "revisionConflict", expected: 3, actual: 0, last: null },
    });
  });
});

describe("the log", () => {
  test("names actor, reason and time of each change, newest first", async () => {
    const t = setUpComponent();
    await change(t, { retentionDays: 7 }, { actor: "ada", reason: "GDPR" });
    vi.setSystemTime(START + HOUR_MS);
    await change(t, { retentionDays: "never" }, { actor: "grace" });
    expect(await t.query(api.settings.settings.log, {})).toEqual([
      {
        revision: 2,
        at: START + HOUR_MS,
        actor: "grace",
        before: { retentionDays: 7 },
        after: { retentionDays: "never" },
      },
      {
        revision: 1,
        at: START,
        actor: "ada",
        reason: "GDPR",
        before: { retentionDays: 14 },
        after: { retentionDays: 7 },
      },
    ]);
  });

  test("holds changes of schedules too, with the same revisions", async () => {
    const t = setUpComponent();
    await change(t, { retentionDays: 7 });
    const pause = { name: "purge", reason: "audit", actor: "ada" } as const;
    const { revision } = await t.mutation(api.schedules.change.pause, pause);
    expect(revision).toBe(2);
    const [latest] = await t.query(api.settings.settings.log, { limit: 1 });
    expect(latest).toMatchObject({ revision: 2, reason: "audit" });
  });

  test("is read in pages that lose and repeat no change", async () => {
    const t = setUpComponent();
    for (let days = 1; days <= 5; days++) {
      await change(t, { retentionDays: days });
    }
    const revisions: number[] = [];
    let before = Infinity;
    for (let page = 0; page < 3; page++) {
      const log = await t.query(api.settings.settings.log, {
        limit: 2,
        before,
      });
      revisions.push(...log.map(({ revision }) => revision));
      before = revisions.at(-1) ?? 0;
    }
    expect(revisions).toEqual([5, 4, 3, 2, 1]);
  });

  test.each([[0], [1_001], [2.5]])("refuses a limit of %d", async (limit) => {
    await expect(
      setUpComponent().query(api.settings.settings.log, { limit }),
    ).rejects.toMatchObject({
      data: { kind: "invalidArgument", argument: "limit" },
    });
  });
});

describe("hooks", () => {
  test("are stored beside the settings, and are not returned by get", async () => {
    const t = setUpComponent();
    await t.mutation(api.settings.settings.setHooks, {
      onExpired: "function://;a:b",
    });
    expect(await settingsRows(t)).toMatchObject([
      { onExpired: "function://;a:b", revision: 0 },
    ]);
    const settings = await t.query(api.settings.settings.get, {});
    expect(settings).toEqual({ ...DEFAULT_SETTINGS, revision: 0 });
  });

  test("given none write no row", async () => {
    const t = setUpComponent();
    await t.mutation(api.settings.settings.setHooks, {});
    expect(await settingsRows(t)).toEqual([]);
  });

  test("left out are kept, null are removed, and changes of settings keep them", async () => {
    const t = setUpComponent();
    const both = { onExpired: "function://;a:b", onPurged: "function://;a:c" };
    await t.mutation(api.settings.settings.setHooks, both);
    await change(t, { retentionDays: 7 });
    await t.mutation(api.settings.settings.setHooks, {});
    expect(await settingsRows(t)).toMatchObject([both]);

    await t.mutation(api.settings.settings.setHooks, { onExpired: null });
    const [row] = await settingsRows(t);
    expect(row).not.toHaveProperty("onExpired");
    expect(row).toMatchObject({
      onPurged: both.onPurged,
      overrides: { retentionDays: 7 },
    });
  });
});

// ── Helpers ─────────────────────────────────────────────────────────────────

interface By {
  actor?: string;
  reason?: string;
  expectedRevision?: number;
}

function change(t: Component, patch: Partial<Policy>, by: By = {}) {
  return t.mutation(api.settings.settings.change, {
    patch,
    actor: "ada",
    ...by,
  });
}

function settingsRows(t: Component) {
  return t.run((ctx) => ctx.db.query("settings").collect());
}
