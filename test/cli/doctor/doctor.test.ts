import { Crons } from "@convex-dev/crons";
import { expect, test } from "vitest";
import {
  httpFetch,
  toAnswer,
  type Fetch,
} from "../../../cli/deployment/http.js";
import type { DoctorJson } from "../../../cli/json/doctor.js";
import {
  api,
  components,
  internal,
} from "../../../convex/sessionTracker/_generated/api.js";
import { countStates } from "../../../convex/sessionTracker/rows/counters.js";
import {
  loseLink,
  seedExpired,
  setPageSize,
  startRun,
  visitors,
} from "../../convex/support/runKit.js";
import { NOW, setUpDeployment } from "../support/deployment.js";
import { FakeTerminal } from "../support/fakeTerminal.js";
import {
  DAY_MS,
  MINUTE_MS,
} from "../../../convex/sessionTracker/shared/times.js";

async function setUpHealthy() {
  const deployment = setUpDeployment();
  await deployment.component.mutation(internal.schedules.watchdog.check, {});
  return deployment;
}

function resultsOf({ findings }: DoctorJson) {
  return Object.fromEntries(
    findings.map(({ check, result }) => [check, result]),
  );
}

const HEALTHY = {
  network: "ok",
  key: "ok",
  component: "ok",
  version: "ok",
  clock: "ok",
  "schedule expire": "ok",
  "schedule purge": "ok",
  watchdog: "ok",
  runs: "ok",
  workpool: "ok",
  settings: "ok",
  counters: "ok",
};

async function examine(terminal: FakeTerminal, ...args: string[]) {
  const { exitCode, stdout, stderr } = await terminal.run(
    ...["doctor", "--json", ...args],
  );
  return { exitCode, stderr, ...(JSON.parse(stdout) as DoctorJson) };
}

test("a healthy deployment has no finding but ok", async () => {
  const { terminal } = await setUpHealthy();
  const found = await examine(terminal, "--deep");
  expect(resultsOf(found)).toEqual(HEALTHY);
  expect(found).toMatchObject({ exitCode: 0, healthy: true });
});

test("the text for people has a remedy with each finding", async () => {
  const { terminal } = setUpDeployment();
  await terminal.run("schedule", "pause", "purge", "--reason", "audit");
  const { exitCode, stdout, stderr } = await terminal.run("doctor");
  expect(exitCode).toBe(1);
  expect(stdout.replace(/\d+ ms/, "N ms")).toMatchInlineSnapshot(`
    "ok       network          http://127.0.0.99:3210 answers
    ok       key              the key is accepted
    ok       component        the component answers
    ok       version          component and CLI are 0.1.0
    ok       clock            the clocks agree
    PROBLEM  schedule expire  crons does not have it, so it never fires
             → \`sessions-ops doctor --fix\` mends it.
    PROBLEM  schedule purge   crons does not have it, so it never fires
             → \`sessions-ops doctor --fix\` mends it.
    PROBLEM  watchdog         has not run yet
             → Deploy again: its cron comes with the component. \`sessions-ops doctor --fix\` does its work once.
    ok       runs             none stands still or failed
    ok       workpool         an empty job came through in N ms
    ok       settings         nothing contradicts
    skipped  counters         counts every session only with --deep
    "
  `);
  expect(stderr).toContain("error: 3 problems found");
});

test("--fix registers schedules, restarts runs that stand still, corrects counters, and is safe to repeat", async () => {
  const { terminal, component } = await setUpHealthy();
  await setPageSize(component, 10);
  await seedExpired(component, visitors(30, NOW - 60 * DAY_MS));
  const runId = await startRun(component, "purge");
  await loseLink(component, runId);
  await component.run(async (ctx) => {
    const run = await ctx.db.get("runs", runId);
    if (run === null) throw new Error("There is no run.");
    await ctx.db.patch("runs", runId, {
      progressAt: run.progressAt - 11 * MINUTE_MS,
    });
    await countStates(ctx, { expired: -2, ended: 1 });
  });
  await component.mutation((ctx) =>
    new Crons(components.crons).delete(ctx, { name: "purge" }),
  );

  const sick = await examine(terminal, "--deep");
  expect(sick).toMatchObject({ exitCode: 1, healthy: false });
  expect(resultsOf(sick)).toEqual({
    ...HEALTHY,
    "schedule purge": "problem",
    runs: "problem",
    counters: "problem",
  });
  for (const { result, remedy } of sick.findings) {
    if (result === "problem") expect(remedy).toContain("--fix");
  }

  const mended = await examine(terminal, "--deep", "--fix");
  expect(mended).toMatchObject({ exitCode: 0, healthy: true });
  expect(resultsOf(mended)).toMatchObject({
    "schedule purge": "fixed",
    runs: "fixed",
    counters: "fixed",
  });
  const after = await examine(terminal, "--deep", "--fix");
  expect(resultsOf(after)).toEqual(HEALTHY);
});

test("a wrong clock, contradictory settings and an old component are found", async () => {
  const { terminal } = await setUpHealthy();
  await terminal.run("settings", "set", "retentionDays=0.5", "--yes");
  const answer = terminal.overrides.fetch;
  Object.assign(terminal.overrides, {
    now: () => Date.now() - 5 * MINUTE_MS,
    fetch: async (...args: Parameters<Fetch>) => {
      const response = await (answer ?? httpFetch)(...args);
      const text = (await response.text()).replace(
        '"version":"0.1.0"',
        '"version":"0.0.9"',
      );
      return toAnswer(response.status, text);
    },
  });
  const found = await examine(terminal);
  expect(found).toMatchObject({ exitCode: 0, healthy: true });
  expect(resultsOf(found)).toEqual({
    ...HEALTHY,
    version: "warning",
    clock: "warning",
    settings: "warning",
    counters: "skipped",
  });
  expect(found.findings.find(({ check }) => check === "clock")?.message).toBe(
    "this machine's clock is 5 minutes behind the deployment's",
  );
});

test.each([
  [
    "nobody answers",
    () => Promise.reject(new TypeError("fetch failed")),
    4,
    "network",
  ],
  [
    "the key is refused",
    () => Promise.resolve(new Response("", { status: 401 })),
    4,
    "key",
  ],
  [
    "the component is missing",
    () =>
      Promise.resolve(
        Response.json({
          status: "error",
          errorMessage: "Could not find function for 'operator/status:get'.",
        }),
      ),
    1,
    "component",
  ],
] as Array<[string, Fetch, number, string]>)(
  "%s: the rest is skipped",
  async (_name, fetch, exitCode, check) => {
    const terminal = new FakeTerminal({ fetch });
    terminal.serveHere();
    const found = await examine(terminal);
    expect(found.exitCode).toBe(exitCode);
    const results = resultsOf(found);
    expect(results[check]).toBe("problem");
    expect(results["clock"]).toBe("skipped");
    expect(
      found.findings.find(({ result }) => result === "problem")?.remedy,
    ).toBeTruthy();
  },
);

test("a job that does not come through the workpool is a problem", async () => {
  let now = NOW;
  const { terminal, component } = setUpDeployment({
    now: () => now,
    // Time goes by for the doctor only: nothing scheduled runs.
    sleep: (ms) => {
      now += ms;
      return Promise.resolve();
    },
  });
  await component.mutation(internal.schedules.watchdog.check, {});
  const found = await examine(terminal);
  expect(resultsOf(found)).toMatchObject({ workpool: "problem" });
  expect(found.exitCode).toBe(1);
  expect(await component.query(api.runs.ledger.list, {})).toEqual([]);
});
