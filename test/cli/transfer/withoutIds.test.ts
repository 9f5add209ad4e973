/** Files of sessions hold the ids of their visitors: they say so, or leave them out. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import type { RunResultJson } from "../../../cli/json/run.js";
import { api } from "../../../convex/sessionTracker/_generated/api.js";
import { dailySessions, setUpDeployment } from "../support/deployment.js";
import { DAY_MS } from "../../../convex/sessionTracker/shared/times.js";

const SECRET = "secret-";

/** Twelve old visitors, each a user with an action, and pages of five. */
async function setUpOld() {
  const deployment = setUpDeployment();
  const { setPolicy, store } = deployment;
  await setPolicy({ pageSize: 5 });
  const users = dailySessions(12, 30, (lastActive, i) => ({
    anonymousId: `${SECRET}${i}`,
    userId: `${SECRET}user-${i}`,
    createdAt: lastActive - DAY_MS,
    actions: [{ at: lastActive, action: "view" }],
  }));
  await store(users);
  return deployment;
}

const linesOf = (text: string) =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test("an export warns that its file holds ids", async () => {
  const { terminal } = await setUpOld();
  const { stderr } = await terminal.run("export", "a.jsonl");
  expect(stderr).toContain(
    "a.jsonl holds anonymousIds: whoever knows one can act as that visitor.",
  );
});

test("an export --without-ids has all other fields, and cannot be imported", async () => {
  const { terminal } = await setUpOld();
  const result = await terminal.run("export", "a.jsonl", "--without-ids");
  expect(result).toMatchObject({ exitCode: 0, stderr: "" });
  const text = readFileSync(join(terminal.folder, "a.jsonl"), "utf8");
  expect(text).not.toContain(SECRET);
  const lines = linesOf(text);
  expect(lines).toHaveLength(12);
  expect(Object.keys(lines[0] ?? {})).toEqual([
    ...["sessionId", "createdAt", "lastActive", "visits", "actions"],
  ]);
  const { terminal: other } = setUpDeployment();
  const path = join(terminal.folder, "a.jsonl");
  const refused = await other.run("import", path);
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toContain(
    "line 1: there is no anonymousId: what was written --without-ids cannot be imported",
  );
});

test("an archived purge warns that its file holds ids", async () => {
  const { terminal } = await setUpOld();
  const { stderr } = await terminal.run(
    ...["purge", "--days", "20", "--yes", "--archive", "a.jsonl.gz"],
  );
  expect(stderr).toContain("a.jsonl.gz holds anonymousIds: whoever knows");
});

test("an archive --without-ids stays so when another operator resumes it", async () => {
  const { terminal, component } = await setUpOld();
  const online = terminal.overrides.fetch;
  terminal.interruptAt("runs/archive:purgePage", { isAnswered: true });
  const archive = ["--archive", "a.jsonl.gz"];
  const stopped = await terminal.run(
    ...["purge", "--days", "20", "--yes", "--without-ids", ...archive],
  );
  expect(stopped.exitCode).toBe(2);
  Object.assign(terminal.overrides, { fetch: online });
  const [run] = await component.query(api.runs.ledger.list, {});
  const runId = run?.runId ?? "";
  const resumed = await terminal.json<RunResultJson>(
    ...["runs", "resume", runId, ...archive],
  );
  expect(resumed).toMatchObject({ status: "completed", sessions: 12 });
  const bytes = readFileSync(join(terminal.folder, "a.jsonl.gz"));
  const text = gunzipSync(bytes).toString();
  expect(text).not.toContain(SECRET);
  const sessions = linesOf(text).filter((line) => "sessionId" in line);
  expect(sessions).toHaveLength(12);
});

test("--without-ids needs --archive", async () => {
  const { terminal } = await setUpOld();
  const { exitCode, stderr } = await terminal.run(
    ...["purge", "--days", "20", "--yes", "--without-ids"],
  );
  expect(exitCode).toBe(2);
  expect(stderr).toContain("--archive FILE, which is not given");
});
