/** `status` for programs, for people, and `--watch`. */
import { expect, test, vi } from "vitest";
import type { DoctorJson } from "../../../cli/json/doctor.js";
import type { StatusJson } from "../../../cli/json/status/status.js";
import {
  api,
  internal,
} from "../../../convex/sessionTracker/_generated/api.js";
import { HOUR_MS } from "../../../convex/sessionTracker/shared/times.js";
import type { FetchInit } from "../../../cli/deployment/http.js";
import { ADMIN_KEY } from "../support/fakeTerminal.js";
import { setUpThreeVisitors } from "../support/visitors.js";

test("status --json has all values, with ISO times", async () => {
  const { terminal } = await setUpThreeVisitors();
  expect(await terminal.json<StatusJson>("status")).toEqual({
    version: "0.1.0",
    target: {
      url: "http://127.0.0.99:3210",
      component: "sessionTracker",
      productionName: null,
    },
    warnings: [expect.stringContaining("watchdog has not run") as string],
    sessions: { total: 3, active: 2, expired: 0, ended: 1 },
    today: {
      day: "2026-08-15",
      isOver: false,
      newVisitors: 1,
      visits: 1,
      bounces: 1,
      bounceRate: 1,
      engagedMs: 0,
      engagedMsPerVisit: 0,
      actions: 0,
    },
    oldest: {
      sessionId: expect.any(String) as string,
      lastActive: "2026-08-15T11:29:00.000Z",
    },
    progress: [],
    retentionDays: 14,
    idleTimeoutMs: 1_800_000,
    backlog: { expire: 1, purge: 0, limit: 1_000 },
    schedules: [
      {
        name: "expire",
        spec: "*/15 * * * *",
        timeZone: "UTC",
        jitterMs: null,
        window: null,
        pauseOnFailure: null,
        paused: null,
        state: "pending",
        nextAt: null,
        lastAt: null,
        lastResult: null,
      },
      expect.objectContaining({ name: "purge", spec: "30 2 * * *" }),
    ],
    runs: [],
    refused: {
      newSessions: 0,
      ofAddress: 0,
      actionsPerMinute: 0,
      actionsPerSession: 0,
      lastAt: null,
    },
    hooks: [],
    hookDebts: 0,
    webhooks: [],
    conflicts: null,
    watchdog: { lastAt: null, lastResult: null, gaveUp: null },
  });
});

test("status and doctor say whom the bounds on strangers refused, and which setting turns it", async () => {
  const { terminal, component, setPolicy } = await setUpThreeVisitors();
  await component.mutation(internal.schedules.watchdog.check, {});
  await setPolicy({ maxNewSessionsPerMinute: 1, maxActionsPerMinute: 1 });
  for (const anonymousId of ["first", "second", "third"]) {
    await component.mutation(api.visitors.heartbeat.beat, { anonymousId });
  }
  const action = { anonymousId: "busy", action: "click" };
  await component.mutation(api.visitors.action.record, action);
  await component.mutation(api.visitors.action.record, action);
  const { refused, warnings } = await terminal.json<StatusJson>("status");
  expect(refused).toEqual({
    newSessions: 2,
    ofAddress: 0,
    actionsPerMinute: 1,
    actionsPerSession: 0,
    lastAt: "2026-08-15T12:00:00.000Z",
  });
  expect(warnings).toEqual([
    "Strangers are being refused: 2 calls with a new visitor beyond maxNewSessionsPerMinute (1) in the last 24 hours (the last of any kind: 0 seconds ago). If they are real visitors, `sessions-ops settings set maxNewSessionsPerMinute=N` lets more in. If somebody makes them up, leave it, and bound each address by `maxNewSessionsPerMinutePerAddress`; who has a session is served all the while.",
    expect.stringContaining("beyond maxActionsPerMinute (1)") as string,
  ]);
  const { stdout } = await terminal.run("status");
  expect(stdout).toContain(
    "Refused     2 calls of new visitors and 1 action in the last 24 hours, the last 0 seconds ago\n",
  );
  vi.setSystemTime(Date.now() + 2 * HOUR_MS);
  const later = await terminal.json<StatusJson>("status");
  expect(later.warnings.join()).not.toContain("refused");
  const { findings } = JSON.parse(
    (await terminal.run("doctor", "--json")).stdout,
  ) as DoctorJson;
  expect(findings.filter(({ check }) => check === "strangers")).toEqual([
    expect.objectContaining({ result: "warning" }),
    expect.objectContaining({ result: "warning" }),
  ]);
});

test("status prints people its sections in order", async () => {
  const { terminal } = await setUpThreeVisitors();
  await terminal.run("schedule", "set", "purge", "0 3 * * *");
  await terminal.run("schedule", "pause", "expire", "--reason", "audit");
  const { stdout } = await terminal.run("status");
  expect(stdout.replace(/\(\w+sessions\)/, "(ID)")).toMatchInlineSnapshot(`
    "! The watchdog has not run yet, and registers the schedules when it does: within 15 minutes of a deploy, or at once with \`sessions-ops doctor --fix\`.
    ! The expire schedule is paused: audit (cli:ada@desk). \`sessions-ops schedule resume expire\` ends it.

    Deployment  http://127.0.0.99:3210 (sessions-ops serve in this folder), component sessionTracker 0.1.0
    Sessions    3: 2 active, 0 expired, 1 ended
    Today       2026-08-15: 1 visit ended, 1 new visitor, 0s engaged each
    Oldest      last active 2026-08-15 11:29:00 UTC, 31 minutes ago (ID)
    Policy      idle after 30 minutes; retention 14 days
    Waiting     1 session to be expired by the next run, 0 sessions to be purged
    Watchdog    has not run yet

    SCHEDULE  SPEC          ZONE  STATE          NEXT                                  LAST  RESULT
    expire    */15 * * * *  UTC   paused: audit  -                                     -     -
    purge     0 3 * * *     UTC   on             2026-08-16 03:00:00 UTC, in 15 hours  -     -

    No run yet.
    "
  `);
});

test("status has colours only on a terminal, and not with NO_COLOR", async () => {
  const { terminal } = await setUpThreeVisitors();
  const hasColours = async () =>
    (await terminal.run("status")).stdout.includes("\u001b[");
  expect(await hasColours()).toBe(false);
  terminal.isTTY = true;
  expect(await hasColours()).toBe(true);
  Object.assign(terminal.overrides, { env: { NO_COLOR: "1" } });
  expect(await hasColours()).toBe(false);
});

test("status on a terminal of 80 columns fits its 24 rows", async () => {
  const { terminal, component } = await setUpThreeVisitors();
  await component.mutation(internal.schedules.watchdog.check, {});
  await terminal.run("expire");
  await terminal.run("purge", "--days", "0.0211", "--confirm", "2");
  await terminal.run("schedule", "pause", "expire", "--reason", "audit");
  Object.assign(terminal.overrides, { env: { NO_COLOR: "1" } });
  terminal.isTTY = true;
  terminal.columns = 80;
  const { stdout } = await terminal.run("status");
  const lines = stdout.split("\n");
  expect(lines.length).toBeLessThan(24);
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
  expect(stdout.replaceAll(/\w+(runs|sessions)\b/g, "ID"))
    .toMatchInlineSnapshot(`
      "! The expire schedule is paused: audit (cli:ada@desk).
        \`sessions-ops schedule resume expire\` ends it.

      Deployment  http://127.0.0.99:3210 (sessions-ops serve in this folder),
                  component sessionTracker 0.1.0
      Sessions    1: 1 active, 0 expired, 0 ended
      Today       2026-08-15: 2 visits ended, 2 new visitors, 0s engaged each
      Oldest      no inactive session
      Policy      idle after 30 minutes; retention 14 days
      Waiting     0 sessions to be expired by the next run, 0 sessions to be purged
      Watchdog    all well, 0 seconds ago

      expire  */15 * * * * UTC, paused: audit
        has not fired yet
      purge  30 2 * * * UTC, on; next 2026-08-16 02:30:00 UTC, in 14 hours
        has not fired yet

      ID  expire  completed  2026-08-15 12:00:00 UTC
        1 session; cutoff 2026-08-15 11:30:00 UTC; by cli:ada@desk
      ID  purge  completed  2026-08-15 12:00:00 UTC
        2 sessions, 2 visits, 1 action; cutoff 2026-08-15 11:29:37 UTC; by
        cli:ada@desk
      "
    `);
});

test("status --watch on a terminal of 80 columns and 24 rows always shows the runs under way", async () => {
  const { terminal, component } = await setUpThreeVisitors();
  for (const name of ["expire", "purge"] as const) {
    await component.mutation(api.schedules.change.pause, {
      ...{ name, reason: "the audit of August", actor: "cli:bob@desk" },
    });
  }
  for (const kind of ["expire", "purge"] as const) {
    await component.mutation(api.runs.control.start, {
      ...{ kind, actor: "cli:ada@desk", trigger: "operator" },
    });
  }
  await component.run(async (ctx) => {
    for (const run of await ctx.db.query("runs").collect()) {
      const fields = { status: "running", sessions: 120, expected: 700 };
      await ctx.db.patch("runs", run._id, fields as Partial<typeof run>);
    }
  });
  Object.assign(terminal.overrides, {
    env: { NO_COLOR: "1" },
    sleep: () => Promise.resolve(terminal.interrupt()),
  });
  terminal.isTTY = true;
  terminal.columns = 80;
  const { exitCode, stdout } = await terminal.run("status", "--watch");
  expect(exitCode).toBe(0);
  const rows = withoutEscapes(stdout).trimEnd().split("\n");
  expect(rows.length).toBeLessThan(24);
  expect(rows.filter((row) => row.length > 80)).toEqual([]);
  expect(rows.join("\n")).toContain(
    "more lines than the terminal has rows for",
  );
  expect(rows.join("\n")).toContain("Running: expire, 120 of ");
  expect(rows.join("\n")).toContain("Running: purge, 120 of ");
});

function withoutEscapes(text: string): string {
  return text.replaceAll(ESCAPE, "");
}

const ESCAPE = new RegExp(`${String.fromCharCode(27)}\\[[?\\d;]*[A-Za-z]`, "g");

test("conflicts are shown where the deployment tells them, and nothing where it does not", async () => {
  const { terminal } = await setUpThreeVisitors();
  const quiet = await terminal.run("status");
  expect(quiet.stdout + quiet.stderr).not.toMatch(/conflict/i);
  const since = Date.parse("2026-08-15T11:00:00Z");
  const names = { loser: "a:b", winner: "c:d", table: "leases" };
  const pairs = [{ ...names, count: 3, outOfTries: 0 }];
  let told: object = {
    ...{ since, count: 3, outOfTries: 0, pairs, morePairs: 0 },
  };
  const online = terminal.overrides.fetch;
  const asked: unknown[] = [];
  Object.assign(terminal.overrides, {
    fetch: (url: string, init: FetchInit) => {
      if (!url.endsWith("/api/embedded/conflicts")) return online?.(url, init);
      asked.push(init.headers?.["authorization"]);
      return Promise.resolve(Response.json(told));
    },
  });
  const { conflicts } = await terminal.json<StatusJson>("status");
  expect(conflicts).toMatchObject({ since: "2026-08-15T11:00:00.000Z", pairs });
  expect(asked).toEqual([`Convex ${ADMIN_KEY}`]);
  const retried = await terminal.run("status");
  expect(retried.stdout).not.toContain("Conflicts");
  const finding = async () => {
    const { stdout } = await terminal.run("doctor", "--json");
    const { findings } = JSON.parse(stdout) as DoctorJson;
    return findings.find(({ check }) => check === "conflicts");
  };
  expect(await finding()).toMatchObject({ result: "ok" });
  told = { ...told, outOfTries: 1, pairs: [{ ...pairs[0], outOfTries: 1 }] };
  expect((await terminal.run("status")).stdout).toContain(
    "Conflicts   1 mutation lost all tries since 2026-08-15 11:00:00 UTC, see `sessions-ops doctor",
  );
  expect(await finding()).toMatchObject({
    result: "warning",
    message:
      "since 2026-08-15 11:00:00 UTC 1 mutation lost as many tries as Convex makes before it fails them: a:b after c:d over leases",
  });
  for (const other of [[], { since: "x" }, "hello"]) {
    told = other as object;
    const status = await terminal.json<StatusJson>("status");
    expect(status.conflicts).toBeNull();
  }
});
