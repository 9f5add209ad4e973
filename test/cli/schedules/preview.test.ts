/** `schedule preview`: the fires of a schedule, by whose clocks, and the effect of clocks that change. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { processContext } from "../../../cli/context.js";
import type {
  ScheduleListJson,
  SchedulePreviewJson,
} from "../../../cli/json/schedule.js";
import { setUpDeployment } from "../support/deployment.js";

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

test("shows each time in UTC, in the schedule's zone and in the operator's", async () => {
  const { terminal } = setUpDeployment();
  const { stdout } = await terminal.run(
    ...["schedule", "preview", "purge", "30 2 * * *"],
    ...["--tz", "America/New_York", "--count", "1"],
  );
  expect(lines(stdout)).toEqual([
    'purge "30 2 * * *" (America/New_York) fires at',
    "UTC America/New_York Europe/Berlin IN",
    "2026-08-16 06:30:00 UTC 2026-08-16 02:30:00 EDT 2026-08-16 08:30:00 GMT+2 in 18 hours",
  ]);
});

test("shows a time once where the schedule's zone is the operator's too, or UTC", async () => {
  const { terminal } = setUpDeployment();
  const berlin = await terminal.run(
    ...["schedule", "preview", "purge", "--tz", "Europe/Berlin"],
  );
  expect(lines(berlin.stdout)[1]).toBe("UTC Europe/Berlin IN");
});

describe("says where clocks change", () => {
  test.each([
    {
      tz: "Asia/Beirut",
      spec: "0 0 28 3 *",
      says: "2027-03-28 00:00:00 does not exist in Asia/Beirut, as clocks go forward: it fires at 2027-03-28 01:00:00",
    },
    {
      tz: "Europe/Berlin",
      spec: "30 2 25 10 *",
      says: "2026-10-25 02:30:00 comes twice in Europe/Berlin, as clocks go back: it fires the first time, at 2026-10-25 02:30:00",
    },
  ])("$spec in $tz", async ({ tz, spec, says }) => {
    const { terminal } = setUpDeployment();
    const args = ["schedule", "preview", "purge", spec, "--tz", tz];
    const { stdout } = await terminal.run(...args, "--count", "1");
    expect(stdout).toContain(says);
    const { changes } = await terminal.json<SchedulePreviewJson>(
      ...args,
      ...["--count", "1"],
    );
    expect(changes).toHaveLength(1);
  });
});

test("says that the schedule is paused", async () => {
  const { terminal } = setUpDeployment();
  await terminal.run("schedule", "set", "purge", "30 2 * * *");
  await terminal.run("schedule", "pause", "purge", "--reason", "audit");
  const { stderr } = await terminal.run("schedule", "preview", "purge");
  expect(stderr).toContain(
    "It is paused: audit. Nothing starts at these times until it is resumed.",
  );
});

test.each([
  ["*/90 * * * *", "steps further than its 60 values"],
  ["@reboot", "is none of @yearly"],
  ["0 24 * * *", 'the hour "24" cannot be read: it takes 0 to 23'],
])("refuses the invalid spec %s with its own message", async (spec, says) => {
  const { terminal } = setUpDeployment();
  const { exitCode, stderr } = await terminal.run(
    ...["schedule", "preview", "purge", spec],
  );
  expect(exitCode).toBe(2);
  expect(stderr).toContain(says);
});

test("changes nothing", async () => {
  const { terminal } = setUpDeployment();
  const before = await terminal.json<ScheduleListJson>("schedule", "list");
  const preview = await terminal.json(
    ...["schedule", "preview", "purge", "0 4 * * *", "--count", "2"],
  );
  expect(preview).toEqual({
    spec: "0 4 * * *",
    timeZone: "UTC",
    jitterMs: null,
    window: null,
    fires: ["2026-08-16T04:00:00.000Z", "2026-08-17T04:00:00.000Z"],
    changes: [],
    paused: null,
  });
  expect(await terminal.json("schedule", "list")).toEqual(before);
});

test.each(["", ":", "Not/AZone"])("takes TZ=%j for UTC", (zone) => {
  vi.stubEnv("TZ", zone);
  expect(processContext().timeZone).toBe("UTC");
});

function lines(text: string): string[] {
  return text
    .trim()
    .split("\n")
    .map((line) => line.replace(/ {2,}/g, " "));
}
