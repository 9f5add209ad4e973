import { getConvexSize } from "convex/values";
import { expect, test, vi } from "vitest";
import type { DryRunJson } from "../../../cli/json/dryRun.js";
import type { RunResultJson } from "../../../cli/json/run.js";
import { api } from "../../../convex/sessionTracker/_generated/api.js";
import type { CliContext } from "../../../cli/context.js";
import { readRows, type Component } from "../../convex/support/rows.js";
import { dailySessions, NOW, setUpDeployment } from "../support/deployment.js";
import { DAY_MS } from "../../../convex/sessionTracker/shared/times.js";

/** One session for each of the last days, last active exactly so many days ago, with one action. */
async function setUpDays(days: number, overrides: Partial<CliContext> = {}) {
  const deployment = setUpDeployment(overrides);
  const visitors = dailySessions(days, 1, (lastActive, index) => ({
    anonymousId: `visitor-${index + 1}`,
    createdAt: lastActive,
    actions: [{ at: lastActive, action: "view" }],
  }));
  await deployment.store(visitors);
  return deployment;
}

test("a dry run counts to the end, deletes nothing, and names the purge's cutoff", async () => {
  const { terminal, component, total, runs } = await setUpDays(20);
  const command = ["purge", "--days", "14", "--dry-run"];
  const dryRun = await terminal.json<DryRunJson>(...command);
  expect(dryRun).toEqual({
    dryRun: true,
    cutoff: "2026-08-01T12:00:00.000Z",
    wouldDelete: 6,
    sessions: 6,
    visits: 0,
    byRetention: { visits: 0, actions: 0 },
    actions: 6,
    oldest: "2026-07-26T12:00:00.000Z",
    newest: "2026-07-31T12:00:00.000Z",
    max: null,
    bytes: await bytesBefore(component, Date.parse(dryRun.cutoff)),
    byDay: ["26", "27", "28", "29", "30", "31"].map((day) => ({
      day: `2026-07-${day}`,
      sessions: 1,
      actions: 1,
    })),
    byAge: [{ fromDays: 14, toDays: 30, sessions: 6, actions: 6 }],
  });
  expect((await terminal.run(...command)).stdout).toMatchInlineSnapshot(`
    "Dry run, nothing deleted. A purge would delete 6 sessions and 6 actions, 1.8 KiB, last active from 2026-07-26 12:00:00 UTC to 2026-07-31 12:00:00 UTC.

    INACTIVE FOR   SESSIONS  ACTIONS
    14 to 30 days  6         6        ####################

    LAST ACTIVE ON  SESSIONS  ACTIONS
    2026-07-26      1         1        ####################
    2026-07-27      1         1        ####################
    2026-07-28      1         1        ####################
    2026-07-29      1         1        ####################
    2026-07-30      1         1        ####################
    2026-07-31      1         1        ####################

    To delete exactly these: sessions-ops purge --before 2026-08-01T12:00:00.000Z
    "
  `);
  expect(await total()).toBe(20);
  expect(await runs()).toEqual([]);
});

test("a bounded dry run names the purge with the same bounds", async () => {
  const { terminal, total } = await setUpDays(20);
  const bounded = ["purge", "--dry-run", "--max", "2", "--rate", "500/s"];
  expect(await terminal.json(...bounded)).toMatchObject({
    sessions: 6,
    max: 2,
  });
  const { stdout } = await terminal.run(...bounded);
  const named = /exactly these: sessions-ops (.*)\n/.exec(stdout)?.[1] ?? "";
  expect(named).toBe(
    "purge --before 2026-08-01T12:00:00.000Z --max 2 --rate 500/s",
  );
  await terminal.run(...named.split(" "), "--yes");
  expect(await total()).toBe(18);
});

test("a dry run counts every byte and every day, over many calls", async () => {
  const { terminal, component, calls } = await setUpDays(400);
  const metadata = { text: "x".repeat(10_000) };
  for (let part = 0; part < 2; part += 1) {
    const at = NOW - 500 * DAY_MS + part * 2_000;
    await component.mutation(api.operator.import.batch, {
      rows: [
        {
          anonymousId: "busy",
          createdAt: 0,
          lastActive: NOW - 100 * DAY_MS,
          actions: Array.from({ length: 550 }, (_, i) => {
            return { at: at + i, action: "view", metadata };
          }),
        },
      ],
    });
  }
  // The lease of a stale session that no run has noticed is counted as well.
  await component.mutation(api.visitors.heartbeat.beat, {
    anonymousId: "leased",
  });
  await component.run(async (ctx) => {
    const lease = await ctx.db.query("leases").first();
    if (lease === null) throw new Error("There is no lease.");
    const lastActive = NOW - 50 * DAY_MS;
    await ctx.db.patch("leases", lease._id, { lastActive });
  });
  const found = await terminal.json<DryRunJson>("purge", "--dry-run");
  expect(found).toMatchObject({
    sessions: 388,
    actions: 1_486,
    bytes: await bytesBefore(component, NOW - 14 * DAY_MS),
    byAge: [
      { fromDays: 14, toDays: 30, sessions: 15, actions: 15 },
      { fromDays: 30, toDays: 60, sessions: 31, actions: 30 },
      { fromDays: 60, toDays: 90, sessions: 30 },
      { fromDays: 90, toDays: 180, sessions: 91, actions: 1_190 },
      { fromDays: 180, toDays: 365, sessions: 185 },
      { fromDays: 365, toDays: null, sessions: 36 },
    ],
  });
  expect(found.byDay).toHaveLength(386);
  expect(sumOf(found.byDay)).toEqual({ sessions: 388, actions: 1_486 });
  expect(sumOf(found.byAge)).toEqual({ sessions: 388, actions: 1_486 });
  expect(calls.filter((call) => call === "runs/preview:purge").length).toBe(3);

  const { stdout } = await terminal.run("purge", "--dry-run", "--max", "10");
  expect(stdout).toContain("on 355 earlier days; --json has every day.");
  expect(stdout).toContain("With --max 10, the oldest 10 of them.");
  const purged = await terminal.json<RunResultJson>(
    ...["purge", "--before", found.cutoff, "--yes"],
  );
  expect(purged).toMatchObject({ sessions: 388, actions: 1_486 });
}, 60_000);

test("--max and --rate bound the run, and the ledger says so", async () => {
  const { terminal, total } = await setUpDays(20);
  const command = ["purge", "--days", "10", "--max", "4", "--rate", "2/s"];
  const refused = await terminal.run(...command, "--confirm", "10");
  expect(refused.stderr).toContain("is not the number of sessions, 4");
  const result = await terminal.json<RunResultJson>(
    ...[...command, "--confirm", "4"],
  );
  expect(result).toMatchObject({ status: "maxReached", sessions: 4 });
  expect(await total()).toBe(16);
  const runId = String(result.runId);
  const shown = await terminal.run("runs", "show", runId);
  expect(shown.stdout).toContain(
    "Bounds: at most 4 sessions, at most 2 a second",
  );
  expect(await terminal.json("runs", "show", runId)).toMatchObject({
    maxSessions: 4,
    ratePerSecond: 2,
    archiveFile: null,
  });
  const canceled = await terminal.run("runs", "cancel", runId);
  expect(canceled.stdout).toBe(`Run ${runId} reached its maximum.\n`);
  expect(canceled.stderr).toContain("So it was before: nothing was changed.");
  await terminal.run("runs", "resume", runId);
  const watched = await terminal.run("runs", "watch", runId);
  expect(watched.exitCode).toBe(0);
  expect(watched.stderr).toContain(
    `It has done its maximum. \`sessions-ops runs resume ${runId}\` goes on with 4 sessions more.`,
  );
  expect(await total()).toBe(12);
});

test("a paced run keeps to its rate", async () => {
  const { terminal } = await setUpDays(40);
  const before = Date.now();
  await terminal.json("purge", "--days", "20", "--rate", "1/s", "--yes");
  // The run takes twenty sessions at one a second, less the one that may come at once.
  expect(Date.now() - before).toBeGreaterThanOrEqual(19_000);
});

test("expire takes --max and --rate as well", async () => {
  const { terminal, component } = await setUpDays(1);
  for (const id of ["a", "b", "c"]) {
    await component.mutation(api.visitors.heartbeat.beat, {
      anonymousId: id,
    });
  }
  vi.setSystemTime(NOW + DAY_MS / 2);
  const result = await terminal.json<RunResultJson>("expire", "--max", "2");
  expect(result).toMatchObject({ status: "maxReached", sessions: 2 });
});

test("a purge deletes what the dry run counted, after naming its target", async () => {
  const { terminal, total, runs } = await setUpDays(20);
  const command = ["purge", "--days", "14", "--yes", "--reason", "monthly"];
  expect(await terminal.json<RunResultJson>(...command)).toEqual({
    runId: expect.any(String) as string,
    status: "completed",
    cutoff: "2026-08-01T12:00:00.000Z",
    sessions: 6,
    visits: 0,
    actions: 6,
    quarantined: 0,
    pages: 1,
    waitingUntil: null,
  });
  expect(await total()).toBe(14);
  expect(await runs()).toMatchObject([
    {
      kind: "purge",
      trigger: "operator",
      actor: "cli:ada@desk",
      reason: "monthly",
    },
  ]);

  const { stdout, stderr } = await terminal.run("purge", "--days", "15");
  expect(stderr).toMatch(/^Target: http:\/\/127\.0\.0\.99:3210 \(/);
  expect(stdout).toBe("Nothing to purge; no run started.\n");
});

test("a purge without a cutoff goes by the retention in force", async () => {
  const { terminal, setPolicy } = await setUpDays(20);
  await setPolicy({ retentionDays: 18 });
  const result = await terminal.json<RunResultJson>("purge", "--yes");
  expect(result).toMatchObject({
    sessions: 2,
    cutoff: "2026-07-28T12:00:00.000Z",
  });

  await setPolicy({ retentionDays: "never" });
  expect(await terminal.run("purge", "--yes")).toMatchObject({ exitCode: 2 });
});

test("a purge with nothing due starts no run and prints the same shape", async () => {
  const { terminal, runs } = await setUpDays(3);
  expect(await terminal.json<RunResultJson>("purge")).toEqual({
    runId: null,
    status: "completed",
    cutoff: "2026-08-01T12:00:00.000Z",
    sessions: 0,
    visits: 0,
    actions: 0,
    quarantined: 0,
    pages: 0,
    waitingUntil: null,
  });
  expect(await runs()).toEqual([]);
});

test.each([
  [["--before", "2026-08-16"], "lies in the future"],
  [["--before", "yesterday"], "is not a time"],
  [["--days", "-1"], "must be a number above 0"],
  [["--days", "3", "--before", "2026-08-01"], "cannot be used with"],
])("purge %j is a usage error", async (options, message) => {
  const { terminal, total } = await setUpDays(3);
  const { exitCode, stderr } = await terminal.run("purge", ...options);
  expect(exitCode).toBe(2);
  expect(stderr).toContain(message);
  expect(await total()).toBe(3);
});

test("--before takes a day, midnight UTC", async () => {
  const { terminal } = await setUpDays(3);
  const result = await terminal.json<DryRunJson>(
    ...["purge", "--before", "2026-08-13", "--dry-run"],
  );
  expect(result).toMatchObject({
    cutoff: "2026-08-13T00:00:00.000Z",
    sessions: 1,
  });
});

test("a cutoff at or above the retention asks; with --json it never does", async () => {
  const { terminal, total } = await setUpDays(20, { interactive: true });
  terminal.answers = [false, true];
  expect(await terminal.run("purge", "--days", "14", "--json")).toMatchObject({
    exitCode: 5,
    stdout: "",
  });
  expect(await terminal.run("purge", "--days", "14")).toMatchObject({
    exitCode: 2,
  });
  expect(await total()).toBe(20);
  expect(await terminal.run("purge", "--days", "14")).toMatchObject({
    exitCode: 0,
  });
  expect(await total()).toBe(14);
  expect(terminal.questions[1]).toBe(
    "Delete 6 sessions and 6 actions for good?",
  );
});

test("a cutoff below the retention is confirmed only by the number of sessions", async () => {
  const { terminal, total } = await setUpDays(20);
  const purge = ["purge", "--days", "10"];
  for (const refused of [[], ["--yes"], ["--yes", "--confirm", "9"]]) {
    const { exitCode, stderr } = await terminal.run(...purge, ...refused);
    expect({ refused, exitCode }).toEqual({ refused, exitCode: 5 });
    expect(stderr).toContain("10");
  }
  expect(await total()).toBe(20);
  await terminal.json(...purge, "--confirm", "10");
  expect(await total()).toBe(10);
});

test("a cutoff below the retention asks for the number on a terminal", async () => {
  const { terminal, total } = await setUpDays(20, { interactive: true });
  terminal.answers = ["yes", "", "10"];
  const exitCodes: number[] = [];
  for (let attempt = 0; attempt < 3; attempt += 1) {
    exitCodes.push((await terminal.run("purge", "--days", "10")).exitCode);
  }
  expect(exitCodes).toEqual([5, 2, 0]);
  expect(await total()).toBe(10);
});

test("every purge is below a retention of never", async () => {
  const { terminal, setPolicy } = await setUpDays(20);
  await setPolicy({ retentionDays: "never" });
  expect(await terminal.run("purge", "--days", "18", "--yes")).toMatchObject({
    exitCode: 5,
  });
});

/** The size of all documents last active before, read whole. */
async function bytesBefore(
  component: Component,
  cutoff: number,
): Promise<number> {
  const { sessions, leases, actions } = await readRows(component);
  const dueLeases = leases.filter(({ lastActive }) => lastActive < cutoff);
  const stale = new Set(dueLeases.map(({ session }) => session));
  const due = sessions.filter(
    ({ _id, inactiveSince = Infinity }) =>
      inactiveSince < cutoff || stale.has(_id),
  );
  const ids = new Set(due.map(({ _id }) => _id));
  const dueActions = actions.filter(({ session }) => ids.has(session));
  return [...due, ...dueLeases, ...dueActions].reduce(
    (sum, row) => sum + getConvexSize(row),
    0,
  );
}

function sumOf(bars: { sessions: number; actions: number }[]) {
  return {
    sessions: bars.reduce((sum, bar) => sum + bar.sessions, 0),
    actions: bars.reduce((sum, bar) => sum + bar.actions, 0),
  };
}
