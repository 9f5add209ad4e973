/** `schedule history`, and windows, jitter and waiting runs as commands show them. */
import { describe, expect, test, vi } from "vitest";
import {
  api,
  internal,
} from "../../../convex/sessionTracker/_generated/api.js";
import type { RunListJson, RunResultJson } from "../../../cli/json/run.js";
import type {
  ScheduleChangeJson,
  ScheduleHistoryJson,
} from "../../../cli/json/schedule.js";
import type { StatusJson } from "../../../cli/json/status/status.js";
import {
  DAY_MS,
  HOUR_MS,
} from "../../../convex/sessionTracker/shared/times.js";
import { NOW, setUpDeployment } from "../support/deployment.js";

type Deployment = ReturnType<typeof setUpDeployment>;

/** Lets a schedule tick at a time. */
async function tickAt({ component }: Deployment, at: number) {
  vi.setSystemTime(at);
  await component.mutation(internal.schedules.dispatch.tick, { name: "purge" });
}

async function setUp(...terms: string[]) {
  const deployment = setUpDeployment();
  await deployment.terminal.run(
    ...["schedule", "set", "purge", "30 2 * * *", ...terms],
  );
  return deployment;
}

const oldRow = (anonymousId: string) => ({
  anonymousId,
  createdAt: 0,
  lastActive: NOW - 30 * DAY_MS,
});

/** The first fire after `NOW`. */
const DUE = Math.floor(NOW / DAY_MS) * DAY_MS + DAY_MS + 2.5 * HOUR_MS;

test("tells each fire with what it came to, and why", async () => {
  const deployment = await setUp();
  const { component, terminal } = deployment;
  expect((await terminal.run("schedule", "history")).stdout).toBe(
    "No fires yet.\n",
  );
  await tickAt(deployment, DUE);
  await tickAt(deployment, DUE + DAY_MS);
  await component.mutation(api.operator.import.batch, {
    rows: [oldRow("old")],
  });
  await tickAt(deployment, DUE + 4 * DAY_MS);
  const { stdout } = await terminal.run("schedule", "history", "purge");
  const [head = "", ...lines] = stdout.trimEnd().split("\n");
  expect(head).toMatch(/^SCHEDULE +DUE +FIRES +CAME +OUTCOME$/);
  expect(lines).toEqual([
    expect.stringMatching(
      /^purge +2026-08-20 02:30:00 UTC +1 +2026-08-20 02:30:00 UTC +started run \S+ \(running, 0 sessions\)$/,
    ),
    expect.stringMatching(
      /^purge +2026-08-18 02:30:00 UTC to 2026-08-19 02:30:00 UTC +2 +2026-08-20 02:30:00 UTC +missed: the next fire was answered for all of them$/,
    ),
    expect.stringMatching(
      /^purge +2026-08-16 02:30:00 UTC to 2026-08-17 02:30:00 UTC +2 +2026-08-17 02:30:00 UTC +nothing due$/,
    ),
  ]);
});

test("--json has the shape, and pages", async () => {
  const deployment = await setUp();
  const { component, terminal } = deployment;
  for (let day = 0; day < 3; day += 1) {
    await component.mutation(api.operator.import.batch, {
      rows: [oldRow(`old-${day}`)],
    });
    await tickAt(deployment, DUE + day * DAY_MS);
    await component.run(async (ctx) => {
      for (const run of await ctx.db.query("runs").collect()) {
        await ctx.db.patch("runs", run._id, { status: "completed" });
      }
    });
  }
  const first = await terminal.json<ScheduleHistoryJson>(
    ...["schedule", "history", "--limit", "2"],
  );
  expect(first.fires).toHaveLength(2);
  expect(first.fires[0]).toEqual({
    name: "purge",
    outcome: "started",
    dueAt: "2026-08-18T02:30:00.000Z",
    firstDueAt: "2026-08-18T02:30:00.000Z",
    at: "2026-08-18T02:30:00.000Z",
    count: 1,
    runId: expect.any(String) as string,
    run: {
      status: "completed",
      sessions: expect.any(Number) as number,
      waitingUntil: null,
    },
    reason: null,
  });
  const rest = await terminal.json<ScheduleHistoryJson>(
    ...["schedule", "history", "--cursor", first.cursor ?? ""],
  );
  expect(rest).toMatchObject({
    fires: [{ dueAt: "2026-08-16T02:30:00.000Z" }],
    cursor: null,
  });
});

describe("terms of a schedule", () => {
  test("are set, shown, logged and taken away", async () => {
    const { terminal } = await setUp();
    const { stdout } = await terminal.run(
      ...["schedule", "set", "purge", "--window", "1:00-5:00"],
      ...["--jitter", "10m", "--pause-on-failure", "3"],
    );
    expect(stdout).toContain(
      'purge "30 2 * * *" (UTC; window 01:00-05:00, jitter 10m, pauses after 3 failures): on',
    );
    const list = await terminal.run("schedule", "list");
    expect(list.stdout).toContain("on; window 01:00-05:00, jitter 10m");
    const log = await terminal.run("settings", "log", "--limit", "1");
    expect(log.stdout).toContain(
      'schedules.purge: "30 2 * * *" UTC → "30 2 * * *" UTC, window 01:00-05:00, jitter 10m, pauses after 3 failures',
    );
    const changed = await terminal.json<ScheduleChangeJson>(
      ...["schedule", "set", "purge", "--window", "none", "--jitter", "none"],
    );
    expect(changed.schedule).toMatchObject({
      ...{ window: null, jitterMs: null, pauseOnFailure: 3 },
    });
  });

  test.each([
    [["--window", "1-5"], "two times of the day"],
    [["--window", "03:00-05:00"], "never fires within the window 03:00-05:00"],
    [["--window", "24:00-25:00"], "two times of the day"],
    [["--window", "1:00-5:60"], "two times of the day"],
    [["--window", "00:00-24:00"], "--window none"],
    [["--jitter", "ten"], "from 1s to 1d"],
    [["--jitter", "30h"], "from 1s to 1d"],
    [["--jitter", "-1m"], "from 1s to 1d"],
    [["--jitter", "0"], "from 1s to 1d"],
    [["--pause-on-failure", "0"], "a whole number of at least 1"],
  ])("refuses %j", async (terms, says) => {
    const { terminal } = await setUp();
    const { exitCode, stderr } = await terminal.run(
      ...["schedule", "set", "purge", ...terms],
    );
    expect(exitCode).toBe(2);
    expect(stderr).toContain(says);
  });

  test("says how many fires a window leaves out", async () => {
    const { terminal } = await setUp();
    const { stderr } = await terminal.run(
      ...["schedule", "set", "expire", "--window", "01:00-05:00"],
    );
    expect(stderr).toContain(
      "Of 96 fires a day 80 are outside of its window and start nothing.",
    );
  });
});

test("a run that waits for its window is waiting in every list, and goes on by resume", async () => {
  const deployment = await setUp("--window", "01:00-05:00");
  const { component, terminal } = deployment;
  await component.mutation(api.operator.import.batch, {
    rows: [oldRow("old")],
  });
  await tickAt(deployment, DUE + 4 * HOUR_MS);
  // The run comes to its first page.
  vi.advanceTimersByTime(10);
  await component.finishInProgressScheduledFunctions();
  await component.mutation(internal.schedules.watchdog.check, {});
  const opens = new Date(DUE + 22.5 * HOUR_MS).toISOString();
  const [waiting] = await deployment.runs();
  const run = waiting?.runId ?? "";
  const until = `${opens.slice(0, 10)} 01:00:00 UTC`;
  const { runs } = await terminal.json<RunListJson>("runs", "list");
  expect(runs[0]).toMatchObject({ status: "running", waitingUntil: opens });
  const status = await terminal.json<StatusJson>("status");
  expect(status.progress[0]?.text).toContain(
    `waits for its window until ${until}`,
  );
  expect(status.warnings).toEqual([]);
  const show = await terminal.run("runs", "show", run);
  expect(show.stdout).toMatch(/ purge +waiting /);
  expect(show.stderr).toContain(
    `The run waits for its window, which opens at ${until}: `,
  );
  expect(show.stderr).toContain(`runs resume ${run}\` lets it go on at once`);
  const history = await terminal.run("schedule", "history");
  expect(history.stdout).toContain(
    `came when its window had closed: started run ${run} (waits for its window until ${until}, 0 sessions), 4 hours after it was due`,
  );
  const doctor = await terminal.run("doctor");
  expect(doctor.stdout).toContain("none stands still or failed");
  const resumed = await terminal.run("runs", "resume", run, "--detach");
  expect(resumed.stdout).toContain(`Run ${run} is running`);
});

describe("where nobody waits at a terminal, a run that waits for its window is left to itself", () => {
  const opens = new Date(DUE - 1.5 * HOUR_MS).toISOString();

  async function setUpOld() {
    const deployment = await setUp("--window", "01:00-05:00");
    const rows = [oldRow("old")];
    await deployment.component.mutation(api.operator.import.batch, { rows });
    return deployment;
  }

  test("purge --in-window ends with what it waits for", async () => {
    const { terminal } = await setUpOld();
    const result = await terminal.json<RunResultJson>(
      ...["purge", "--in-window", "--yes"],
    );
    expect(result).toMatchObject({
      ...{ status: "running", sessions: 0, waitingUntil: opens },
    });
    const again = await terminal.run("purge", "--in-window", "--yes");
    expect(again.exitCode).toBe(0);
    expect(again.stdout).toContain("is running: deleted 0 sessions");
    expect(again.stderr).toContain("The run waits for its window, which opens");
    expect(again.stderr).not.toContain("this command waits");
  });

  test("a purge that would follow it fails, as nothing goes before the window opens", async () => {
    const { terminal } = await setUpOld();
    await terminal.run("purge", "--in-window", "--yes");
    const { exitCode, stdout, stderr } = await terminal.run(
      ...["purge", "--days", "20", "--yes", "--json"],
    );
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ alreadyRunning: true, status: "running", waitingUntil: opens },
    });
    expect(stderr).toContain("The run waits for its window, which opens at");
    expect(stderr).toContain("lets it go on at once");
  });

  test("runs resume --in-window leaves it, runs watch waits for its end", async () => {
    const { terminal } = await setUpOld();
    const { runId } = await terminal.json<RunResultJson>(
      ...["purge", "--in-window", "--yes"],
    );
    const run = String(runId);
    const left = await terminal.json<RunResultJson>(
      ...["runs", "resume", run, "--in-window"],
    );
    expect(left).toMatchObject({ runId: run, waitingUntil: opens });
    vi.advanceTimersByTime(Date.parse(opens) - Date.now() - 1_000);
    const watched = await terminal.run("runs", "watch", run);
    expect(watched.stdout).toContain(`Run ${run} completed: deleted 1 session`);
    expect(watched.stderr).toContain("Until then this command waits too");
  });

  test("at a terminal purge waits, and says so", async () => {
    const { terminal } = await setUpOld();
    Object.assign(terminal.overrides, { interactive: true });
    vi.setSystemTime(Date.parse(opens) - 10_000);
    const waited = await terminal.run("purge", "--in-window", "--yes");
    expect(waited.stdout).toContain("completed: deleted 1 session");
    expect(waited.stderr).toContain("Until then this command waits too");
  });
});
