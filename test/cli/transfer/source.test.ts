/** Sources of `import`: pipes, empty files, times in seconds, misspelt fields. */
import { execFileSync, spawn } from "node:child_process";
import { join } from "node:path";
import { onTestFinished, describe, expect, test } from "vitest";
import type { ShowJson } from "../../../cli/json/session.js";
import type { ImportJson } from "../../../cli/json/transfer.js";
import { NOW, setUpDeployment } from "../support/deployment.js";
import { DAY_MS } from "../../../convex/sessionTracker/shared/times.js";

const row = (anonymousId: string, more: object = {}) => ({
  anonymousId,
  createdAt: NOW - DAY_MS,
  lastActive: NOW - DAY_MS,
  ...more,
});

const jsonl = (rows: object[]) =>
  rows.map((one) => `${JSON.stringify(one)}\n`).join("");

test("a pipe is read, as in `import <(…)`", async () => {
  const { terminal } = setUpDeployment();
  const file = terminal.write("a.jsonl", jsonl([row("a"), row("b")]));
  const pipe = join(terminal.folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  const writer = spawn("sh", ["-c", `cat '${file}' > '${pipe}'`]);
  onTestFinished(() => void writer.kill());
  const result = await terminal.json<ImportJson>("import", pipe);
  expect(result).toMatchObject({ rows: 2, created: 2 });
});

test("a folder is refused", async () => {
  const { terminal } = setUpDeployment();
  const folder = await terminal.run("import", ".");
  expect(folder.stderr).toContain(`${terminal.folder} is no file. Give`);
  expect(folder.exitCode).toBe(2);
});

describe("a source without sessions is reported", () => {
  test.each([
    ["an empty file", "", [], "There is nothing in FILE."],
    ["blank lines", "\n \n", [], "There is nothing in FILE."],
    [
      "a line to go on at that is behind the last",
      jsonl([row("a")]),
      ["--from-line", "2"],
      "There is nothing in FILE from line 2 on.",
    ],
  ])("%s", async (_what, text, options, said) => {
    const { terminal } = setUpDeployment();
    const file = terminal.write("a.jsonl", text);
    const result = await terminal.run("import", "a.jsonl", ...options);
    expect(result.stderr).toContain(said.replace("FILE", file));
    expect(result.stdout).toContain("Imported 0 rows");
    expect(result.exitCode).toBe(0);
  });
});

describe("fields that an import has no use for", () => {
  test("are named and counted", async () => {
    const { terminal } = setUpDeployment();
    const actions = [
      { at: NOW - DAY_MS, action: "a", url: "/" },
      { at: NOW - DAY_MS, action: "b", url: "/" },
    ];
    terminal.write(
      "a.jsonl",
      jsonl([
        row("a", { _id: "x", _creationTime: 1, actions }),
        row("b", { userID: "ada", ended: { why: "x" } }),
        row("c", { userID: "bob", actions }),
      ]),
    );
    const { stderr, exitCode } = await terminal.run("import", "a.jsonl");
    expect(stderr).toContain(
      "Fields that are not imported: actions[].url (2 lines), userID (2 lines), ended.why (1 line). An import takes anonymousId, createdAt, lastActive, visits, ended, blockedUntil, userId, engagedMs, firstEntry, visitUnderWay, finishedVisits and actions.\n",
    );
    expect(exitCode).toBe(0);
  });

  test("are not all named where there are very many", async () => {
    const { terminal } = setUpDeployment();
    const rows = Array.from({ length: 300 }, (_, i) =>
      row(`v${i}`, { [`field${i}${"x".repeat(60)}`]: 1 }),
    );
    terminal.write("a.jsonl", jsonl(rows));
    const { stderr } = await terminal.run("import", "a.jsonl");
    expect(stderr).toContain(" and 90 or more others. An import takes");
    expect(stderr.length).toBeLessThan(1_500);
  });

  test("are not reported for files of export and of archives", async () => {
    const { terminal } = setUpDeployment();
    const more = { sessionId: "x", visits: 2, ended: { reason: "x" } };
    terminal.write(
      "a.jsonl",
      jsonl([{ archive: { runId: "x", page: 0 } }, row("a", more)]),
    );
    const { stderr } = await terminal.run("import", "a.jsonl");
    expect(stderr).not.toContain("not imported");
  });
});

describe("times in seconds", () => {
  const seconds = Math.floor((NOW - DAY_MS) / 1_000);
  const inSeconds = {
    anonymousId: "a",
    createdAt: seconds - 60,
    lastActive: seconds + 0.25,
    actions: [{ at: seconds, action: "view" }],
  };

  test("are not taken for milliseconds", async () => {
    const { terminal } = setUpDeployment();
    await terminal.run("retention", "never", "--yes");
    terminal.write("a.jsonl", jsonl([inSeconds]));
    const { stderr, exitCode } = await terminal.run("import", "a.jsonl");
    expect(stderr).toContain(
      "line 1: createdAt (1786708740) would be 1970-01-21T16:18:28.740Z; in seconds it is 2026-08-14T11:59:00.000Z. Pass --times seconds if that is meant, --times milliseconds if it is right as it is\n",
    );
    expect(exitCode).toBe(1);
  });

  test.each([
    ["lastActive", { createdAt: 0 }],
    ["actions[0].at", { createdAt: 0, lastActive: NOW }],
  ])("of any field: %s", async (field, fields) => {
    const { terminal } = setUpDeployment();
    terminal.write("a.jsonl", jsonl([{ ...inSeconds, ...fields }]));
    const { stderr } = await terminal.run("import", "a.jsonl");
    expect(stderr).toContain(`line 1: ${field} (17867`);
  });

  test("are read in the unit of --times", async () => {
    const { terminal } = setUpDeployment();
    terminal.write("a.jsonl", jsonl([inSeconds]));
    const as = (unit: string) =>
      terminal.json<ImportJson>(
        ...["import", "a.jsonl", "--times", unit, "--yes"],
      );
    expect(await as("seconds")).toMatchObject({ created: 1 });
    expect(await terminal.json<ShowJson>("show", "a")).toMatchObject({
      createdAt: "2026-08-14T11:59:00.000Z",
      lastActive: "2026-08-14T12:00:00.250Z",
      timeline: [{ at: "2026-08-14T12:00:00.000Z" }],
    });
    expect(await as("milliseconds")).toMatchObject({ merged: 1 });
    const { createdAt } = await terminal.json<ShowJson>("show", "a");
    expect(createdAt).toBe("1970-01-21T16:18:28.740Z");
  });

  test("do not change the meaning of ISO 8601", async () => {
    const { terminal } = setUpDeployment();
    const times = { createdAt: "1972-01-01", lastActive: "2026-08-14" };
    terminal.write("a.jsonl", jsonl([row("a", times)]));
    const result = await terminal.run("import", "a.jsonl");
    expect(result.exitCode).toBe(0);
  });
});
