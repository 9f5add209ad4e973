/** What `purge`, `settings set` and `runs show` say of visits and actions that go before their session. */
import { expect, test } from "vitest";
import type { DryRunJson } from "../../../cli/json/dryRun.js";
import type { RunResultJson, RunShowJson } from "../../../cli/json/run.js";
import type { SettingsChangeJson } from "../../../cli/json/settings.js";
import { DAY_MS } from "../../../convex/sessionTracker/shared/times.js";
import { NOW, setUpDeployment } from "../support/deployment.js";

/** A session of yesterday with actions of ten days ago and of yesterday. */
function visitor(anonymousId: string) {
  const at = (days: number) => ({ at: NOW - days * DAY_MS, action: "click" });
  return {
    anonymousId,
    createdAt: NOW - 12 * DAY_MS,
    lastActive: NOW - DAY_MS,
    actions: [at(10), at(9), at(1)],
  };
}

test("the retention of actions is asked for, previewed, and purged exactly so", async () => {
  const { terminal, store } = setUpDeployment();
  await store([visitor("a"), visitor("b")]);
  const set = ["settings", "set", "retention.actions=7d"];
  const asked = await terminal.run(...set);
  expect(asked.exitCode).toBe(5);
  expect(asked.stderr).toContain(
    "Lower the retention of actions from the session's to 7 days? 0 visits and 4 actions of sessions that stay will be older than that",
  );
  expect(
    await terminal.json<SettingsChangeJson>(...set, "--yes"),
  ).toMatchObject({ purgeableByRetention: { visits: 0, actions: 4 } });

  const dry = await terminal.json<DryRunJson>("purge", "--dry-run");
  expect(dry).toMatchObject({
    wouldDelete: 0,
    actions: 0,
    byRetention: { visits: 0, actions: 4 },
  });
  expect((await terminal.run("purge", "--dry-run")).stdout).toContain(
    "Of sessions that stay it would delete 0 visits and 4 actions: actions from before",
  );
  const archived = await terminal.run("purge", "--archive", "a.gz", "--yes");
  expect(archived.stderr).toContain("left to the next purge without --archive");
  expect(archived.stdout).toContain("Nothing to purge");

  const run = await terminal.json<RunResultJson>("purge", "--yes");
  expect(run).toMatchObject({ sessions: 0, visits: 0, actions: 4 });
  const runId = run.runId ?? "";
  expect(await terminal.json<RunShowJson>("runs", "show", runId)).toMatchObject(
    {
      visits: 0,
      cutoffs: { visits: null, actions: expect.any(String) as string },
    },
  );
  expect((await terminal.run("runs", "show", runId)).stdout).toContain(
    "Deleted: 0 sessions, 0 visits, 4 actions",
  );
  expect((await terminal.run("purge", "--yes")).stdout).toContain(
    "Nothing to purge",
  );
});

test("sessions that are kept for ever have a purge of actions all the same, and it says so", async () => {
  const { terminal, store, setPolicy } = setUpDeployment();
  await store([visitor("a")]);
  await setPolicy({ retentionDays: "never", actionRetentionDays: 7 });
  const { stdout, stderr } = await terminal.run("purge", "--yes");
  expect(stdout).toContain("cutoff none, sessions are kept");
  expect(stdout).toContain("2 actions");
  expect(stderr).toContain("Cutoff: none, sessions are kept");
});
