/** `log`: the audit log in a terminal, for programs, in pages; and what it says of an erasure. */
import { expect, test } from "vitest";
import type { LogJson } from "../../../cli/json/log.js";
import { api } from "../../../convex/sessionTracker/_generated/api.js";
import { DAY_MS } from "../../../convex/sessionTracker/shared/times.js";
import { NOW, setUpDeployment } from "../support/deployment.js";

const ada = { actor: "ada" };

test("every entry fits 80 columns, and says who, why and what came of it", async () => {
  const { component, terminal } = await setUpLog();
  terminal.isTTY = true;
  terminal.columns = 80;
  const { stdout } = await terminal.run("log");
  const ids = await component.run(async (ctx) => {
    const [run] = await ctx.db.query("runs").collect();
    const [session] = await ctx.db.query("sessions").collect();
    return { run: run?._id ?? "", session: session?._id ?? "" };
  });
  const text = stdout
    .replaceAll(ids.run, "RUN")
    .replaceAll(ids.session, "SESSION");
  expect(text).toMatchInlineSnapshot(`
    "2026-08-15 12:00:00 UTC  session.unblocked  ada
      SESSION; was blocked forever
    2026-08-15 12:00:00 UTC  session.blocked  ada: stolen
      SESSION; was active; blocked forever
    2026-08-15 12:00:00 UTC  run.canceled  ben
      RUN; purge; canceled
    2026-08-15 12:00:00 UTC  run.started  ada
      RUN; purge; cutoff 2026-07-26 12:00:00 UTC;
      ratePerSecond 5; trigger operator
    2026-08-15 12:00:00 UTC  schedule.changed  ada: moving
      schedules.purge: "30 2 * * *" UTC → "30 2 * * *" UTC, paused: moving
    2026-08-15 12:00:00 UTC  settings.changed  ada: the privacy policy of May says a
      week, and this is what we promised to do
      retentionDays: 14 days → 7 days
    "
  `);
  for (const line of stdout.split("\n")) {
    expect(line.length).toBeLessThanOrEqual(80);
  }
});

test("a run over a filter says of whom it was, and not which user's", async () => {
  const { component, terminal } = await setUpLog();
  await component.mutation(api.visitors.link.user, {
    anonymousId: "visitor-1",
    userId: "someone",
  });
  const filter = ["--user", "someone", "--active-after", "30d"];
  await terminal.run("end", ...filter, "--block", "1h", "--yes");
  const { stdout } = await terminal.run("log", "--what", "run.started");
  expect(stdout).toContain(
    "; sessions of a user, last active at or after 2026-07-16 12:00:00 UTC; ",
  );
  expect(stdout).not.toContain("someone");
});

test("an erasure can be shown, and names nobody", async () => {
  const { terminal } = await setUpLog();
  await terminal.run("forget", "visitor-1", "--confirm", "visitor-1");
  const what = ["--what", "session.forgotten"];
  const { stdout } = await terminal.run("log", ...what, "--json");
  const { entries, cursor } = JSON.parse(stdout) as LogJson;
  expect(entries).toEqual([
    {
      at: new Date(NOW).toISOString(),
      what: "session.forgotten",
      actor: expect.any(String) as string,
      reason: null,
      subject: expect.any(String) as string,
      before: null,
      after: null,
      counts: { sessions: 1, visits: 1, actions: 0 },
      revision: null,
    },
  ]);
  expect(cursor).toBeNull();
  expect(stdout).not.toContain("visitor-1");
  expect((await terminal.run("show", "visitor-1")).exitCode).not.toBe(0);
});

test("kinds, groups of kinds and times are what it is filtered by", async () => {
  const { terminal } = await setUpLog();
  const whats = async (...args: string[]) => {
    const { stdout } = await terminal.run("log", "--jsonl", ...args);
    return stdout
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => (JSON.parse(line) as { what: string }).what);
  };
  expect(await whats()).toEqual([
    "session.unblocked",
    "session.blocked",
    "run.canceled",
    "run.started",
    "schedule.changed",
    "settings.changed",
  ]);
  expect(await whats("--what", "run, session.blocked")).toEqual([
    "session.blocked",
    "run.canceled",
    "run.started",
  ]);
  expect(await whats("--since", "1h")).toHaveLength(6);
  expect(await whats("--since", "2126-01-01")).toEqual([]);
});

test("pages go on where the last one ended", async () => {
  const { terminal } = await setUpLog();
  const found: string[] = [];
  let cursor: string | null = null;
  do {
    const more: string[] = cursor === null ? [] : ["--cursor", cursor];
    const { stdout, stderr } = await terminal.run(
      "log",
      "--limit",
      "4",
      "--json",
      ...more,
    );
    const page = JSON.parse(stdout) as LogJson;
    found.push(...page.entries.map(({ what }) => what));
    cursor = page.cursor;
    expect(stderr).not.toContain("Earlier");
  } while (cursor !== null);
  expect(found).toHaveLength(6);
  const { stderr } = await terminal.run("log", "--limit", "4");
  expect(stderr).toContain("More: the same command with --cursor");
});

test("what is no kind and no time is refused before anything is asked", async () => {
  const { terminal } = await setUpLog();
  const kind = await terminal.run("log", "--what", "runs");
  expect(kind.exitCode).toBe(2);
  expect(kind.stderr).toContain("run.started");
  expect((await terminal.run("log", "--since", "soon")).exitCode).toBe(2);
});

test("settings log shows the settings' part of it", async () => {
  const { terminal } = await setUpLog();
  const { stdout } = await terminal.run("settings", "log");
  expect(stdout).toContain("retentionDays: 14 days → 7 days");
  expect(stdout).not.toContain("run.");
});

// ── Helpers ─────────────────────────────────────────────────────────────────

async function setUpLog() {
  const deployment = setUpDeployment();
  const { component } = deployment;
  await component.mutation(api.settings.settings.change, {
    patch: { retentionDays: 7 },
    ...ada,
    reason:
      "the privacy policy of May says a week, and this is what we promised to do",
  });
  await component.mutation(api.schedules.change.pause, {
    name: "purge",
    reason: "moving",
    ...ada,
  });
  const anonymousId = "visitor-1";
  await component.mutation(api.visitors.heartbeat.beat, { anonymousId });
  const { runId } = await component.mutation(api.runs.control.start, {
    kind: "purge",
    ...ada,
    trigger: "operator",
    ratePerSecond: 5,
    cutoff: NOW - 20 * DAY_MS,
  });
  await component.mutation(api.runs.control.cancel, { runId, actor: "ben" });
  const session = { anonymousId };
  await component.mutation(api.visitors.block.end, {
    session,
    block: "forever",
    ...ada,
    reason: "stolen",
  });
  await component.mutation(api.visitors.block.lift, { session, ...ada });
  return deployment;
}
