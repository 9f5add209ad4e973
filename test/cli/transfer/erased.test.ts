/** `import` of people who were forgotten: they stay so, unless somebody brings them back and says why. */
import { expect, test } from "vitest";
import type { LogJson } from "../../../cli/json/log.js";
import type { ImportJson } from "../../../cli/json/transfer.js";
import { DAY_MS } from "../../../convex/sessionTracker/shared/times.js";
import { NOW, setUpDeployment } from "../support/deployment.js";

/** More actions than one call takes, so that the session comes in pieces. */
const MANY = 2_100;

async function setUpForgotten() {
  const { terminal } = setUpDeployment();
  const row = (anonymousId: string, actions: number) => ({
    anonymousId,
    createdAt: NOW - 2 * DAY_MS,
    lastActive: NOW - DAY_MS,
    actions: Array.from({ length: actions }, (_, i) => ({
      at: NOW - 2 * DAY_MS + i,
      action: "view",
    })),
  });
  const rows = [row("gone", 2), row("gone-too", MANY), row("stays", 1)];
  terminal.write(
    "all.jsonl",
    rows.map((one) => `${JSON.stringify(one)}\n`).join(""),
  );
  await terminal.json("import", "all.jsonl");
  await terminal.run("forget", "gone", "--confirm", "gone");
  await terminal.run("forget", "gone-too", "--confirm", "gone-too");
  return terminal;
}

test("an import brings back nobody who was forgotten, and says so", async () => {
  const terminal = await setUpForgotten();
  expect(await terminal.json<ImportJson>("import", "all.jsonl")).toMatchObject({
    rows: 3,
    created: 0,
    unchanged: 1,
    erased: 2,
    actions: 0,
  });
  const { stdout } = await terminal.run("import", "all.jsonl");
  expect(stdout).toContain("0 created, 0 merged, 1 unchanged, 2 erased;");
  expect((await terminal.run("show", "gone")).exitCode).toBe(1);
  expect((await terminal.run("show", "gone-too")).exitCode).toBe(1);
});

test("--restore-erased brings them back with a reason, and the log says who did", async () => {
  const terminal = await setUpForgotten();
  const restore = ["import", "all.jsonl", "--restore-erased"];
  const silent = await terminal.run(...restore);
  expect(silent.exitCode).toBe(2);
  expect(silent.stderr).toContain("--reason");
  const why = ["--reason", "the wrong visitor"];
  expect(await terminal.json<ImportJson>(...restore, ...why)).toMatchObject({
    created: 2,
    unchanged: 1,
    erased: 0,
    actions: MANY + 2,
  });
  const { entries } = await terminal.json<LogJson>("log", "--limit", "9");
  expect(entries.slice(0, 4)).toMatchObject([
    { what: "import.finished", counts: { created: 2, erased: 0 } },
    { what: "erasure.lifted", reason: "the wrong visitor" },
    { what: "erasure.lifted", counts: { sessions: 1 } },
    { what: "import.started", counts: { rows: 3 }, reason: why[1] },
  ]);
  expect(entries[0]?.subject).toBe(entries[3]?.subject);
  expect(JSON.stringify(entries)).not.toContain("gone");
  const { stdout } = await terminal.run("log");
  expect(stdout).toContain("import.started");
});
