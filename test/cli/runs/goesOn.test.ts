/** A run that is under way while its policy changes: it is reported, counted, and can be stopped. */
import { describe, expect, test } from "vitest";
import type { ScheduleChangeJson } from "../../../cli/json/schedule.js";
import type {
  RetentionJson,
  SettingsChangeJson,
} from "../../../cli/json/settings.js";
import type { StatusJson } from "../../../cli/json/status/status.js";
import { api } from "../../../convex/sessionTracker/_generated/api.js";
import { runToPage } from "../../convex/support/runKit.js";
import { DAY_MS } from "../../../convex/sessionTracker/shared/times.js";
import { dailySessions, NOW, setUpDeployment } from "../support/deployment.js";

/** Thirty sessions, 15 to 44 days old, and a purge by the retention that has done its first page of five. */
async function setUpPurging(interactive = false, max?: number) {
  const deployment = setUpDeployment({ interactive });
  const { component, setPolicy, store } = deployment;
  await setPolicy({ pageSize: 5 });
  await store(dailySessions(30, 15));
  const { runId } = await component.mutation(api.runs.control.start, {
    ...{ kind: "purge", actor: "schedule", trigger: "schedule" },
    ...(max === undefined ? {} : { maxSessions: max }),
  });
  await runToPage(component, runId, 1);
  return {
    ...deployment,
    runId,
    run: () => component.query(api.runs.ledger.get, { runId }),
  };
}

describe("a purge under way when the retention is raised", () => {
  test("is reported with the sessions it takes that are kept now, and the way to stop it", async () => {
    const { terminal, runId, run } = await setUpPurging();
    const { exitCode, stderr } = await terminal.run("retention", "20");
    expect(exitCode).toBe(0);
    expect(stderr).toContain(
      `Run ${runId} (purge, started 2026-08-15 12:00:00 UTC by schedule) goes on with its cutoff, last active before 2026-08-01 12:00:00 UTC, though the retention was raised from 14 days to 20 days. It still deletes 25 sessions, 6 of which the retention (20 days) keeps.\n\`sessions-ops runs cancel ${runId}\` stops it before its next page`,
    );
    expect(await run()).toMatchObject({ status: "running" });
  });

  test("can be canceled by an answer on a terminal", async () => {
    const { terminal, runId, run } = await setUpPurging(true);
    terminal.answers = [true];
    const { stderr } = await terminal.run("retention", "20");
    expect(terminal.questions).toEqual([
      `Cancel run ${runId} before its next page?`,
    ]);
    expect(stderr).toContain(`Run ${runId} is canceled`);
    expect(await run()).toMatchObject({ status: "canceled", sessions: 5 });
  });

  test.each([
    ["retention", "20"],
    ["settings", "set", "retentionDays=never"],
  ])(
    "is in the JSON of %s %s, and canceled by --cancel-run",
    async (...command) => {
      const { terminal, runId, run } = await setUpPurging();
      const cancel = [
        ...command.filter(Boolean),
        "--cancel-run",
        "--reason",
        "hold",
      ];
      const changed = await terminal.json<RetentionJson>(...cancel);
      expect(changed.goesOn).toEqual({
        runId,
        cutoff: "2026-08-01T12:00:00.000Z",
        left: 25,
        kept: command[0] === "retention" ? 6 : 25,
        leftByRetention: { visits: 0, actions: 0 },
        keptByRetention: { visits: 0, actions: 0 },
        canceled: true,
      });
      expect(await run()).toMatchObject({
        errors: [{ message: "Canceled by cli:ada@desk: hold" }],
      });
    },
  );

  test("is not mentioned where its maximum ends it before sessions that are kept now", async () => {
    const { terminal } = await setUpPurging(true, 20);
    const { exitCode, stderr } = await terminal.run("retention", "20");
    expect({ exitCode, asked: terminal.questions }).toEqual({
      ...{ exitCode: 0, asked: [] },
    });
    expect(stderr).not.toContain("goes on");
  });

  test("is a warning of status for as long as it goes on", async () => {
    const { terminal, component, runId } = await setUpPurging();
    await component.mutation(api.settings.settings.change, {
      ...{ actor: "bob", patch: { retentionDays: 90 } },
    });
    const { warnings } = await terminal.json<StatusJson>("status");
    expect(warnings).toContainEqual(
      expect.stringContaining(
        `Run ${runId} (purge) was asked for under other settings`,
      ),
    );
  });
});

describe("a purge under way when the retention of visits or actions is raised", () => {
  /**
   * Ten sessions of a day ago, each with actions of 20 and of 10 days ago, and a purge of what is older than a week
   * that has done a page of sessions.
   */
  async function setUpPurgingActions() {
    const deployment = setUpDeployment();
    const { component, setPolicy, store } = deployment;
    await setPolicy({
      ...{ pageSize: 5, actionRetentionDays: 7, visitRetentionDays: 7 },
    });
    await store([
      ...dailySessions(10, 15),
      ...dailySessions(10, 0, (_lastActive, index) => ({
        anonymousId: `kept-${index}`,
        lastActive: NOW - DAY_MS,
        actions: [20, 10].map((days) => ({
          ...{ at: NOW - days * DAY_MS, action: "click" },
        })),
      })),
    ]);
    const { runId } = await component.mutation(api.runs.control.start, {
      ...{ kind: "purge", actor: "schedule", trigger: "schedule" },
    });
    await runToPage(component, runId, 1);
    return { ...deployment, runId };
  }

  test("is reported with what it takes of them that is kept now", async () => {
    const { terminal, runId } = await setUpPurgingActions();
    const raise = ["settings", "set", "retention.actions=12d"];
    const { exitCode, stderr } = await terminal.run(...raise);
    expect(exitCode).toBe(0);
    expect(stderr).toContain(
      "though the retention of actions was raised from 7 days to 12 days. It still deletes 5 sessions, and of sessions that stay 0 visits and 20 actions, of which their retention keeps 0 visits and 10 actions.\n",
    );
    expect(stderr).toContain(`\`sessions-ops runs cancel ${runId}\` stops it`);
    const { warnings } = await terminal.json<StatusJson>("status");
    expect(warnings).toContainEqual(
      expect.stringContaining(
        "so it deletes actions of sessions that stay which their retention keeps.",
      ),
    );
  });

  test("is in the JSON, and canceled by --cancel-run", async () => {
    const { terminal, runId } = await setUpPurgingActions();
    const changed = await terminal.json<SettingsChangeJson>(
      ...["settings", "set", "retention.actions=session", "--cancel-run"],
    );
    expect(changed.goesOn).toMatchObject({
      runId,
      kept: 0,
      leftByRetention: { visits: 0, actions: 20 },
      keptByRetention: { visits: 0, actions: 20 },
      canceled: true,
    });
  });

  test("is not mentioned where it takes none that are kept now", async () => {
    const { terminal } = await setUpPurgingActions();
    const { stderr } = await terminal.run(
      ...["settings", "set", "retention.visits=30d"],
    );
    expect(stderr).not.toContain("goes on");
  });
});

describe("a run under way when its schedule is paused", () => {
  const pause = ["schedule", "pause", "purge", "--reason", "audit"];

  test("is reported, with the way to stop it", async () => {
    const { terminal, runId, run } = await setUpPurging();
    const { stderr } = await terminal.run(...pause);
    expect(stderr).toContain(
      "though the purge schedule is paused. It still deletes 25 sessions.\n",
    );
    expect(stderr).toContain(`\`sessions-ops runs cancel ${runId}\` stops it`);
    expect(await run()).toMatchObject({ status: "running" });
  });

  test("is canceled by --cancel-run", async () => {
    const { terminal, runId, run } = await setUpPurging();
    const changed = await terminal.json<ScheduleChangeJson>(
      ...[...pause, "--cancel-run"],
    );
    expect(changed.goesOn).toMatchObject({ runId, left: 25, canceled: true });
    expect(await run()).toMatchObject({ status: "canceled" });
  });

  test("is not mentioned where it is of the other kind", async () => {
    const { terminal } = await setUpPurging(true);
    const { stderr } = await terminal.run(
      ...["schedule", "pause", "expire", "--reason", "audit"],
    );
    expect(stderr).not.toContain("goes on");
  });
});

describe("resuming a run after the settings changed", () => {
  async function setUpCanceled() {
    const deployment = await setUpPurging(true);
    const { component, runId } = deployment;
    await component.mutation(api.runs.control.cancel, { runId, actor: "bob" });
    const patch = { retentionDays: 20 };
    await component.mutation(api.settings.settings.change, {
      actor: "bob",
      patch,
    });
    return deployment;
  }

  test("asks for the number of sessions where some are kept by now", async () => {
    const { terminal, runId, run } = await setUpCanceled();
    terminal.answers = ["24", "25"];
    const resume = ["runs", "resume", runId, "--detach"];
    expect(await terminal.run(...resume)).toMatchObject({ exitCode: 5 });
    expect(await run()).toMatchObject({ status: "canceled" });
    expect(await terminal.run(...resume)).toMatchObject({ exitCode: 0 });
    expect(terminal.questions[0]).toBe(
      "The settings have changed since the run was asked for: of 25 sessions that it still deletes, the retention (20 days) keeps 6. Type the number of sessions to delete them:",
    );
    expect(await run()).toMatchObject({ status: "running" });
  });

  test("is refused where the settings change again before the answer", async () => {
    const { terminal, component, runId, run } = await setUpCanceled();
    Object.assign(terminal.overrides, {
      prompts: {
        input: async () => {
          const patch = { retentionDays: 90 };
          await component.mutation(api.settings.settings.change, {
            actor: "bob",
            patch,
          });
          return "25";
        },
      },
    });
    const { exitCode, stderr } = await terminal.run("runs", "resume", runId);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(
      "The run does not go on: the settings were at revision 2",
    );
    expect(await run()).toMatchObject({ status: "canceled" });
  });
});
