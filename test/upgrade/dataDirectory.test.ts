/**
 * Today's app, deployed over the data directory of an earlier version, see `makeDirectory`: its settings were
 * one row of all values, and its functions were in other modules, by whose names crons and jobs call them.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { openDeployment } from "@sessions-ops/embedded";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Status } from "../../convex/sessionTracker/operator/status.js";
import { FakeClock } from "../../embedded/test/support/fakeClock.js";
import type { Run } from "../../convex/sessionTracker/shared/runs/run.js";
import type { Session } from "../../convex/sessionTracker/shared/sessions.js";
import type { RunKind } from "../../convex/sessionTracker/shared/runs/kinds.js";
import { unpackDirectory } from "./directoryFile.js";
import { deployApp, Driven } from "./drive.js";
import {
  CLOSED_AT,
  HOUR_MS,
  MINUTE_MS,
  OPENED_AT,
  PAUSED_UNTIL,
  PURGED_BEFORE,
  REOPENED_AT,
} from "./timeline.js";

const ROOT = path.join(import.meta.dirname, "../..");
const PACKED = path.join(import.meta.dirname, "dataDirectory.br");

const clock = new FakeClock(REOPENED_AT);
let dataDir: string;
let driven: Driven;

// The tests tell one story, in order.
beforeAll(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), "upgrade-"));
  await unpackDirectory(PACKED, dataDir);
  const options = { dataDir, port: 0, clock, holdJobs: true };
  const deployment = await openDeployment(options);
  driven = new Driven(deployment, clock);
  // The deploy is refused if one of the stored rows does not match the schema.
  await deployApp(ROOT, deployment);
}, 120_000);
afterAll(async () => {
  await driven.deployment.close();
  await rm(dataDir, { recursive: true });
});

const SETTINGS = {
  revision: 7,
  idleTimeoutMs: 1_800_000,
  retentionDays: 21,
  touchAfterMs: 60_000,
  maxActionsPerSession: 500,
  maxMetadataBytes: 8_192,
  pageSize: 1_000,
  schedules: {
    expire: { spec: "*/10 * * * *", timeZone: "UTC" },
    purge: {
      spec: "40 * * * *",
      timeZone: "Europe/Berlin",
      paused: {
        reason: "moving",
        actor: "ben",
        at: OPENED_AT + 36 * MINUTE_MS,
        until: PAUSED_UNTIL,
      },
    },
  },
};

/** Settings that the earlier version did not have: they are at their defaults. */
const NEW_SETTINGS = {
  maxVisitMs: 86_400_000,
  visitRetentionDays: "session",
  actionRetentionDays: "session",
  auditRetentionDays: 400,
  maxActionsPerMinute: 120,
  backlogAlertMs: 172_800_000,
  maxNewSessionsPerMinute: 6_000,
  maxNewSessionsPerMinutePerAddress: "never",
};

describe("an upgraded data directory, before any job is due", () => {
  test("settings and their log read as before the upgrade", async () => {
    expect(await settings()).toEqual({ ...SETTINGS, ...NEW_SETTINGS });
    const log = await driven.component<{ revision: number }[]>(
      "settings/settings:log",
    );
    expect(log.map(({ revision }) => revision)).toEqual([7, 6, 5, 4, 3, 2, 1]);
    expect(log).toMatchObject([
      { actor: "ben", reason: "moving" },
      { actor: "ben" },
      { actor: "ada" },
      { before: { pageSize: 8 }, after: { pageSize: 1_000 } },
      { before: { pageSize: 1_000 }, after: { pageSize: 8 } },
      { after: { retentionDays: 21, maxActionsPerSession: 500 } },
      { before: { retentionDays: 14 }, after: { retentionDays: 20 } },
    ]);
  });

  test("sessions, runs and counts read as before the upgrade", async () => {
    const status = await driven.component<Status>("operator/status:get");
    expect(status.sessions).toEqual({
      total: 36,
      active: 3,
      expired: 31,
      ended: 2,
    });
    expect(await runs()).toMatchObject([
      { kind: "purge", status: "running", sessions: 20, expected: 40 },
      { kind: "expire", status: "completed", sessions: 1, actor: "schedule" },
      { kind: "purge", status: "completed", sessions: 12, actor: "ada" },
    ]);
    expect(await session("left")).toMatchObject({
      state: "ended",
      endReason: "logout",
      userId: "user-1",
      actionCount: 2,
    });
    expect(await session("forgotten")).toBeNull();
  });

  test("visitors continue their sessions", async () => {
    expect(await track("anna")).toMatchObject({ ok: true, state: "touched" });
    expect(await track("anna")).toMatchObject({ ok: true, state: "unchanged" });
    expect(await track("bert")).toMatchObject({ ok: true, state: "touched" });
    expect(await track("idle")).toMatchObject({ ok: true, state: "revived" });
    expect(await track("gone")).toMatchObject({ ok: true, state: "revived" });
    const acted = { anonymousId: "anna", action: "stay" };
    expect(await driven.app("sessions:trackUserAction", acted)).toMatchObject({
      ok: true,
    });
    expect(await session("anna")).toMatchObject({
      state: "active",
      visits: 1,
      lease: { lastActive: REOPENED_AT, actionCount: 2 },
    });
    expect(await session("idle")).toMatchObject({ state: "active", visits: 2 });
  });
});

test("changing a setting keeps the settings made before the upgrade, and the defaults of the rest", async () => {
  const { purge } = SETTINGS.schedules;
  const [before] = await driven.rows<{ onPurged: string }>("settings");
  const { revision, ...whole } = SETTINGS;
  expect(before).toMatchObject({ ...whole, revision });
  await driven.component("settings/settings:change", {
    patch: { maxMetadataBytes: 4_096 },
    actor: "ada",
  });
  const [{ _id, _creationTime, ...after }] = (await driven.rows<
    Record<string, unknown>
  >("settings")) as [Record<string, unknown>];
  expect(after).toEqual({
    overrides: {
      retentionDays: 21,
      maxActionsPerSession: 500,
      maxMetadataBytes: 4_096,
      schedules: { expire: { spec: "*/10 * * * *" }, purge },
    },
    revision: 8,
    onPurged: before?.onPurged,
  });
  const changed = {
    ...SETTINGS,
    ...NEW_SETTINGS,
    maxMetadataBytes: 4_096,
    revision: 8,
  };
  expect(await settings()).toEqual(changed);
});

test("the audit log begins with the changes of settings from before the upgrade, and goes on with its revisions", async () => {
  const read = async (args: { what: string[]; limit: number }) =>
    (
      await driven.component<{ entries: { revision?: number }[] }>(
        "operator/log:page",
        args,
      )
    ).entries;
  const what = ["settings.changed", "schedule.changed"];
  const changes = await read({ what, limit: 20 });
  expect(changes.map(({ revision }) => revision)).toEqual([
    8, 7, 6, 5, 4, 3, 2, 1,
  ]);
  expect(changes.slice(0, 3)).toMatchObject([
    { what: "settings.changed", actor: "ada" },
    { what: "schedule.changed", actor: "ben", reason: "moving" },
    { what: "schedule.changed", actor: "ben" },
  ]);
  expect(await read({ what: ["schedule.changed"], limit: 2 })).toMatchObject([
    { revision: 7 },
    { revision: 6 },
  ]);
});

describe("an upgraded data directory, as time goes on", () => {
  test("a run that was under way ends by itself, with exact counts", async () => {
    await driven.deployment.startJobs();
    await driven.pass(15 * MINUTE_MS);
    const [run] = (await runs()).filter(
      ({ trigger }) => trigger === "operator",
    );
    expect(run).toMatchObject({
      cutoff: PURGED_BEFORE,
      status: "completed",
      sessions: 40,
      actions: 80,
      quarantined: 0,
      errors: [],
    });
    const purged = await driven.app<string[]>("marks:purged");
    const old = purged.filter((name) => name.startsWith("old-"));
    expect(old.toSorted()).toEqual(names("old", 40).toSorted());
  });

  test("the fires that the expire schedule missed are made up for once", async () => {
    const at = CLOSED_AT - 15 * MINUTE_MS;
    expect(await session("dozing")).toMatchObject({
      state: "expired",
      inactiveSince: at,
      // Its lease did not say when the visit started: when it was made.
      lastVisit: { startedAt: at, endedAt: at, actions: 0, why: "idle" },
    });
    expect(
      await driven.component("operator/export:days", { after: null }),
    ).toMatchObject([{ day: "2026-01-20", newVisitors: 1, visits: 1 }]);
    expect(await runsBySchedule("expire", REOPENED_AT)).toMatchObject([
      { startedAt: REOPENED_AT, sessions: 1 },
    ]);
  });

  test("each later fire comes at its time, once", async () => {
    // It is 01:35: each of these visitors is idle by one of the fires of 02:10 to 02:30.
    for (let n = 0; n < 3; n += 1) {
      await track(`next-${n}`);
      await driven.pass(10 * MINUTE_MS);
    }
    await driven.pass(REOPENED_AT + 75 * MINUTE_MS - clock.now());
    const after = REOPENED_AT + 45 * MINUTE_MS;
    const started = await runsBySchedule("expire", after);
    expect(started.map(({ startedAt }) => startedAt)).toEqual(
      [70, 80, 90].map((minutes) => OPENED_AT + HOUR_MS + minutes * MINUTE_MS),
    );
  });

  test("a paused schedule begins again after its pause", async () => {
    expect(await runsBySchedule("purge", REOPENED_AT)).toEqual([]);
    const due = PAUSED_UNTIL + 40 * MINUTE_MS;
    await driven.pass(due + 30 * MINUTE_MS - clock.now());
    expect(await runsBySchedule("purge", REOPENED_AT)).toMatchObject([
      { startedAt: due, status: "completed", sessions: 5, actions: 10 },
    ]);
    const purged = await driven.app<string[]>("marks:purged");
    expect(purged.filter((name) => name.startsWith("late-"))).toHaveLength(5);
  });

  test("the watchdog has given up on no schedule", async () => {
    const { watchdog } = await driven.component<Status>("operator/status:get");
    expect(watchdog.gaveUp).toBeNull();
  });
});

// ── Helpers ─────────────────────────────────────────────────────────────────

function settings() {
  return driven.component("settings/settings:get");
}

function session(id: string) {
  return driven.component<Session | null>("operator/show:get", { id });
}

function track(anonymousId: string) {
  return driven.app("sessions:trackSession", { anonymousId });
}

function runs() {
  return driven.component<Run[]>("runs/ledger:list");
}

/** The runs that a schedule started since then, oldest first. */
async function runsBySchedule(kind: RunKind, since: number) {
  const all = await driven.component<Run[]>("runs/ledger:list", { kind });
  const isOne = ({ trigger, startedAt }: Run) =>
    trigger === "schedule" && startedAt >= since;
  return all.filter(isOne).reverse();
}

function names(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, n) => `${prefix}-${n}`);
}
