import { expect, test } from "vitest";
import type { DryRunJson, RunResultJson } from "../../cli/shapes.js";
import { DAY_MS } from "../../convex/sessionTracker/shared.js";
import { api } from "../../convex/sessionTracker/_generated/api.js";
import type { CliContext } from "../../cli/context.js";
import { NOW, setUpDeployment } from "./deployment.js";

/** One session for each of the last days, last active exactly so many days ago, with one action. */
async function setUpDays(days: number, overrides: Partial<CliContext> = {}) {
  const deployment = setUpDeployment(overrides);
  const { component } = deployment;
  await component.mutation(api.importing.importBatch, {
    rows: Array.from({ length: days }, (_, index) => {
      const lastActive = NOW - (index + 1) * DAY_MS;
      return {
        anonymousId: `visitor-${index + 1}`,
        createdAt: lastActive,
        lastActive,
        actions: [{ at: lastActive, action: "view" }],
      };
    }),
  });
  return {
    ...deployment,
    total: async () =>
      (await component.query(api.stats.status, {})).sessions.total,
    runs: () => component.query(api.runs.list, {}),
  };
}

test("a dry run counts to the end, deletes nothing, and names the cutoff that does it", async () => {
  const { terminal, total, runs } = await setUpDays(20);
  const command = ["purge", "--days", "14", "--dry-run"];
  expect(await terminal.json<DryRunJson>(...command)).toEqual({
    dryRun: true,
    cutoff: "2026-08-01T12:00:00.000Z",
    sessions: 6,
    actions: 6,
    oldest: "2026-07-26T12:00:00.000Z",
    newest: "2026-07-31T12:00:00.000Z",
  });
  expect((await terminal.run(...command)).stdout).toMatchInlineSnapshot(`
    "Dry run, nothing deleted. A purge would delete 6 sessions and 6 actions, last active from 2026-07-26 12:00:00 UTC to 2026-07-31 12:00:00 UTC.
    To delete exactly these: sessions-ops purge --before 2026-08-01T12:00:00.000Z
    "
  `);
  expect(await total()).toBe(20);
  expect(await runs()).toEqual([]);
});

test("a purge deletes what the dry run counted, after naming its target", async () => {
  const { terminal, total, runs } = await setUpDays(20);
  const command = ["purge", "--days", "14", "--yes", "--reason", "monthly"];
  expect(await terminal.json<RunResultJson>(...command)).toEqual({
    runId: expect.any(String) as string,
    status: "completed",
    cutoff: "2026-08-01T12:00:00.000Z",
    sessions: 6,
    actions: 6,
    quarantined: 0,
    pages: 1,
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
  expect(stderr).toMatch(/^Target: http:\/\/deployment\.test \(/);
  expect(stdout).toBe("Nothing to purge; no run started.\n");
});

test("without a cutoff, the retention in force decides", async () => {
  const { terminal, component } = await setUpDays(20);
  const change = { actor: "test", patch: { retentionDays: 18 } };
  await component.mutation(api.settings.change, change);
  const result = await terminal.json<RunResultJson>("purge", "--yes");
  expect(result).toMatchObject({
    sessions: 2,
    cutoff: "2026-07-28T12:00:00.000Z",
  });

  await component.mutation(api.settings.change, {
    actor: "test",
    patch: { retentionDays: "never" },
  });
  expect(await terminal.run("purge", "--yes")).toMatchObject({ exitCode: 2 });
});

test("nothing due: no run, and the same shape", async () => {
  const { terminal, runs } = await setUpDays(3);
  expect(await terminal.json<RunResultJson>("purge")).toEqual({
    runId: null,
    status: "completed",
    cutoff: "2026-08-01T12:00:00.000Z",
    sessions: 0,
    actions: 0,
    quarantined: 0,
    pages: 0,
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

test("at or above the retention it asks; JSON never does", async () => {
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

test("below the retention, only the number of sessions confirms", async () => {
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

test("below the retention, the number is typed on a terminal", async () => {
  const { terminal, total } = await setUpDays(20, { interactive: true });
  terminal.answers = ["yes", "", "10"];
  const exitCodes: number[] = [];
  for (let attempt = 0; attempt < 3; attempt += 1) {
    exitCodes.push((await terminal.run("purge", "--days", "10")).exitCode);
  }
  expect(exitCodes).toEqual([5, 2, 0]);
  expect(await total()).toBe(10);
});

test("with retention never, every purge is below it", async () => {
  const { terminal, component } = await setUpDays(20);
  await component.mutation(api.settings.change, {
    actor: "test",
    patch: { retentionDays: "never" },
  });
  expect(await terminal.run("purge", "--days", "18", "--yes")).toMatchObject({
    exitCode: 5,
  });
});
