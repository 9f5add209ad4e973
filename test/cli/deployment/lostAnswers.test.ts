/**
 * Networks that go away in the middle: calls that are repeated, and errors for writes without an
 * answer.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { RunResultJson } from "../../../cli/json/run.js";
import type { ForgetJson } from "../../../cli/json/session.js";
import type { ImportJson } from "../../../cli/json/transfer.js";
import { api } from "../../../convex/sessionTracker/_generated/api.js";
import { dailySessions, NOW, setUpDeployment } from "../support/deployment.js";
import type { FakeTerminal } from "../support/fakeTerminal.js";

async function setUp() {
  const deployment = setUpDeployment();
  const old = dailySessions(1, 30, (lastActive) => ({
    anonymousId: "old",
    actions: [{ at: lastActive, action: "view" }],
  }));
  await deployment.store(old);
  return deployment;
}

const EVER = 1_000;

const WRITES: ReadonlyArray<readonly [string[], string, string]> = [
  [["retention", "20"], "settings/settings:change", "settings get"],
  [
    ["settings", "set", "pageSize=500"],
    "settings/settings:change",
    "settings get",
  ],
  [
    ["schedule", "set", "purge", "0 3 * * *"],
    "schedules/change:set",
    "schedule list",
  ],
  [
    ["schedule", "pause", "purge", "--reason", "audit"],
    "schedules/change:pause",
    "schedule list",
  ],
  [["schedule", "resume", "purge"], "schedules/change:resume", "schedule list"],
  [["end", "old"], "visitors/block:end", "show old"],
  [["unblock", "old"], "visitors/block:lift", "show old"],
  [["runs", "cancel", "a run"], "runs/control:cancel", "runs show 'a run'"],
  [["doctor", "--fix"], "operator/health:repair", "doctor"],
];

test.each(WRITES)(
  "a lost answer to %j: the error says that the outcome is unknown, and where to look",
  async (args, asked, look) => {
    const { terminal } = await setUp();
    terminal.loseAnswers(asked, EVER);
    const { exitCode, stdout, stderr } = await terminal.run(...args);
    expect(stderr).toContain("No answer from http://127.0.0.99:3210");
    expect(stderr).toContain(
      `Whether it was done is not known: \`sessions-ops ${look}\` says.`,
    );
    expect({ exitCode, stdout }).toEqual({ exitCode: 4, stdout: "" });
  },
);

test.each(WRITES)(
  "a refused connection at %j: the error leaves no doubt that nothing was done",
  async (args, asked) => {
    const { terminal } = await setUp();
    terminal.loseAnswers(asked, EVER, "refused");
    const { exitCode, stderr } = await terminal.run(...args);
    expect(stderr).toContain("error: No answer from http://127.0.0.99:3210");
    expect(stderr).not.toContain("not known");
    expect(exitCode).toBe(4);
  },
);

test.each(WRITES.filter(([, asked]) => asked.startsWith("schedules:")))(
  "%j: it was done, though the report of it does not come",
  async (args, asked, look) => {
    const { terminal } = await setUp();
    goAwayAfter(terminal, asked);
    const { exitCode, stderr } = await terminal.run(...args);
    expect(stderr).toContain(
      `What was asked for was done before that: \`sessions-ops ${look}\` says.`,
    );
    expect(exitCode).toBe(4);
  },
);

test("a write that did not reach the deployment is made once it is back", async () => {
  const { terminal, calls } = await setUp();
  terminal.loseAnswers("settings/settings:change", 9, "refused");
  const { exitCode, stderr } = await terminal.run("retention", "20");
  expect(exitCode).toBe(0);
  expect(stderr.split("Trying again …")).toHaveLength(2);
  expect(
    calls.filter((name) => name === "settings/settings:change"),
  ).toHaveLength(1);
});

test("a purge whose start gets no answer is reported as perhaps running", async () => {
  const { terminal, component } = await setUp();
  terminal.loseAnswers("runs/control:start", EVER);
  const purge = ["purge", "--days", "20", "--yes"];
  const { exitCode, stderr } = await terminal.run(...purge);
  expect(exitCode).toBe(4);
  expect(stderr).toContain(
    "Whether the run was started is not known; `sessions-ops runs list` says",
  );
  expect(await component.query(api.runs.ledger.list, {})).toHaveLength(1);
});

test("an archived purge whose start did not reach the deployment leaves no file", async () => {
  const { terminal } = await setUp();
  terminal.loseAnswers("runs/control:start", EVER, "refused");
  const purge = ["purge", "--days", "20", "--yes", "--archive", "a.gz"];
  const { stderr } = await terminal.run(...purge);
  expect(stderr).not.toContain("not known");
  expect(existsSync(join(terminal.folder, "a.gz"))).toBe(false);
});

test.each(["done", "not done"] as const)(
  "forget prints its receipt though its answer is lost (%s)",
  async (loss) => {
    const { terminal, calls } = await setUp();
    terminal.loseAnswers("visitors/forget:visitor", 1, loss);
    const forget = ["forget", "old", "--confirm", "old"];
    const receipt = await terminal.json<ForgetJson>(...forget);
    expect(receipt).toMatchObject({ anonymousId: "old", actions: 1 });
    expect(
      calls.filter((name) => name === "visitors/forget:visitor"),
    ).toHaveLength(1);
    expect((await terminal.run("show", "old")).exitCode).toBe(1);
  },
);

test("forget without any answer says how to see whether the session was erased", async () => {
  const { terminal } = await setUp();
  terminal.loseAnswers("visitors/forget:visitor", EVER);
  goAwayAfter(terminal, "visitors/forget:visitor");
  const { exitCode, stderr } = await terminal.run(
    ...["forget", "old", "--confirm", "old"],
  );
  expect(exitCode).toBe(4);
  expect(stderr).toContain(
    "Whether it was done is not known: `sessions-ops show old` finds no session if it was.",
  );
});

test.each([
  [["export", "-"], "operator/export:page"],
  [["purge", "--dry-run"], "runs/preview:purge"],
  [["show", "old"], "operator/show:timeline"],
])("%j goes on once the network is back", async (args, asked) => {
  const { terminal } = await setUp();
  terminal.loseAnswers(asked, 20);
  expect((await terminal.run(...args)).exitCode).toBe(0);
});

test("doctor --deep goes on counting once the network is back", async () => {
  const { terminal } = await setUp();
  terminal.loseAnswers("operator/tally:page", 20);
  const { stdout } = await terminal.run("doctor", "--deep");
  expect(stdout).toContain("agree with an exact count of 1 session");
});

test("an import goes on once the network is back, and counts each row once", async () => {
  const { terminal } = await setUp();
  terminal.write(
    "new.jsonl",
    JSON.stringify({ anonymousId: "new", createdAt: NOW, lastActive: NOW }),
  );
  terminal.loseAnswers("operator/import:batch", 20, "not done");
  const result = await terminal.json<ImportJson>("import", "new.jsonl");
  expect(result).toMatchObject({ rows: 1, created: 1 });
});

test("an outage is waited out for half a minute, and no purge is started", async () => {
  const { terminal } = await setUp();
  let waitedMs = 0;
  const { sleep } = terminal.overrides;
  Object.assign(terminal.overrides, {
    sleep: async (ms: number) => {
      waitedMs += ms;
      await sleep?.(ms);
    },
  });
  terminal.loseAnswers("runs/preview:purge", EVER);
  const { exitCode, stderr } = await terminal.run("purge", "--days", "20");
  expect({ exitCode, waitedMs }).toEqual({ exitCode: 4, waitedMs: 30_000 });
  expect(stderr).toContain("error: No answer from");
});

test("a first contact that gets no answer fails at once", async () => {
  const { terminal } = await setUp();
  Object.assign(terminal.overrides, {
    sleep: () => Promise.reject(new Error("It waits.")),
  });
  terminal.loseAnswers("operator/status:get", EVER, "refused");
  const { exitCode, stderr } = await terminal.run("status");
  expect(exitCode).toBe(4);
  expect(stderr).not.toContain("Trying again");
});

test("a run is followed across an outage, and done once", async () => {
  const { terminal } = await setUp();
  terminal.loseAnswers("runs/control:start", 3);
  const purge = ["purge", "--days", "20", "--yes"];
  const result = await terminal.json<RunResultJson>(...purge);
  expect(result).toMatchObject({ status: "completed", sessions: 1 });
});

/** Lets this function be the last that is called; nothing after it gets an answer. */
function goAwayAfter({ overrides }: FakeTerminal, path: string): void {
  const online = overrides.fetch;
  let isGone = false;
  Object.assign(overrides, {
    fetch: (...call: Parameters<NonNullable<typeof online>>) => {
      if (isGone) throw new TypeError("fetch failed");
      isGone = call[1]?.body?.includes(path) ?? false;
      return online?.(...call);
    },
  });
}
