import { expect, test } from "vitest";
import type { ShowJson } from "../../../cli/json/session.js";
import { api } from "../../../convex/sessionTracker/_generated/api.js";
import { setUpThreeVisitors } from "../support/visitors.js";

test("show finds a session by either id and lists what the visitor did", async () => {
  const { terminal } = await setUpThreeVisitors();
  const byName = await terminal.json<ShowJson>("show", "busy");
  expect(byName).toMatchObject({
    state: "active",
    actions: 2,
    timeline: [
      { at: "2026-08-15T11:59:00.000Z", action: "click" },
      { action: "open" },
    ],
  });
  expect(await terminal.json("show", byName.sessionId)).toEqual(byName);

  const { exitCode, stderr } = await terminal.run("show", "nobody");
  expect(exitCode).toBe(1);
  expect(stderr).toContain('"nobody"');
});

test("visitors' texts cannot control the terminal", async () => {
  const { terminal, component } = await setUpThreeVisitors();
  await component.mutation(api.visitors.action.record, {
    anonymousId: "busy",
    action: "\u001b[2Jgone",
    resourceId: "a\nb",
  });
  const { stdout } = await terminal.run("show", "busy");
  expect(stdout).not.toContain("\u001b");
  expect(stdout).toContain("\ufffd[2Jgone");
});
