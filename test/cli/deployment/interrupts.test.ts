/** Ctrl-C at any point of a command: exit code 2, and never a change without a word. */
import { expect, test } from "vitest";
import { api } from "../../../convex/sessionTracker/_generated/api.js";
import { setUpDeployment } from "../support/deployment.js";

async function setUp() {
  const deployment = setUpDeployment();
  await deployment.component.mutation(api.visitors.heartbeat.beat, {
    anonymousId: "ann",
  });
  return deployment;
}

const WRITES: ReadonlyArray<readonly [string[], string, string]> = [
  [
    ["retention", "20"],
    "settings/settings:change",
    "`sessions-ops settings get` says.",
  ],
  [
    ["settings", "set", "pageSize=500"],
    "settings/settings:change",
    "`sessions-ops settings get` says.",
  ],
  [
    ["schedule", "set", "purge", "0 3 * * *"],
    "schedules/change:set",
    "`sessions-ops schedule list` says.",
  ],
  [
    ["schedule", "resume", "purge"],
    "schedules/change:resume",
    "`sessions-ops schedule list` says.",
  ],
  [["end", "ann"], "visitors/block:end", "`sessions-ops show ann` says."],
  [
    ["forget", "ann", "--confirm", "ann"],
    "visitors/forget:visitor",
    "`sessions-ops show ann` finds no session if it was.",
  ],
  [
    ["runs", "resume", "id"],
    "runs/control:resume",
    "`sessions-ops runs show id` says.",
  ],
];

test.each(WRITES)(
  "Ctrl-C before the answer to %j: the error says how to see whether the change was made",
  async (args, asked, look) => {
    const { terminal } = await setUp();
    terminal.interruptAt(asked, { isAnswered: false });
    const { exitCode, stdout, stderr } = await terminal.run(...args);
    expect(stderr).toContain(
      `\nInterrupted before the deployment answered; whether it was done is not known: ${look}\n`,
    );
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
  },
);

test("a write that is answered after Ctrl-C is reported as done", async () => {
  const { terminal, component } = await setUp();
  terminal.interruptAt("settings/settings:change", { isAnswered: true });
  const { exitCode, stdout } = await terminal.run("retention", "20");
  expect({ exitCode, stdout }).toEqual({
    exitCode: 0,
    stdout: "Retention: 20 days\n",
  });
  expect(await component.query(api.settings.settings.get, {})).toMatchObject({
    retentionDays: 20,
  });
});

test.each([
  [["purge", "--days", "14", "--yes"], "runs/preview:purge"],
  [["purge", "--dry-run"], "runs/preview:purge"],
  [["list"], "operator/search:page"],
  [["retention", "20"], "settings/settings:get"],
])(
  "Ctrl-C during a query of %j ends the command at once",
  async (args, asked) => {
    const { terminal, calls } = await setUp();
    terminal.interruptAt(asked, { isAnswered: false });
    const { exitCode, stderr } = await terminal.run(...args);
    expect(stderr).toMatch(/(^|\n)Interrupted\.\n$/);
    expect(exitCode).toBe(2);
    const writes = ["settings/settings:change", "runs/control:start"];
    expect(calls.filter((name) => writes.includes(name))).toEqual([]);
  },
);

test("Ctrl-C in the pause before another attempt ends the command at once", async () => {
  const { terminal } = await setUp();
  terminal.loseAnswers("runs/preview:purge", 1_000);
  Object.assign(terminal.overrides, {
    sleep: () => {
      terminal.interrupt();
      return new Promise(() => undefined);
    },
  });
  const { exitCode, stderr } = await terminal.run("purge", "--dry-run");
  expect(stderr).toMatch(/Trying again …\nInterrupted\.\n$/);
  expect(exitCode).toBe(2);
});

test("no further write follows Ctrl-C", async () => {
  const { terminal, calls } = await setUp();
  terminal.interruptAt("operator/health:repair", { isAnswered: true });
  const { exitCode, stderr } = await terminal.run("doctor", "--fix");
  expect({ exitCode, stderr: stderr.split("\n").at(-2) }).toEqual({
    exitCode: 2,
    stderr: "Interrupted.",
  });
  expect(calls).not.toContain("operator/health:clock");
});
