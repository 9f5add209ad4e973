import { expect, test, vi } from "vitest";
import type { RunListJson, RunResultJson } from "../../../cli/json/run.js";
import type { ListJson, ShowJson } from "../../../cli/json/session.js";
import type { StatusJson } from "../../../cli/json/status.js";
import {
  api,
  internal,
} from "../../../convex/sessionTracker/_generated/api.js";
import { NOW, setUpDeployment } from "../support/deployment.js";
import { MINUTE_MS } from "../../../convex/sessionTracker/shared/times.js";

/** `idle` was seen 31 minutes ago and no run has come by; `busy` acted a minute ago. */
async function setUpVisitors() {
  const deployment = setUpDeployment();
  const { component } = deployment;
  const visit = (anonymousId: string, action: string) =>
    component.mutation(api.visitors.action.record, { anonymousId, action });
  vi.setSystemTime(NOW - 31 * MINUTE_MS);
  await visit("idle", "view");
  await component.mutation(api.visitors.heartbeat.beat, {
    anonymousId: "left",
  });
  await component.mutation(api.visitors.end.visit, {
    anonymousId: "left",
    reason: "logout",
  });
  vi.setSystemTime(NOW - MINUTE_MS);
  await visit("busy", "open");
  await visit("busy", "click");
  vi.setSystemTime(NOW);
  return deployment;
}

test("list joins sessions with their leases, and shows an idle one as expired already", async () => {
  const { terminal } = await setUpVisitors();
  const { sessions, cursor } = await terminal.json<ListJson>("list");
  expect(cursor).toBeNull();
  expect(sessions).toEqual([
    {
      sessionId: expect.any(String) as string,
      anonymousId: "busy",
      state: "active",
      createdAt: "2026-08-15T11:59:00.000Z",
      lastActive: "2026-08-15T11:59:00.000Z",
      visits: 1,
      actions: 2,
    },
    expect.objectContaining({
      anonymousId: "left",
      state: "ended",
      lastActive: "2026-08-15T11:29:00.000Z",
      endReason: "logout",
    }),
    expect.objectContaining({
      anonymousId: "idle",
      state: "expired",
      lastActive: "2026-08-15T11:29:00.000Z",
      actions: 1,
    }),
  ]);

  const active = await terminal.json<ListJson>("list", "--state", "active");
  expect(active.sessions.map(({ anonymousId }) => anonymousId)).toEqual([
    "busy",
  ]);
});

test("list prints the same after a late expire run", async () => {
  const { terminal } = await setUpVisitors();
  const before = await terminal.json<ListJson>("list");
  const run = await terminal.json("expire");
  expect(run).toMatchObject({ status: "completed", sessions: 1 });
  expect(await terminal.json("list")).toEqual(before);
});

test("list pages by cursor, and fills a page of active sessions across idle ones", async () => {
  const { terminal } = await setUpVisitors();
  const first = await terminal.json<ListJson>("list", "--limit", "2");
  expect(first.sessions).toHaveLength(2);
  const second = await terminal.json<ListJson>(
    ...["list", "--limit", "2", "--cursor", String(first.cursor)],
  );
  expect(second.sessions.map(({ anonymousId }) => anonymousId)).toEqual([
    "idle",
  ]);
  const active = await terminal.json<ListJson>(
    ...["list", "--state", "active", "--limit", "2"],
  );
  expect(active).toMatchObject({
    sessions: [{ anonymousId: "busy" }],
    cursor: null,
  });
});

test("list prints people a table without lines or colours", async () => {
  const { terminal } = await setUpVisitors();
  const { stdout } = await terminal.run("list");
  const withoutIds = stdout.replaceAll(/\w+sessions/g, (id) =>
    "ID".padEnd(id.length),
  );
  expect(withoutIds).toMatchInlineSnapshot(`
    "SESSION                           ANONYMOUS ID  STATE    CREATED                  LAST ACTIVE              VISITS  ACTIONS
    ID                                busy          active   2026-08-15 11:59:00 UTC  2026-08-15 11:59:00 UTC  1       2
    ID                                left          ended    2026-08-15 11:29:00 UTC  2026-08-15 11:29:00 UTC  1       0
    ID                                idle          expired  2026-08-15 11:29:00 UTC  2026-08-15 11:29:00 UTC  1       1
    "
  `);
});

test("show finds a session by either id and lists what the visitor did", async () => {
  const { terminal } = await setUpVisitors();
  const byName = await terminal.json<ShowJson>("show", "busy");
  expect(byName).toMatchObject({
    state: "active",
    actions: 2,
    timeline: [
      { at: "2026-08-15T11:59:00.000Z", action: "click" },
      { action: "open" },
    ],
  });
  expect(await terminal.json("show", byName.sessionId)).toEqual(byName);

  const { exitCode, stderr } = await terminal.run("show", "nobody");
  expect(exitCode).toBe(1);
  expect(stderr).toContain('"nobody"');
});

test("visitors' texts cannot control the terminal", async () => {
  const { terminal, component } = await setUpVisitors();
  await component.mutation(api.visitors.action.record, {
    anonymousId: "busy",
    action: "\u001b[2Jgone",
    resourceId: "a\nb",
  });
  const { stdout } = await terminal.run("show", "busy");
  expect(stdout).not.toContain("\u001b");
  expect(stdout).toContain("\ufffd[2Jgone");
});

test("status --json has all values, with ISO times", async () => {
  const { terminal } = await setUpVisitors();
  expect(await terminal.json<StatusJson>("status")).toEqual({
    version: "0.1.0",
    target: {
      url: "http://127.0.0.99:3210",
      component: "sessionTracker",
      productionName: null,
    },
    warnings: [expect.stringContaining("watchdog has not run") as string],
    sessions: { total: 3, active: 2, expired: 0, ended: 1 },
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
        paused: null,
        state: "pending",
        nextAt: null,
        lastAt: null,
        lastResult: null,
      },
      expect.objectContaining({ name: "purge", spec: "30 2 * * *" }),
    ],
    runs: [],
    watchdog: { lastAt: null, lastResult: null, gaveUp: null },
  });
});

test("status has colours only on a terminal, and not with NO_COLOR", async () => {
  const { terminal } = await setUpVisitors();
  const hasColours = async () =>
    (await terminal.run("status")).stdout.includes("\u001b[");
  expect(await hasColours()).toBe(false);
  terminal.isTTY = true;
  expect(await hasColours()).toBe(true);
  Object.assign(terminal.overrides, { env: { NO_COLOR: "1" } });
  expect(await hasColours()).toBe(false);
});

test("expire with nothing idle starts no run", async () => {
  const { terminal } = setUpDeployment();
  expect(await terminal.json("expire")).toMatchObject({
    runId: null,
    status: "completed",
    sessions: 0,
  });
  expect(await terminal.json("runs", "list")).toEqual({
    runs: [],
    cursor: null,
  });
});

test("status on a terminal of 80 columns fits its 24 rows", async () => {
  const { terminal, component } = await setUpVisitors();
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
    Oldest      no inactive session
    Policy      idle after 30 minutes; retention 14 days
    Waiting     0 sessions to be expired by the next run, 0 sessions to be purged
    Watchdog    all well, 0 seconds ago

    expire  */15 * * * * UTC, paused: audit
      has not fired yet
    purge  30 2 * * * UTC, on; next 2026-08-16 02:30:00 UTC, in 14 hours
      has not fired yet

    ID  expire  completed  2026-08-15 12:00:00 UTC
      1 session, 0 actions; cutoff 2026-08-15 11:30:00 UTC; by cli:ada@desk
    ID  purge  completed  2026-08-15 12:00:00 UTC
      2 sessions, 1 action; cutoff 2026-08-15 11:29:37 UTC; by cli:ada@desk
    "
  `);
});

test("runs list and runs show keep to a terminal's width as it is seen", async () => {
  const { terminal } = await setUpVisitors();
  Object.assign(terminal.overrides, { actor: "cli:\u4e0a\u6d77@desk" });
  const { runId } = await terminal.json<RunResultJson>("expire");
  terminal.isTTY = true;
  for (const args of [["list"], ["show", String(runId)]]) {
    terminal.columns = 160;
    const wide = (await terminal.run("runs", ...args)).stdout;
    expect(wide).toMatch(/^RUN /);
    const [head = "", row = ""] = wide.split("\n");
    const seen = Math.max(head.length, row.length + 2);
    terminal.columns = seen;
    expect((await terminal.run("runs", ...args)).stdout).toMatch(/^RUN /);
    terminal.columns = seen - 1;
    const narrow = (await terminal.run("runs", ...args)).stdout;
    expect(narrow).toMatch(/^\w+ {2}expire {2}completed {2}/);
  }
});

test("status prints people its sections in order", async () => {
  const { terminal } = await setUpVisitors();
  await terminal.run("schedule", "set", "purge", "0 3 * * *");
  await terminal.run("schedule", "pause", "expire", "--reason", "audit");
  const { stdout } = await terminal.run("status");
  expect(stdout.replace(/\(\w+sessions\)/, "(ID)")).toMatchInlineSnapshot(`
    "! The watchdog has not run yet, and registers the schedules when it does: within 15 minutes of a deploy, or at once with \`sessions-ops doctor --fix\`.
    ! The expire schedule is paused: audit (cli:ada@desk). \`sessions-ops schedule resume expire\` ends it.

    Deployment  http://127.0.0.99:3210 (sessions-ops serve in this folder), component sessionTracker 0.1.0
    Sessions    3: 2 active, 0 expired, 1 ended
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

test("runs list names the cursor with which it goes on", async () => {
  const { terminal, component } = setUpDeployment();
  const ids: string[] = [];
  for (let index = 0; index < 5; index += 1) {
    const { runId } = await component.mutation(api.runs.control.start, {
      ...{ kind: "expire", actor: "test", trigger: "operator" },
    });
    ids.unshift(runId);
    await component.run(async (ctx) => {
      const [run] = await ctx.db.query("runs").order("desc").collect();
      if (run) await ctx.db.patch("runs", run._id, { status: "completed" });
    });
  }
  const first = await terminal.run("runs", "list", "--limit", "3");
  expect(first.stderr).toMatch(/More: the same command with --cursor \S+\n/);
  const seen: string[] = [];
  let cursor: string | null = null;
  do {
    const page: RunListJson = await terminal.json<RunListJson>(
      ...["runs", "list", "--limit", "3", "--kind", "expire"],
      ...(cursor === null ? [] : ["--cursor", cursor]),
    );
    seen.push(...page.runs.map(({ runId }) => runId));
    cursor = page.cursor;
  } while (cursor !== null);
  expect(seen).toEqual(ids);
  const all = await terminal.json<RunListJson>(
    "runs",
    "list",
    "--limit",
    "500",
  );
  expect(all.runs.map(({ runId }) => runId)).toEqual(ids);
});

test("status --watch on a terminal of 80 columns and 24 rows always shows the runs under way", async () => {
  const { terminal, component } = await setUpVisitors();
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
