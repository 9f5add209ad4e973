import { closeSync, openSync, writeSync } from "node:fs";
import { expect, test } from "vitest";
import type { ListJson, ShowJson } from "../../../cli/json/session.js";
import type { ImportJson } from "../../../cli/json/transfer.js";
import { api } from "../../../convex/sessionTracker/_generated/api.js";
import { NOW, setUpDeployment } from "../support/deployment.js";
import type { FetchInit } from "../../../cli/deployment/http.js";
import { bodyOf } from "../support/fakeTerminal.js";
import { DAY_MS } from "../../../convex/sessionTracker/shared/times.js";

function jsonl(rows: object[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join("");
}

/** A row last active so many days ago. */
function rowOf(anonymousId: string, ageDays: number, actions?: object[]) {
  const lastActive = NOW - ageDays * DAY_MS;
  return { anonymousId, createdAt: lastActive - DAY_MS, lastActive, actions };
}

test("imports a file, and the same file again changes nothing", async () => {
  const { terminal } = setUpDeployment();
  terminal.write(
    "sessions.jsonl",
    jsonl([
      rowOf("a", 2, [
        { at: NOW - 2 * DAY_MS, action: "view", resourceId: "/pricing" },
        { at: "2026-08-13T12:00:00Z", action: "buy", metadata: { items: 2 } },
      ]),
      rowOf("b", 3),
    ]),
  );
  const command = ["import", "sessions.jsonl"];
  expect(await terminal.json<ImportJson>(...command)).toEqual({
    rows: 2,
    created: 2,
    merged: 0,
    unchanged: 0,
    erased: 0,
    visits: 0,
    actions: 2,
    days: { changed: 0, unchanged: 0 },
    invalid: 0,
    olderThanRetention: 0,
  });
  expect(await terminal.json<ImportJson>(...command)).toMatchObject({
    rows: 2,
    created: 0,
    unchanged: 2,
    erased: 0,
    actions: 0,
  });
  expect(await terminal.json<ShowJson>("show", "a")).toMatchObject({
    state: "expired",
    createdAt: "2026-08-12T12:00:00.000Z",
    lastActive: "2026-08-13T12:00:00.000Z",
    actions: 2,
  });
});

test("imports rows of the replaced tracker's table, as `convex export` writes them, from stdin", async () => {
  const { terminal } = setUpDeployment();
  const at = NOW - DAY_MS;
  terminal.stdin = jsonl([
    {
      _creationTime: 1719990000000.123,
      _id: "j97abc",
      ...rowOf("user123", 1),
      actions: [{ action: "page_view", timestamp: at, resourceId: "home" }],
    },
  ]);
  const result = await terminal.json<ImportJson>("import", "-");
  expect(result).toMatchObject({ created: 1, actions: 1 });
  const shown = await terminal.json<ShowJson>("show", "user123");
  expect(shown.timeline).toEqual([
    {
      at: "2026-08-14T12:00:00.000Z",
      action: "page_view",
      resourceId: "home",
    },
  ]);
});

const BAD_LINES = [
  "{",
  "[]",
  JSON.stringify({ ...rowOf("has space", 1) }),
  JSON.stringify({ ...rowOf("c", 1), createdAt: "last week" }),
  JSON.stringify({ ...rowOf("c", 1), createdAt: NOW }),
  JSON.stringify({ ...rowOf("c", 1), lastActive: NOW + DAY_MS }),
  JSON.stringify(rowOf("c", 1, [{ at: 1, action: 7 }])),
  JSON.stringify(rowOf("c", 1, [{ action: "x" }])),
  JSON.stringify(
    rowOf("c", 1, [{ at: 1, action: "x", metadata: { $inc: 1 } }]),
  ),
];

test("invalid lines stop the import before anything is written, and each is named", async () => {
  const { terminal } = setUpDeployment();
  const lines = [JSON.stringify(rowOf("good", 1)), "", ...BAD_LINES];
  terminal.write("sessions.jsonl", lines.join("\n"));
  const { exitCode, stderr } = await terminal.run("import", "sessions.jsonl");
  expect(exitCode).toBe(1);
  expect(stderr).toMatchInlineSnapshot(`
    "line 3: not JSON: Expected property name or '}' in JSON at position 1
    line 4: the line must be a JSON object, got []
    line 5: anonymousId must be 1 to 128 letters, digits or _ - . :, got "has space"
    line 6: createdAt must be ms since the epoch or ISO 8601, got "last week"
    line 7: lastActive (2026-08-14T12:00:00.000Z) lies before createdAt (2026-08-15T12:00:00.000Z)
    line 8: lastActive (1786881600000) lies in the future
    line 9: actions[0].action must be a string, got 7
    line 10: actions[0].timestamp must be ms since the epoch or ISO 8601, got nothing
    line 11: actions[0].metadata cannot be stored: Field name $inc starts with a '$', which is reserved.
    error: 9 lines cannot be imported, so nothing was. Correct them, or pass --skip-invalid to import the other 1.
    "
  `);
  const { sessions } = await terminal.json<ListJson>("list");
  expect(sessions).toEqual([]);
});

test("--skip-invalid imports the valid rows and counts the others", async () => {
  const { terminal } = setUpDeployment();
  const lines = [...BAD_LINES, JSON.stringify(rowOf("good", 1))];
  terminal.write("sessions.jsonl", lines.join("\r\n"));
  const command = ["import", "sessions.jsonl", "--skip-invalid"];
  const { exitCode, stdout, stderr } = await terminal.run(...command, "--json");
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    rows: 1,
    created: 1,
    invalid: BAD_LINES.length,
  });
  expect(stderr).toContain("line 9: actions[0].metadata cannot be stored");
});

test("a session with more actions than one call takes loses none, also where many share one time", async () => {
  const { terminal, calls } = setUpDeployment();
  const actions = Array.from({ length: 4_500 }, (_, index) => ({
    at: NOW - DAY_MS - Math.floor(index / 900) * 1_000,
    action: `a${index}`,
  }));
  terminal.write(
    "sessions.jsonl",
    jsonl([rowOf("small", 1), rowOf("large", 1, actions), rowOf("last", 1)]),
  );
  const command = ["import", "sessions.jsonl"];
  expect(await terminal.json<ImportJson>(...command)).toMatchObject({
    rows: 3,
    created: 3,
    merged: 0,
    actions: 4_500,
  });
  expect(
    calls.filter((call) => call.startsWith("operator/import")).sort(),
  ).toEqual([
    // The first and the last row, the session of the other, and its actions.
    "operator/import:batch",
    "operator/import:batch",
    "operator/import:batch",
    "operator/importActions:add",
    "operator/importActions:add",
    "operator/importActions:add",
  ]);
  expect(await terminal.json<ImportJson>(...command)).toMatchObject({
    rows: 3,
    unchanged: 3,
    erased: 0,
    actions: 0,
  });
});

test("rows older than the retention need --yes, a pause or a longer retention", async () => {
  const { terminal } = setUpDeployment();
  await terminal.run("schedule", "set", "purge", "30 2 * * *");
  terminal.write("sessions.jsonl", jsonl([rowOf("a", 15), rowOf("b", 13)]));
  const command = ["import", "sessions.jsonl"];

  const refused = await terminal.run(...command);
  expect(refused.exitCode).toBe(5);
  expect(refused.stderr).toContain(
    "1 of 2 rows is older than the retention of 14 days; the next scheduled purge, at 2026-08-16 02:30:00 UTC, deletes them.",
  );
  expect((await terminal.json<ListJson>("list")).sessions).toEqual([]);

  expect(await terminal.json<ImportJson>(...command, "--yes")).toMatchObject({
    created: 2,
    olderThanRetention: 1,
  });
  await terminal.run("schedule", "pause", "purge", "--reason", "import");
  expect(await terminal.json<ImportJson>(...command)).toMatchObject({
    unchanged: 2,
    erased: 0,
    olderThanRetention: 1,
  });
  await terminal.run("schedule", "resume", "purge");
  await terminal.run("retention", "20");
  expect(await terminal.json<ImportJson>(...command)).toMatchObject({
    olderThanRetention: 0,
  });
});

test("an import whose deployment goes away names the line to go on from", async () => {
  const { terminal, component } = setUpDeployment();
  // The ignored field makes each line a call of its own.
  const ignored = "x".repeat(3 * 1_024 * 1_024);
  const rows = Array.from({ length: 8 }, (_, index) => ({
    ...rowOf(`visitor-${index}`, 1),
    ignored,
  }));
  terminal.write("sessions.jsonl", jsonl(rows));
  const online = terminal.overrides.fetch;
  let batches = 0;
  Object.assign(terminal.overrides, {
    fetch: (input: string, init: FetchInit) => {
      const { path } = bodyOf<{ path: string }>(init);
      if (path === "operator/import:batch") batches += 1;
      if (batches > 5) return Promise.reject(new TypeError("fetch failed"));
      return online?.(input, init);
    },
  });
  const { exitCode, stderr } = await terminal.run("import", "sessions.jsonl");
  expect(exitCode).toBe(4);
  const fromLine = /--from-line (\d+)/.exec(stderr)?.[1] ?? "";
  expect(fromLine).toBe("6");

  Object.assign(terminal.overrides, { fetch: online });
  const resumed = await terminal.json<ImportJson>(
    ...["import", "sessions.jsonl", "--from-line", fromLine],
  );
  expect(resumed).toMatchObject({ rows: 3, created: 3 });
  const { sessions } = await component.query(api.operator.status.get, {});
  expect(sessions.total).toBe(8);
});

test("a missing file is a usage error", async () => {
  const { terminal } = setUpDeployment();
  const { exitCode, stderr } = await terminal.run("import", "none.jsonl");
  expect(exitCode).toBe(2);
  expect(stderr).toContain("There is no file");
});

test("a line longer than 64 MiB is refused", async () => {
  const { terminal } = setUpDeployment();
  const path = terminal.write("one-line.jsonl", "");
  const file = openSync(path, "w");
  const piece = Buffer.alloc(8 * 1024 * 1024, "x");
  for (let i = 0; i < 9; i += 1) writeSync(file, piece);
  closeSync(file);
  const { exitCode, stderr } = await terminal.run("import", path);
  expect(exitCode).toBe(1);
  expect(stderr).toBe(
    `error: Reading ${path} failed: line 1 is longer than 64 MiB: a file to import has one session a line, not all of them in one\n`,
  );
});

test("a byte order mark and Windows line ends are ignored", async () => {
  const { terminal } = setUpDeployment();
  const rows = ["a", "b"].map((anonymousId) =>
    JSON.stringify({ anonymousId, createdAt: NOW - 1, lastActive: NOW }),
  );
  const path = terminal.write("dos.jsonl", `\ufeff${rows.join("\r\n")}\r\n`);
  const result = await terminal.json<ImportJson>("import", path);
  expect(result).toMatchObject({ rows: 2, created: 2 });
});
