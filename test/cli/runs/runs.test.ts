/** `expire` with nothing to do; `runs list` and `runs show`. */
import { expect, test } from "vitest";
import type { RunListJson, RunResultJson } from "../../../cli/json/run.js";
import { api } from "../../../convex/sessionTracker/_generated/api.js";
import { setUpDeployment } from "../support/deployment.js";
import { setUpThreeVisitors } from "../support/visitors.js";

test("expire with nothing idle starts no run", async () => {
  const { terminal } = setUpDeployment();
  expect(await terminal.json("expire")).toMatchObject({
    runId: null,
    status: "completed",
    sessions: 0,
  });
  expect(await terminal.json("runs", "list")).toEqual({
    runs: [],
    cursor: null,
  });
});

test("runs list names the cursor with which it goes on", async () => {
  const { terminal, component } = setUpDeployment();
  const ids: string[] = [];
  for (let index = 0; index < 5; index += 1) {
    const { runId } = await component.mutation(api.runs.control.start, {
      ...{ kind: "expire", actor: "test", trigger: "operator" },
    });
    ids.unshift(runId);
    await component.run(async (ctx) => {
      const [run] = await ctx.db.query("runs").order("desc").collect();
      if (run) await ctx.db.patch("runs", run._id, { status: "completed" });
    });
  }
  const first = await terminal.run("runs", "list", "--limit", "3");
  expect(first.stderr).toMatch(/More: the same command with --cursor \S+\n/);
  const seen: string[] = [];
  let cursor: string | null = null;
  do {
    const page: RunListJson = await terminal.json<RunListJson>(
      ...["runs", "list", "--limit", "3", "--kind", "expire"],
      ...(cursor === null ? [] : ["--cursor", cursor]),
    );
    seen.push(...page.runs.map(({ runId }) => runId));
    cursor = page.cursor;
  } while (cursor !== null);
  expect(seen).toEqual(ids);
  const all = await terminal.json<RunListJson>(
    "runs",
    "list",
    "--limit",
    "500",
  );
  expect(all.runs.map(({ runId }) => runId)).toEqual(ids);
});

test("runs list and runs show keep to a terminal's width as it is seen", async () => {
  const { terminal } = await setUpThreeVisitors();
  Object.assign(terminal.overrides, { actor: "cli:\u4e0a\u6d77@desk" });
  const { runId } = await terminal.json<RunResultJson>("expire");
  terminal.isTTY = true;
  for (const args of [["list"], ["show", String(runId)]]) {
    terminal.columns = 160;
    const wide = (await terminal.run("runs", ...args)).stdout;
    expect(wide).toMatch(/^RUN /);
    const [head = "", row = ""] = wide.split("\n");
    const seen = Math.max(head.length, row.length + 2);
    terminal.columns = seen;
    expect((await terminal.run("runs", ...args)).stdout).toMatch(/^RUN /);
    terminal.columns = seen - 1;
    const narrow = (await terminal.run("runs", ...args)).stdout;
    expect(narrow).toMatch(/^\w+ {2}expire {2}completed {2}/);
  }
});
