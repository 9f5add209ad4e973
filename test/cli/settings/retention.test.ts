import { expect, test } from "vitest";
import type { RetentionJson } from "../../../cli/json/settings.js";
import { api } from "../../../convex/sessionTracker/_generated/api.js";
import { dailySessions, setUpDeployment } from "../support/deployment.js";

async function setUpOneOld(ageDays: number, interactive = false) {
  const deployment = setUpDeployment({ interactive });
  await deployment.store(dailySessions(1, ageDays));
  return deployment;
}

test("lowering the retention counts the sessions it dooms, and asks", async () => {
  const { terminal } = await setUpOneOld(10, true);
  terminal.answers = [false, true];
  expect(await terminal.run("retention", "7")).toMatchObject({ exitCode: 2 });
  expect(await terminal.json<RetentionJson>("retention")).toEqual({
    retentionDays: 14,
    revision: 0,
  });
  expect(await terminal.run("retention", "7")).toMatchObject({
    exitCode: 0,
    stdout: "Retention: 7 days\n",
  });
  expect(terminal.questions[1]).toMatchInlineSnapshot(
    `"Lower the retention from 14 days to 7 days? 1 session will be older than that; the purge schedule, not registered yet, will delete them."`,
  );
});

test("lowering the retention needs --yes where nobody can be asked; raising it needs nothing", async () => {
  const { terminal } = await setUpOneOld(10);
  expect(await terminal.run("retention", "7")).toMatchObject({ exitCode: 5 });
  expect(await terminal.json("retention", "7", "--yes")).toEqual({
    retentionDays: 7,
    revision: 1,
    previous: 14,
    purgeable: 1,
  });
  expect(await terminal.json("retention", "never")).toEqual({
    retentionDays: "never",
    revision: 2,
    previous: 7,
  });
  expect(await terminal.run("retention", "400")).toMatchObject({ exitCode: 5 });
});

test("a change by another operator in between is not overwritten", async () => {
  const { terminal, component } = await setUpOneOld(10, true);
  Object.assign(terminal.overrides, {
    prompts: {
      confirm: async () => {
        await component.mutation(api.settings.settings.change, {
          patch: { retentionDays: 30 },
          actor: "cli:bob@desk",
        });
        return true;
      },
    },
  });
  const { exitCode, stderr } = await terminal.run("retention", "7");
  expect(exitCode).toBe(1);
  expect(stderr).toContain(
    "2026-08-15 12:00:00 UTC cli:bob@desk changed, as revision 1:\n    retentionDays: 14 days → 30 days\n",
  );
});
