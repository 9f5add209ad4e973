/** `settings get|set|log`, and settings that contradict each other. */
import { Writable } from "node:stream";
import { expect, test, vi } from "vitest";
import type {
  SettingsChangeJson,
  SettingsJson,
  SettingsLogJson,
} from "../../../cli/json/settings.js";
import { api } from "../../../convex/sessionTracker/_generated/api.js";
import { dailySessions, NOW, setUpDeployment } from "../support/deployment.js";

test("get shows every setting, with its intervals as times in both zones", async () => {
  const { terminal } = setUpDeployment();
  const { stdout } = await terminal.run("settings", "get");
  expect(stdout).toMatchInlineSnapshot(`
    "SETTING                                  VALUE
    actionRetentionDays (retention.actions)  the session's
    auditRetentionDays (retention.audit)     400 days
    backlogAlertMs                           2 days
    idleTimeoutMs                            30 minutes
    maxActionsPerMinute                      120
    maxActionsPerSession                     10,000
    maxMetadataBytes                         8,192
    maxNewSessionsPerMinute                  6,000
    maxNewSessionsPerMinutePerAddress        never
    maxVisitMs                               1 day
    pageSize                                 1,000
    retentionDays (retention.sessions)       14 days
    touchAfterMs                             1 minute
    visitRetentionDays (retention.visits)    the session's
    schedules.expire                         "*/15 * * * *" UTC
    schedules.purge                          "30 2 * * *" UTC

    WITH THESE                                     UTC                      Europe/Berlin              IN
    a purge now takes who was last active before   2026-08-01 12:00:00 UTC  2026-08-01 14:00:00 GMT+2  14 days ago
    who is seen now and not again is expired from  2026-08-15 12:30:00 UTC  2026-08-15 14:30:00 GMT+2  in 30 minutes
    a heartbeat now is written again from          2026-08-15 12:01:00 UTC  2026-08-15 14:01:00 GMT+2  in 1 minute
    "
  `);
});

test("get has colours on a terminal, and none in a pipe", async () => {
  const { terminal, setPolicy } = setUpDeployment();
  await setPolicy({ retentionDays: 0.5 });
  terminal.isTTY = true;
  const shown = await terminal.run("settings", "get");
  let piped = "";
  const stdout = new Writable({
    write(chunk: Buffer, _encoding, done) {
      piped += chunk.toString();
      done();
    },
  });
  Object.assign(terminal.overrides, { stdout });
  await terminal.run("settings", "get");
  expect(shown.stdout).toContain("\u001b[33m! The retention");
  expect(piped).toContain("\n! The retention");
  expect(piped).not.toContain("\u001b");
});

test("set changes only what is named, shows the difference, and logs it with its reason", async () => {
  const { terminal } = setUpDeployment();
  const { stdout, exitCode } = await terminal.run(
    ...["settings", "set", "idleTimeoutMs=45m", "pageSize=500"],
    ...["--reason", "long reads"],
  );
  expect(exitCode).toBe(0);
  expect(stdout).toMatchInlineSnapshot(`
    "idleTimeoutMs: 30 minutes → 45 minutes
    pageSize: 1,000 → 500
    Revision 1.
    "
  `);
  vi.setSystemTime(NOW + 60_000);
  await terminal.run("schedule", "set", "purge", "0 3 * * *");
  expect((await terminal.run("settings", "log")).stdout).toMatchInlineSnapshot(`
    "2  2026-08-15 12:01:00 UTC  cli:ada@desk
       schedules.purge: "30 2 * * *" UTC → "0 3 * * *" UTC
    1  2026-08-15 12:00:00 UTC  cli:ada@desk: long reads
       idleTimeoutMs: 30 minutes → 45 minutes
       pageSize: 1,000 → 500
    "
  `);
  expect(
    await terminal.json<SettingsLogJson>("settings", "log", "--before", "2"),
  ).toEqual({
    entries: [
      {
        revision: 1,
        at: "2026-08-15T12:00:00.000Z",
        actor: "cli:ada@desk",
        reason: "long reads",
        before: { idleTimeoutMs: 1_800_000, pageSize: 1_000 },
        after: { idleTimeoutMs: 2_700_000, pageSize: 500 },
      },
    ],
    before: null,
  });
  const again = await terminal.run("settings", "set", "pageSize=500");
  expect(again.stdout).toContain("it is so already, at revision 2");
});

test("set takes the retention of each kind by a name of its own, in days or as a duration", async () => {
  const { terminal } = setUpDeployment();
  const set = ["settings", "set", "--yes"];
  const changed = await terminal.json<SettingsChangeJson>(
    ...set,
    "retention.sessions=4w",
    "retention.visits=7",
    "retention.actions=36h",
  );
  expect(changed.after).toEqual({
    retentionDays: 28,
    visitRetentionDays: 7,
    actionRetentionDays: 1.5,
  });
  const { stdout } = await terminal.run("settings", "get");
  expect(stdout).toContain("visitRetentionDays (retention.visits)");
  expect(stdout).toContain("and actions from before");
  const back = await terminal.json<SettingsChangeJson>(
    ...set,
    "retention.actions=session",
  );
  expect(back.after).toEqual({ actionRetentionDays: "session" });
});

test.each([
  ["retention.actions=20d", "must be less than retentionDays (14 days)"],
  ["retention.visits=never", 'a duration such as 14d or 36h, or "session"'],
  ["retention.sessions=session", 'or "never"'],
  ["maxNewSessionsPerMinute=no", 'a number, or "never"'],
  ["maxNewSessionsPerMinute=0", 'from 1 to 1000000, or "never"'],
  ["maxActionsPerSession=never", "is not a number."],
  ["retention.action=3d", "Did you mean retention.actions?"],
  ["retention.toString=3d", "There is no setting"],
  ["retention.visits=30m", "must be from one hour (1/24)"],
])("set refuses %s", async (assignment, message) => {
  const { terminal } = setUpDeployment();
  const { exitCode, stderr } = await terminal.run(
    "settings",
    "set",
    assignment,
  );
  expect(exitCode).toBe(2);
  expect(stderr).toContain(message);
});

test("set names the contradiction when the session's retention is lowered past that of a kind", async () => {
  const { terminal, setPolicy } = setUpDeployment();
  await setPolicy({ actionRetentionDays: 7 });
  const { exitCode, stderr } = await terminal.run("retention", "5", "--yes");
  expect(exitCode).toBe(2);
  expect(stderr).toContain("must be more than actionRetentionDays (7 days)");
});

test("set asks before it lowers the retention, as `retention` does", async () => {
  const { terminal, store } = setUpDeployment();
  await store(dailySessions(1, 10));
  const lower = ["settings", "set", "retentionDays=7", "touchAfterMs=30s"];
  expect(await terminal.run(...lower)).toMatchObject({ exitCode: 5 });
  const changed = await terminal.json<SettingsChangeJson>(...lower, "--yes");
  expect(changed).toMatchObject({
    revision: 1,
    before: { retentionDays: 14, touchAfterMs: 60_000 },
    after: { retentionDays: 7, touchAfterMs: 30_000 },
    purgeable: 1,
    settings: { retentionDays: 7, idleTimeoutMs: 1_800_000 },
    warnings: [],
  });
});

test.each([
  [["settings", "set", "pageSize=5"]],
  [["retention", "30"]],
  [["schedule", "set", "purge", "0 3 * * *"]],
  [["schedule", "pause", "purge", "--reason", "audit"]],
  [["schedule", "resume", "purge"]],
])(
  "%j on an old revision lists the changes others made since",
  async (args) => {
    const { terminal, component } = setUpDeployment();
    await component.mutation(api.settings.settings.change, {
      patch: { idleTimeoutMs: 3_600_000 },
      actor: "cli:bob@desk",
      reason: "slow readers",
    });
    await component.mutation(api.schedules.change.pause, {
      name: "expire",
      reason: "audit",
      actor: "cli:eve@desk",
    });
    const { exitCode, stderr } = await terminal.run(
      ...args,
      "--if-revision",
      "0",
    );
    expect(exitCode).toBe(1);
    expect(stderr.slice(stderr.indexOf("error:"))).toBe(
      `error: Nothing was changed: the settings were at revision 0 when you looked, and since then
  2026-08-15 12:00:00 UTC cli:bob@desk changed, as revision 1 (slow readers):
    idleTimeoutMs: 30 minutes → 1 hour
  2026-08-15 12:00:00 UTC cli:eve@desk changed, as revision 2 (audit):
    schedules.expire: "*/15 * * * *" UTC → "*/15 * * * *" UTC, paused: audit
Look again (\`sessions-ops settings get\`), then repeat the change if it is still right.
`,
    );
    const { revision } = await terminal.json<SettingsJson>("settings", "get");
    expect(revision).toBe(2);
  },
);

test.each([
  [
    ["settings", "set", "retentionDays=0.5"],
    "The retention (0.5 days) is shorter than the longest time between two purges (1 day)",
  ],
  [
    ["settings", "set", "idleTimeoutMs=5m"],
    "two heartbeats that are written (5 minutes",
  ],
  [
    ["settings", "set", "maxNewSessionsPerMinutePerAddress=6000"],
    "is not less than maxNewSessionsPerMinute (6000), so it bounds nothing",
  ],
  [["settings", "set", "idleTimeoutMs=10m"], "two expire runs (15 minutes)"],
  [["schedule", "set", "purge", "30 2 1 * *"], "two purges (31 days)"],
  // The longest gap is the weekend's.
  [
    ["schedule", "set", "expire", "*/15 8-17 * * 1-5"],
    "two expire runs (2 days 14 hours)",
  ],
])("%j warns that it contradicts another", async (args, warning) => {
  const { terminal } = setUpDeployment();
  const yes = args[0] === "settings" ? ["--yes"] : [];
  const { exitCode, stderr } = await terminal.run(...args, ...yes);
  expect(exitCode).toBe(0);
  expect(stderr).toContain(warning);
  expect((await terminal.run("status")).stdout).toContain(warning);
});
