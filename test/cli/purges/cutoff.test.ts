/** Purges by the deployment's clock, and under the settings that were looked at. */
import { expect, test, vi } from "vitest";
import type { CliContext } from "../../../cli/context.js";
import type { DryRunJson } from "../../../cli/json/dryRun.js";
import type { RunResultJson } from "../../../cli/json/run.js";
import { api } from "../../../convex/sessionTracker/_generated/api.js";
import { dailySessions, NOW, setUpDeployment } from "../support/deployment.js";
import {
  DAY_MS,
  MINUTE_MS,
} from "../../../convex/sessionTracker/shared/times.js";

/** One session for each of the last days, last active exactly so many days ago. */
async function setUpDays(days: number, overrides: Partial<CliContext> = {}) {
  const deployment = setUpDeployment(overrides);
  const { component, store } = deployment;
  await store(dailySessions(days, 1));
  return {
    ...deployment,
    hold: () =>
      component.mutation(api.settings.settings.change, {
        patch: { retentionDays: 90 },
        ...{ actor: "cli:bob@desk", reason: "legal hold" },
      }),
  };
}

/** The context of a machine whose clock is that much ahead. */
function ahead(ms: number): Partial<CliContext> {
  return { now: () => Date.now() + ms };
}

test.each([10 * DAY_MS, -10 * DAY_MS])(
  "the retention is reckoned by the deployment's clock, on a machine that is %i ms ahead",
  async (skewMs) => {
    const { terminal, total } = await setUpDays(20, ahead(skewMs));
    const result = await terminal.json<RunResultJson>("purge", "--yes");
    expect(result).toMatchObject({
      sessions: 6,
      cutoff: "2026-08-01T12:00:00.000Z",
    });
    expect(await total()).toBe(14);
    const days = ["purge", "--days", "10", "--yes"];
    expect(await terminal.run(...days)).toMatchObject({ exitCode: 5 });
  },
);

test.each([
  [10 * DAY_MS, "10 days ahead of"],
  [-90_000, "1 minute 30 seconds behind"],
])(
  "a clock that is %i ms ahead is reported before every write",
  async (ms, text) => {
    const { terminal } = await setUpDays(20, ahead(ms));
    const said = `Note: this machine's clock is ${text} the deployment's.`;
    for (const command of [
      ["purge", "--yes"],
      ["expire"],
      ["retention", "20"],
      ["settings", "set", "pageSize=500"],
      ["schedule", "pause", "purge", "--reason", "audit"],
      ["end", "old-0"],
      ["forget", "old-0", "--confirm", "old-0"],
      ["runs", "cancel", "x"],
      ["runs", "resume", "x"],
      ["doctor", "--fix"],
    ]) {
      const { stderr } = await terminal.run(...command);
      expect({ command, stderr }).toEqual({
        command,
        stderr: expect.stringContaining(said) as string,
      });
    }
  },
);

test("rows of an import that are older than the retention are judged by the deployment's clock", async () => {
  const { terminal } = await setUpDays(0, ahead(10 * DAY_MS));
  const lastActive = NOW - 10 * DAY_MS;
  const row = { anonymousId: "kept", createdAt: lastActive, lastActive };
  terminal.write("rows.jsonl", `${JSON.stringify(row)}\n`);
  const imported = await terminal.json("import", "rows.jsonl");
  expect(imported).toMatchObject({ created: 1, olderThanRetention: 0 });
});

test("clocks a minute apart, or a slow answer, cause no note", async () => {
  const { terminal } = await setUpDays(20, ahead(60_000));
  expect((await terminal.run("expire")).stderr).not.toContain("clock");
  const slow = (await setUpDays(20)).terminal;
  const online = slow.overrides.fetch;
  Object.assign(slow.overrides, {
    fetch: async (...[url, init]: Parameters<CliContext["fetch"]>) => {
      vi.setSystemTime(Date.now() + 20 * MINUTE_MS);
      const answer = await online?.(url, init);
      vi.setSystemTime(Date.now() + 20 * MINUTE_MS);
      return answer;
    },
  });
  const { stderr } = await slow.run("retention", "20");
  expect(stderr).not.toContain("clock is");
});

test("a cutoff younger than the idle timeout is a usage error, also for a dry run", async () => {
  const { terminal, total } = await setUpDays(3);
  for (const when of [
    ["--days", "0.001"],
    ["--before", "5m"],
    ["--before", "2026-08-15T11:59:00Z"],
  ]) {
    for (const how of [["--dry-run"], ["--confirm", "3"]]) {
      const refused = await terminal.run("purge", ...when, ...how);
      expect(refused.exitCode).toBe(2);
      expect(refused.stderr).toContain("younger than the idle timeout");
    }
  }
  expect(await total()).toBe(3);
});

test.each([
  ["10d", "2026-08-05T12:00:00.000Z"],
  ["2026-08-05 12:00:00 UTC", "2026-08-05T12:00:00.000Z"],
  ["2026-08-05 14:00:00 GMT+2", "2026-08-05T12:00:00.000Z"],
  ["2026-08-05 17:30:00 GMT+5:30", "2026-08-05T12:00:00.000Z"],
  ["2026-08-05 12:00", "2026-08-05T12:00:00.000Z"],
])("--before %s is read as it is written", async (before, cutoff) => {
  const { terminal } = await setUpDays(3);
  const dryRun = ["purge", "--before", before, "--dry-run"];
  expect(await terminal.json<DryRunJson>(...dryRun)).toMatchObject({ cutoff });
});

test.each(["2026-08-05 12:00:00 CEST", "2026-08-05 25:00:00 UTC", "14 days"])(
  "--before %s is refused as no time",
  async (before) => {
    const { terminal } = await setUpDays(3);
    const { exitCode, stderr } = await terminal.run(
      ...["purge", "--before", before, "--dry-run"],
    );
    expect(exitCode).toBe(2);
    expect(stderr).toContain("is not a time");
  },
);

test("times as status prints them can be given to --before", async () => {
  const { terminal } = await setUpDays(20);
  const { stdout } = await terminal.run("status");
  const [, oldest = ""] = /last active (.*? UTC)/.exec(stdout) ?? [];
  const before = ["purge", "--dry-run", "--before", oldest];
  expect(await terminal.json<DryRunJson>(...before)).toMatchObject({
    cutoff: "2026-07-26T12:00:00.000Z",
  });
});

test("the headline of a bounded dry run counts the sessions within the bound", async () => {
  const { terminal } = await setUpDays(20);
  const bounded = ["purge", "--dry-run", "--max", "2"];
  const { stdout } = await terminal.run(...bounded);
  expect(stdout).toMatch(
    /^Dry run, nothing deleted\. A purge would delete 2 sessions with their actions, the oldest of what is due: 6 sessions and 0 actions, /,
  );
  expect(await terminal.json<DryRunJson>(...bounded)).toMatchObject({
    ...{ wouldDelete: 2, sessions: 6, max: 2 },
  });
});

test("a retention raised while a purge waits for its answer makes it ask again", async () => {
  const { terminal, total, hold } = await setUpDays(20, { interactive: true });
  const prompts: CliContext["prompts"] = {
    confirm: async (message) => {
      terminal.questions.push(message);
      await hold();
      return true;
    },
    input: (message) => {
      terminal.questions.push(message);
      return Promise.resolve("");
    },
  };
  Object.assign(terminal.overrides, { prompts });
  const { exitCode, stderr } = await terminal.run("purge", "--days", "14");
  expect(stderr).toContain(
    "No run was started: the settings were at revision 0",
  );
  expect(stderr).toContain("cli:bob@desk changed, as revision 1 (legal hold):");
  expect(terminal.questions).toEqual([
    "Delete 6 sessions and 0 actions for good?",
    "This deletes sessions that the retention (90 days) keeps. Type the number of sessions to delete them:",
  ]);
  expect(exitCode).toBe(2);
  expect(await total()).toBe(20);
});

test.each([
  [["--yes"], []],
  [["--yes"], ["--archive", "old.jsonl.gz"]],
  [["--confirm", "6"], []],
])(
  "a purge whose settings have changed is refused where nobody can be asked: %j %j",
  async (how, more) => {
    const { terminal, total, hold, component } = await setUpDays(20, {
      interactive: true,
    });
    const online = terminal.overrides.fetch;
    let isHeld = false;
    Object.assign(terminal.overrides, {
      fetch: async (...[url, init]: Parameters<CliContext["fetch"]>) => {
        const isStart = String(init?.body).includes("runs/control:start");
        if (isStart && !isHeld) await hold();
        isHeld ||= isStart;
        return await online?.(url, init);
      },
    });
    const { exitCode, stderr } = await terminal.run(
      ...["purge", "--days", "14", ...how, ...more],
    );
    expect(exitCode).toBe(1);
    expect(stderr).toContain("as revision 1 (legal hold):");
    expect(await total()).toBe(20);
    expect(await component.query(api.runs.ledger.list, {})).toEqual([]);
  },
);
