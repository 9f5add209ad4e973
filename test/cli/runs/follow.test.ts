import { expect, test } from "vitest";
import type { CliContext } from "../../../cli/context.js";
import type { RunResultJson } from "../../../cli/json/run.js";
import { api } from "../../../convex/sessionTracker/_generated/api.js";
import { dailySessions, NOW, setUpDeployment } from "../support/deployment.js";
import type { FetchInit } from "../../../cli/deployment/http.js";
import { bodyOf } from "../support/fakeTerminal.js";
import { DAY_MS } from "../../../convex/sessionTracker/shared/times.js";

/** Thirty old sessions and pages of five, so that a run takes several. */
async function setUpOld(overrides: Partial<CliContext> = {}) {
  const deployment = setUpDeployment(overrides);
  const { component, setPolicy, store } = deployment;
  await setPolicy({ pageSize: 5 });
  await store(dailySessions(30, 30));
  return {
    ...deployment,
    startRun: (cutoff: number) =>
      component.mutation(api.runs.control.start, {
        kind: "purge",
        cutoff,
        actor: "cli:bob@desk",
        trigger: "operator",
      }),
  };
}

const purge = ["purge", "--days", "20", "--yes"];

test("Ctrl-C detaches: the run goes on, and the exit code says that nobody waited for it", async () => {
  const { terminal, component, runs } = await setUpOld({
    sleep: () => Promise.resolve(terminal.interrupt()),
  });
  const { exitCode, stdout, stderr } = await terminal.run(...purge);
  const [run] = await runs();
  expect(exitCode).toBe(2);
  expect(stdout).toBe("");
  expect(stderr).toContain(
    `Detached. The run goes on: \`sessions-ops runs watch ${run?.runId ?? ""}\` follows it`,
  );
  expect(run).toMatchObject({ status: "running" });
  expect(await component.query(api.operator.status.get, {})).toMatchObject({
    runs: [{ status: "running" }],
  });
});

test("Ctrl-C while the run is started still says how to follow it", async () => {
  const { terminal, runs } = await setUpOld();
  terminal.interruptAt("runs/control:start", { isAnswered: true });
  const { exitCode, stderr } = await terminal.run(...purge);
  const [run] = await runs();
  expect(stderr).toContain(
    `Detached. The run goes on: \`sessions-ops runs watch ${run?.runId ?? ""}\``,
  );
  expect(exitCode).toBe(2);
});

test.each([
  ["runs/control:start", "Whether the run was started is not known"],
  ["runs/ledger:get", "Detached. The run goes on"],
])("Ctrl-C while %s gets no answer ends the wait", async (asked, text) => {
  const { terminal } = await setUpOld();
  terminal.interruptAt(asked, { isAnswered: false });
  const { exitCode, stderr } = await terminal.run(...purge);
  expect(stderr).toContain(text);
  expect(exitCode).toBe(2);
});

test("--detach returns while the run is in progress; runs watch follows it to its end", async () => {
  const { terminal } = await setUpOld();
  const started = await terminal.json<RunResultJson>(...purge, "--detach");
  expect(started).toMatchObject({ status: "running" });
  const ended = await terminal.json<RunResultJson>(
    ...["runs", "watch", String(started.runId)],
  );
  expect(ended).toMatchObject({
    runId: started.runId,
    status: "completed",
    sessions: 30,
  });
});

test("another run in progress is followed, and its earlier cutoff is reported as its own", async () => {
  const { terminal, startRun, runs } = await setUpOld();
  const other = await startRun(NOW - 50 * DAY_MS);
  const { exitCode, stdout, stderr } = await terminal.run(...purge, "--json");
  expect(exitCode).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    runId: other.runId,
    alreadyRunning: true,
    cutoff: "2026-06-26T12:00:00.000Z",
    sessions: 9,
  });
  expect(stderr).toContain(
    "so 21 sessions last active from 2026-06-26 12:00:00 UTC to 2026-07-26 12:00:00 UTC are still there",
  );
  expect(await runs()).toHaveLength(1);
});

test("another run with a cutoff just before ours, and no session between the two, fulfils the command", async () => {
  const { terminal, startRun } = await setUpOld();
  await startRun(NOW - 20 * DAY_MS - 1);
  const result = await terminal.json<RunResultJson>(...purge);
  expect(result).toMatchObject({ alreadyRunning: true, sessions: 30 });
});

test("another run with a later cutoff fulfils the command", async () => {
  const { terminal, startRun } = await setUpOld();
  await startRun(NOW - 15 * DAY_MS);
  const result = await terminal.json<RunResultJson>(...purge);
  expect(result).toMatchObject({ alreadyRunning: true, sessions: 30 });
});

test("a run that fails gives exit code 3, with its counts on stdout", async () => {
  const { terminal, component } = await setUpOld();
  await component.mutation(api.settings.settings.setHooks, {
    onPurged: "function://gone",
  });
  const { exitCode, stdout, stderr } = await terminal.run(...purge, "--json");
  expect(exitCode).toBe(3);
  expect(JSON.parse(stdout)).toMatchObject({ status: "failed", sessions: 0 });
  expect(stderr).toContain("runs resume");
});

test("a run that somebody cancels gives exit code 2, and resume finishes it", async () => {
  const { terminal, component, runs } = await setUpOld({
    sleep: async () => {
      const [run] = await runs();
      await component.mutation(api.runs.control.cancel, {
        runId: String(run?.runId),
        actor: "cli:bob@desk",
      });
    },
  });
  const { exitCode, stdout } = await terminal.run(...purge, "--json");
  const { runId, status } = JSON.parse(stdout) as RunResultJson;
  expect({ exitCode, status }).toEqual({ exitCode: 2, status: "canceled" });
  expect(
    await terminal.json("runs", "resume", String(runId), "--detach"),
  ).toMatchObject({ runId, changed: true, status: "running" });
});

test("a lost answer does not start a second run, nor do lost polls end the command", async () => {
  const { terminal, runs } = await setUpOld();
  const online = terminal.overrides.fetch;
  const toLose = [
    "runs/control:start",
    "runs/ledger:get",
    "runs/ledger:get",
    "runs/ledger:get",
  ];
  Object.assign(terminal.overrides, {
    fetch: async (input: string, init: FetchInit) => {
      const answer = await online?.(input, init);
      const { path } = bodyOf<{ path: string }>(init);
      if (toLose[0] !== path) return answer;
      toLose.shift();
      throw new TypeError("fetch failed");
    },
  });
  const result = await terminal.json<RunResultJson>(...purge);
  expect(result).toMatchObject({ status: "completed", sessions: 30 });
  expect(result).not.toHaveProperty("alreadyRunning");
  expect(toLose).toEqual([]);
  expect(await runs()).toHaveLength(1);
});

test("a terminal shows a progress bar with its rate, --json never does", async () => {
  const { terminal } = await setUpOld();
  terminal.isTTY = true;
  const { stdout, stderr } = await terminal.run(...purge);
  expect(stderr).toMatch(/100% \| 30\/30 sessions \| [\d,]+\/s/);
  expect(stdout).toMatch(/completed: deleted 30 sessions and 0 actions/);

  const other = await setUpOld();
  other.terminal.isTTY = true;
  const json = await other.terminal.run(...purge, "--json");
  expect(json.stderr).not.toContain("%");
});
