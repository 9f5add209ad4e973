/** `schedule set`, `pause` and `resume`. */
import { expect, test } from "vitest";
import type { ScheduleChangeJson } from "../../../cli/json/schedule.js";
import { setUpDeployment } from "../support/deployment.js";

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
