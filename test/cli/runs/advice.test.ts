/** Advice on a run that needs somebody: the truth, and the command that works. */
import { readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import type { CliContext } from "../../../cli/context.js";
import type { RunResultJson, RunShowJson } from "../../../cli/json/run.js";
import type { StatusJson } from "../../../cli/json/status/status.js";
import {
  api,
  internal,
} from "../../../convex/sessionTracker/_generated/api.js";
import { dailySessions, NOW, setUpDeployment } from "../support/deployment.js";
import { bodyOf } from "../support/fakeTerminal.js";
import {
  DAY_MS,
  HOUR_MS,
  MINUTE_MS,
} from "../../../convex/sessionTracker/shared/times.js";

async function setUpOld(overrides: Partial<CliContext> = {}) {
  const deployment = setUpDeployment(overrides);
  const { component, setPolicy, store } = deployment;
  await setPolicy({ pageSize: 5 });
  await component.mutation(internal.schedules.watchdog.check, {});
  await store(dailySessions(30, 30));
  return deployment;
}

/** An archived purge whose network goes away for good after two pages. */
async function setUpAbandoned() {
  const deployment = await setUpOld();
  const { terminal, component } = deployment;
  const online = terminal.overrides.fetch;
  let pages = 0;
  Object.assign(terminal.overrides, {
    fetch: async (...[url, init]: Parameters<CliContext["fetch"]>) => {
      pages += Number(
        bodyOf<{ path: string }>(init).path === "runs/archive:purgePage",
      );
      if (pages > 2) throw new TypeError("fetch failed");
      return await online?.(url, init);
    },
  });
  const purge = ["purge", "--days", "20", "--yes", "--archive", "old.jsonl.gz"];
  expect((await terminal.run(...purge)).exitCode).toBe(4);
  Object.assign(terminal.overrides, { fetch: online });
  const [run] = await component.query(api.runs.ledger.list, {});
  const runId = String(run?.runId);
  const path = join(terminal.folder, "old.jsonl.gz");
  return {
    ...deployment,
    ...{ runId, path },
    resume: `\`sessions-ops runs resume ${runId} --archive ${path}\``,
    cancel: `\`sessions-ops runs cancel ${runId}\``,
  };
}

describe("an archived purge without a writer", () => {
  test("is reported by status, doctor, runs show and runs list, with the commands that work", async () => {
    const { terminal, component, resume, cancel } = await setUpAbandoned();
    vi.setSystemTime(Date.now() + 4 * MINUTE_MS);
    await component.mutation(internal.schedules.watchdog.check, {});
    for (const command of [
      ["status"],
      ["doctor"],
      ["runs", "show", ""],
      ["runs", "list"],
    ]) {
      const [run] = await component.query(api.runs.ledger.list, {});
      const words = command.map((word) => word || String(run?.runId));
      const { stdout, stderr } = await terminal.run(...words);
      const said = `${stdout}${stderr}`;
      expect(said).toContain("has stood still for ");
      expect(said).toContain(resume);
      expect(said).toContain(cancel);
      expect(said).not.toContain("doctor --fix");
    }
  });

  test("has no rate in status, but the time since its last page", async () => {
    const { terminal } = await setUpAbandoned();
    vi.setSystemTime(Date.now() + 2 * HOUR_MS);
    const { progress } = await terminal.json<StatusJson>("status");
    expect(progress).toMatchObject([{ sessionsPerSecond: 0 }]);
    expect(progress[0]?.silentMs).toBeGreaterThanOrEqual(2 * HOUR_MS);
    expect(progress[0]?.text).toMatch(
      /^10 of 30 sessions, 33%, no page for 2 hours/,
    );
  });

  test("refuses another purge, with its actor and both ways out", async () => {
    const { terminal, resume, cancel } = await setUpAbandoned();
    vi.setSystemTime(Date.now() + HOUR_MS);
    Object.assign(terminal.overrides, { actor: "cli:bob@desk" });
    for (const more of [[], ["--archive", "bobs.jsonl.gz"], ["--detach"]]) {
      const { exitCode, stderr } = await terminal.run(
        ...["purge", "--days", "20", "--yes", ...more],
      );
      expect(exitCode).toBe(1);
      expect(stderr).toContain("is already running, started by cli:ada@desk");
      expect(stderr).toContain("has stood still for 1 hour");
      expect(stderr).toContain(resume);
      expect(stderr).toContain(cancel);
    }
    const runId = /runs cancel (\w+)/.exec(cancel)?.[1] ?? "";
    await terminal.json("runs", "cancel", runId);
    await terminal.json("purge", "--days", "20", "--yes");
  });

  test("ends runs watch with advice", async () => {
    const { terminal, runId, resume } = await setUpAbandoned();
    const { exitCode, stderr } = await terminal.run("runs", "watch", runId);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(resume);
  });

  test("has its file's new path and the actor in the ledger after a resume with a moved file", async () => {
    const { terminal, runId, path } = await setUpAbandoned();
    const moved = join(terminal.folder, "moved.jsonl.gz");
    renameSync(path, moved);
    Object.assign(terminal.overrides, { actor: "cli:bob@desk" });
    await terminal.json(
      ...["runs", "resume", runId, "--archive", moved],
      ...["--reason", "ada is away"],
    );
    expect(readFileSync(moved).length).toBeGreaterThan(0);
    const shown = await terminal.json<RunShowJson>("runs", "show", runId);
    expect(shown).toMatchObject({
      archiveFile: moved,
      actor: "cli:ada@desk",
      resumes: [{ actor: "cli:bob@desk", reason: "ada is away" }],
    });
  });

  test("names its file in the command that resumes it after a failure", async () => {
    const { terminal, component, runId, resume } = await setUpAbandoned();
    await component.run(async (ctx) => {
      const id = ctx.db.normalizeId("runs", runId);
      if (id !== null) await ctx.db.patch("runs", id, { status: "failed" });
    });
    for (const command of [["status"], ["doctor"], ["runs", "show", runId]]) {
      const { stdout, stderr } = await terminal.run(...command);
      expect(`${stdout}${stderr}`).toContain(resume);
    }
    const { exitCode, stderr } = await terminal.run("runs", "resume", runId);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(resume);
  });
});

test("a run that stands still is noted while it is followed, and no longer followed once it seems lost", async () => {
  const { terminal, component } = await setUpOld({
    sleep: (ms) =>
      Promise.resolve(void vi.setSystemTime(Date.now() + ms * 240)),
  });
  const { runId } = await component.mutation(api.runs.control.start, {
    ...{ kind: "purge", actor: "bob", trigger: "operator" },
  });
  const { exitCode, stderr } = await terminal.run("runs", "watch", runId);
  expect(exitCode).toBe(1);
  const said = stderr.split(`Run ${runId} (purge) has stood still for `);
  expect(said).toHaveLength(3);
  expect(said[1]).toMatch(
    /^1[01] minutes.*\. `sessions-ops doctor --fix` restarts it\./,
  );
  expect(said[2]).toMatch(/^4\d minutes/);
});

describe("another's run", () => {
  /** A run that has done ten of thirty, with a cutoff some seconds before ours. */
  async function setUpOther() {
    const deployment = await setUpOld();
    const { component } = deployment;
    const { runId } = await component.mutation(api.runs.control.start, {
      ...{ kind: "purge", actor: "bob", trigger: "operator" },
      cutoff: { daysAgo: 20 },
    });
    vi.setSystemTime(NOW + 2_000);
    const lastActive = NOW + 1_000 - 20 * DAY_MS;
    await component.mutation(api.operator.import.batch, {
      rows: [{ anonymousId: "just-due", createdAt: 0, lastActive }],
    });
    return { ...deployment, runId };
  }

  test("fulfils a purge by days, though a session fell due since it started", async () => {
    const { terminal, runId } = await setUpOther();
    const { exitCode, stdout, stderr } = await terminal.run(
      ...["purge", "--days", "20", "--yes", "--json"],
    );
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ runId, sessions: 30 });
    expect(stderr).toContain("is left to the next purge");
  });

  test("does not fulfil a purge by a later date", async () => {
    const { terminal } = await setUpOther();
    const { exitCode, stderr } = await terminal.run(
      ...["purge", "--before", "2026-07-26T12:00:02Z", "--yes"],
    );
    expect(exitCode).toBe(1);
    expect(stderr).toContain("so 1 session last active from");
    expect(stderr).toContain("is still there");
  });

  test("leaves to a detached purge only the sessions that it does not take", async () => {
    const { terminal } = await setUpOther();
    const { exitCode, stderr } = await terminal.run(
      ...["purge", "--before", "2026-07-26T12:00:02Z", "--yes", "--detach"],
    );
    expect(exitCode).toBe(1);
    expect(stderr).toContain("so 1 session last active from");
    expect(stderr).toContain("is not among those it takes");
    const relative = ["purge", "--days", "20", "--yes", "--detach"];
    expect(await terminal.run(...relative)).toMatchObject({ exitCode: 0 });
  });

  test("is followed with its own total", async () => {
    const { terminal } = await setUpOther();
    terminal.isTTY = true;
    const { stderr } = await terminal.run("purge", "--days", "20", "--yes");
    const totals = [...stderr.matchAll(/(\d+)\/(\d+) sessions/g)];
    expect(new Set(totals.map(([, , total]) => total))).toEqual(
      new Set(["30"]),
    );
  });
});

describe("runs that have ended", () => {
  test("have their end, duration and resumes in runs show", async () => {
    const { terminal, component } = await setUpOld();
    const max = ["purge", "--days", "20", "--yes", "--max", "10"];
    const { runId } = await terminal.json<RunResultJson>(...max);
    vi.setSystemTime(Date.now() + HOUR_MS);
    Object.assign(terminal.overrides, { actor: "cli:bob@desk" });
    await terminal.run(
      ...["runs", "resume", String(runId), "--reason", "the rest"],
    );
    const run = await component.query(api.runs.ledger.get, {
      runId: String(runId),
    });
    const { stdout, stderr } = await terminal.run(
      "runs",
      "show",
      String(runId),
    );
    expect(stdout).toMatch(
      /\nFinished: 2026-08-15 13:00:\d\d UTC, after 1 hour/,
    );
    expect(stdout).toMatch(/ UTC {2}Resumed by cli:bob@desk: the rest\n/);
    expect(stderr).toContain(`\`sessions-ops runs resume ${runId}\` goes on`);
    expect(await terminal.json("runs", "show", String(runId))).toMatchObject({
      tookMs: (run?.finishedAt ?? 0) - (run?.startedAt ?? 0),
      expected: 30,
    });
  });

  test("cannot be canceled or resumed once completed", async () => {
    const { terminal } = await setUpOld();
    const purge = ["purge", "--days", "20", "--yes"];
    const { runId } = await terminal.json<RunResultJson>(...purge);
    const canceled = await terminal.run("runs", "cancel", String(runId));
    expect(canceled).toMatchObject({
      exitCode: 1,
      stdout: `Run ${runId} completed.\n`,
    });
    expect(canceled.stderr).toContain("There is nothing to cancel.");
    const resumed = await terminal.run("runs", "resume", String(runId));
    expect(resumed.exitCode).toBe(1);
    expect(resumed.stderr).toContain("has completed already");
  });

  test("are followed by resume to their end, as is one still running, but not with --detach", async () => {
    const { terminal, component } = await setUpOld();
    const { runId } = await terminal.json<RunResultJson>(
      ...["purge", "--days", "20", "--yes", "--detach"],
    );
    await component.mutation(api.runs.control.cancel, {
      runId: String(runId),
      actor: "bob",
    });
    const detached = await terminal.json<RunResultJson>(
      ...["runs", "resume", String(runId), "--detach"],
    );
    expect(detached).toMatchObject({ changed: true, status: "running" });
    const followed = await terminal.json<RunResultJson>(
      ...["runs", "resume", String(runId)],
    );
    expect(followed).toMatchObject({
      ...{ changed: false, status: "completed", sessions: 30 },
    });
  });

  test.each([
    ["purge", "--yes"],
    ["expire"],
    ["retention", "20"],
    ["settings", "set", "pageSize=7"],
    ["schedule", "set", "purge", "0 3 * * *"],
    ["schedule", "pause", "purge"],
    ["schedule", "resume", "purge"],
    ["end", "old-1"],
    ["runs", "cancel", "x"],
    ["runs", "resume", "x"],
  ])("need a reason that is not empty: %s %s", async (...command) => {
    const { terminal, calls } = await setUpOld();
    const { exitCode, stderr } = await terminal.run(
      ...command.filter(Boolean),
      ...["--reason", " "],
    );
    expect(exitCode).toBe(2);
    expect(stderr).toContain("It says nothing: say why.");
    expect(calls).toEqual([]);
  });
});
