/** The progress of a run that is bounded, paced or was resumed. */
import { expect, test } from "vitest";
import { progressOf, progressText } from "../../../cli/runs/progress.js";
import type { RunResultJson } from "../../../cli/json/run.js";
import type { StatusJson } from "../../../cli/json/status/status.js";
import { api } from "../../../convex/sessionTracker/_generated/api.js";
import { advance } from "../../convex/support/clock.js";
import { NOW, setUpDeployment } from "../support/deployment.js";
import {
  DAY_MS,
  HOUR_MS,
} from "../../../convex/sessionTracker/shared/times.js";

async function setUpOld(sessions: number) {
  const deployment = setUpDeployment();
  const { component } = deployment;
  const rows = Array.from({ length: sessions }, (_, index) => {
    const lastActive = NOW - 30 * DAY_MS - index;
    return { anonymousId: `old-${index}`, createdAt: 0, lastActive };
  });
  for (let from = 0; from < sessions; from += 100) {
    const batch = rows.slice(from, from + 100);
    await component.mutation(api.operator.import.batch, { rows: batch });
  }
  return { ...deployment, pass: (ms: number) => advance(component, ms) };
}

const purge = ["purge", "--days", "14", "--yes"];

test("status shows progress up to the run's maximum, no faster than its rate, and without pauses", async () => {
  const { terminal, pass } = await setUpOld(1_500);
  const bounded = [...purge, "--max", "600", "--rate", "100/s", "--detach"];
  const { runId } = await terminal.json<RunResultJson>(...bounded);
  await pass(1);
  const progress = async () =>
    (await terminal.json<StatusJson>("status")).progress;
  expect(await progress()).toEqual([
    {
      runId,
      left: 500,
      isCapped: false,
      sessionsPerSecond: 0,
      silentMs: null,
      text: "100 of 600 sessions, 16%",
    },
  ]);
  await pass(1_500);
  expect(await progress()).toMatchObject([
    {
      left: 400,
      sessionsPerSecond: 100,
      text: "200 of 600 sessions, 33%, 100 a second, 4 seconds left",
    },
  ]);
  expect((await terminal.run("status")).stdout).toContain(
    "Running: purge, 200 of 600 sessions, 33%, 100 a second, 4 seconds left",
  );

  await terminal.run("runs", "cancel", String(runId));
  await pass(HOUR_MS);
  await terminal.run("runs", "resume", String(runId), "--detach");
  await pass(1_500);
  expect(await progress()).toMatchObject([
    { text: "400 of 600 sessions, 66%, 100 a second, 2 seconds left" },
  ]);
});

test("status shows the share done and the time left of a total counted before the start", async () => {
  const { terminal, pass } = await setUpOld(1_500);
  const unbounded = [...purge, "--rate", "100/s", "--detach"];
  await terminal.json<RunResultJson>(...unbounded);
  await pass(1_500);
  const { progress } = await terminal.json<StatusJson>("status");
  expect(progress).toMatchObject([
    {
      left: 1_300,
      isCapped: false,
      text: "200 of 1,500 sessions, 13%, 100 a second, 13 seconds left",
    },
  ]);
});

/** A run that nobody counted before it started. */
async function setUpUncounted() {
  const deployment = await setUpOld(1_500);
  await deployment.component.mutation(api.runs.control.start, {
    ...{ kind: "purge", actor: "app", trigger: "app", ratePerSecond: 100 },
  });
  await deployment.pass(1);
  return deployment;
}

test("status counts the total of a run that started uncounted", async () => {
  const { terminal } = await setUpUncounted();
  const { progress } = await terminal.json<StatusJson>("status");
  expect(progress).toMatchObject([
    { left: 1_400, isCapped: false, text: "100 of 1,500 sessions, 6%" },
  ]);
});

test("status shows a total too large to be counted as open", async () => {
  const { component } = await setUpUncounted();
  const [run] = await component.query(api.runs.ledger.list, {});
  if (run === undefined) throw new Error("There is no run.");
  const backlog = await component.query(api.operator.status.backlog, {});
  const found = progressOf(run, backlog, Date.now());
  expect([{ ...found, text: progressText(run, found) }]).toMatchObject([
    { left: 1_000, isCapped: true, text: "100 of 1,100+ sessions" },
  ]);
});

test.each([[[]], [["--archive", "old.jsonl.gz"]]])(
  "the bar of a paced run is no faster than its rate: %j",
  async (more) => {
    const { terminal } = await setUpOld(30);
    terminal.isTTY = true;
    const paced = [...purge, "--rate", "10/s", ...more];
    const { stderr } = await terminal.run(...paced);
    const rates = [...stderr.matchAll(/\| ([\d.,]+)\/s/g)];
    expect(rates.length).toBeGreaterThan(0);
    for (const [, rate] of rates) expect(Number(rate)).toBeLessThanOrEqual(10);
  },
);
