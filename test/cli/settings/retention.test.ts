import { expect, test } from "vitest";
import type {
  ScheduleChangeJson,
  ScheduleListJson,
} from "../../../cli/json/schedule.js";
import type { RetentionJson } from "../../../cli/json/settings.js";
import { api } from "../../../convex/sessionTracker/_generated/api.js";
import { NOW, setUpDeployment } from "../support/deployment.js";
import { DAY_MS } from "../../../convex/sessionTracker/shared/times.js";

async function setUpOneOld(ageDays: number, interactive = false) {
  const deployment = setUpDeployment({ interactive });
  await deployment.component.mutation(api.operator.import.batch, {
    rows: [
      {
        anonymousId: "old",
        createdAt: 0,
        lastActive: NOW - ageDays * DAY_MS,
      },
    ],
  });
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

test("schedule set changes only what is named, and shows the next fires in all three zones", async () => {
  const { terminal } = setUpDeployment();
  const { stdout } = await terminal.run(
    ...["schedule", "set", "purge", "0 3 * * 1", "--tz", "America/New_York"],
  );
  expect(stdout).toMatchInlineSnapshot(`
    "purge "0 3 * * 1" (America/New_York): on
    Next fires
    UTC                      America/New_York         Europe/Berlin              IN
    2026-08-17 07:00:00 UTC  2026-08-17 03:00:00 EDT  2026-08-17 09:00:00 GMT+2  in 2 days
    2026-08-24 07:00:00 UTC  2026-08-24 03:00:00 EDT  2026-08-24 09:00:00 GMT+2  in 9 days
    2026-08-31 07:00:00 UTC  2026-08-31 03:00:00 EDT  2026-08-31 09:00:00 GMT+2  in 16 days
    2026-09-07 07:00:00 UTC  2026-09-07 03:00:00 EDT  2026-09-07 09:00:00 GMT+2  in 23 days
    2026-09-14 07:00:00 UTC  2026-09-14 03:00:00 EDT  2026-09-14 09:00:00 GMT+2  in 30 days
    "
  `);
  const changed = await terminal.json<ScheduleChangeJson>(
    ...["schedule", "set", "purge", "--tz", "UTC"],
  );
  expect(changed).toMatchObject({
    revision: 2,
    schedule: { name: "purge", spec: "0 3 * * 1", timeZone: "UTC" },
    fires: [
      "2026-08-17T03:00:00.000Z",
      "2026-08-24T03:00:00.000Z",
      "2026-08-31T03:00:00.000Z",
      "2026-09-07T03:00:00.000Z",
      "2026-09-14T03:00:00.000Z",
    ],
  });
});

test.each([
  [["set", "purge"], "Name what to change"],
  [["set", "purge", "every day"], "A cron spec has five fields"],
  [["set", "purge", "--tz", "Mars/Base"], "is not an IANA time zone"],
  [["set", "clean", "0 3 * * *"], "Allowed choices are expire, purge"],
  [["pause", "purge"], "required option '--reason <text>'"],
])("schedule %j is a usage error", async (args, message) => {
  const { terminal } = setUpDeployment();
  const { exitCode, stderr } = await terminal.run("schedule", ...args);
  expect({ exitCode, stderr }).toEqual({
    exitCode: 2,
    stderr: expect.stringContaining(message) as string,
  });
});

test("schedule pause has a reason and may end by itself; schedule resume ends it", async () => {
  const { terminal } = setUpDeployment();
  await terminal.run("schedule", "set", "purge", "30 2 * * *");
  const paused = await terminal.json<ScheduleChangeJson>(
    ...["schedule", "pause", "purge", "--reason", "audit"],
    ...["--until", "2026-09-01"],
  );
  expect(paused.schedule.paused).toEqual({
    reason: "audit",
    actor: "cli:ada@desk",
    at: "2026-08-15T12:00:00.000Z",
    until: "2026-09-01T00:00:00.000Z",
  });
  expect(paused.fires[0]).toBe("2026-09-01T02:30:00.000Z");

  const resumed = await terminal.json<ScheduleChangeJson>(
    ...["schedule", "resume", "purge"],
  );
  expect(resumed.schedule.paused).toBeNull();
  expect(resumed.fires[0]).toBe("2026-08-16T02:30:00.000Z");
});

test("schedule preview changes nothing", async () => {
  const { terminal } = setUpDeployment();
  const before = await terminal.json<ScheduleListJson>("schedule", "list");
  const preview = await terminal.json(
    ...["schedule", "preview", "purge", "0 4 * * *", "--count", "2"],
  );
  expect(preview).toEqual({
    spec: "0 4 * * *",
    timeZone: "UTC",
    fires: ["2026-08-16T04:00:00.000Z", "2026-08-17T04:00:00.000Z"],
    changes: [],
    paused: null,
  });
  expect(await terminal.json("schedule", "list")).toEqual(before);
});
