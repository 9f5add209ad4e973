/** Invalid values: exit code 2 and advice, before anything is asked or done. */
import { expect, test } from "vitest";
import { api } from "../../../convex/sessionTracker/_generated/api.js";
import { NOW, setUpDeployment } from "../support/deployment.js";
import { DAY_MS } from "../../../convex/sessionTracker/shared/times.js";

test.each([
  [
    ["purge", "--days", "1e12", "--dry-run"],
    "--days 1000000000000 goes back to before 1970. It must be a number above 0 and at most 20680.",
  ],
  [["purge", "--days", "99999999"], "at most 20680"],
  [["purge", "--before", "1960-01-01"], "lies before 1970"],
  [["purge", "--before", "2999-01-01"], "lies in the future"],
  [
    ["list", "--inactive-since", "99999999999d"],
    "is neither a time nor how long ago",
  ],
  [
    ["schedule", "pause", "purge", "--reason", "x", "--until", "2020-01-01"],
    "--until 2020-01-01 is 2020-01-01 00:00:00 UTC, which has passed.",
  ],
  [
    ["schedule", "pause", "purge", "--reason", "x", "--until", "soon"],
    '--until "soon" is neither a time nor in how long',
  ],
  [
    ["schedule", "pause", "purge", "--reason", "x", "--until", "99999999999d"],
    "is neither a time nor in how long",
  ],
  [
    ["settings", "set", "retentionDays=-1"],
    'retentionDays must be from one hour (1/24) to 3650, or "never", got -1.',
  ],
  [["retention", "0.001"], "got 0.001."],
  [
    ["settings", "set", "retentionDays=7", "pageSize=0"],
    "pageSize must be a whole number from 1 to 3000, got 0.",
  ],
  [
    ["settings", "set", "retentionDays=7", "idleTimeoutMs=8d"],
    "retentionDays must be longer than idleTimeoutMs (691200000)",
  ],
  [
    ["settings", "set", "idleTimeoutMs=15d"],
    "idleTimeoutMs must be shorter than retentionDays (14 days), or live sessions are purged, got 1296000000.",
  ],
  [
    ["settings", "set", "idleTimeoutMs=1m"],
    "idleTimeoutMs must be more than touchAfterMs (60000), or sessions expire while in use, got 60000.",
  ],
  ...["show x", "list", "settings log"].map((command): [string[], string] => [
    [...command.split(" "), "--json", "--jsonl"],
    "--json and --jsonl are two forms of the same output. Leave one out.",
  ]),
])("%j", async (args, message) => {
  const { terminal } = setUpDeployment({ interactive: true });
  const { exitCode, stdout, stderr } = await terminal.run(...args);
  expect(stderr).toContain(message);
  expect({ exitCode, stdout, asked: terminal.questions }).toEqual({
    exitCode: 2,
    stdout: "",
    asked: [],
  });
});

test("the end of a pause may be given as a duration", async () => {
  const { terminal, component } = setUpDeployment();
  const pause = ["schedule", "pause", "purge", "--reason", "x"];
  const { exitCode } = await terminal.run(...pause, "--until", "2h");
  expect(exitCode).toBe(0);
  const { schedules } = await component.query(api.settings.settings.get, {});
  expect(schedules.purge.paused?.until).toBe(NOW + DAY_MS / 12);
});

test("an invalid number is quoted as it was typed", async () => {
  const { terminal, component } = setUpDeployment({ interactive: true });
  const lastActive = NOW - 10 * DAY_MS;
  await component.mutation(api.operator.import.batch, {
    rows: [{ anonymousId: "old", createdAt: 0, lastActive }],
  });
  terminal.answers = ["abc", "1"];
  const refused = await terminal.run("purge", "--days", "7");
  expect(refused.exitCode).toBe(5);
  expect(refused.stderr).toContain(
    'Not confirmed: "abc" is not the number of sessions, 1.',
  );
  expect((await terminal.run("purge", "--days", "7")).exitCode).toBe(0);
});
