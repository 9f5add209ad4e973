/** `forget`: its question, its receipt, and the other sessions of a user. */
import { expect, test } from "vitest";
import type { LogJson } from "../../../cli/json/log.js";
import type { ForgetJson, ListJson } from "../../../cli/json/session.js";
import type { StatusJson } from "../../../cli/json/status/status.js";
import { api } from "../../../convex/sessionTracker/_generated/api.js";
import { DAY_MS } from "../../../convex/sessionTracker/shared/times.js";
import { expectInvariants } from "../../convex/support/rows.js";
import { seedExpired } from "../../convex/support/runKit.js";
import { NOW } from "../support/deployment.js";
import { setUpFourVisitors } from "../support/visitors.js";

test("forget asks for the id, erases every action, and prints a receipt", async () => {
  const { terminal, component } = await setUpFourVisitors({
    interactive: true,
  });
  // The actions take more than one transaction to erase.
  for (let i = 0; i < 4; i += 1) {
    await component.mutation(api.operator.import.batch, {
      rows: [
        {
          anonymousId: "old",
          createdAt: 0,
          lastActive: 1_000,
          actions: Array.from({ length: 400 }, (_, at) => ({
            at: i * 400 + at,
            action: "click",
          })),
        },
      ],
    });
  }
  terminal.answers = ["yes", "", "old"];
  expect(await terminal.run("forget", "old")).toMatchObject({ exitCode: 5 });
  expect(await terminal.run("forget", "old")).toMatchObject({ exitCode: 2 });
  expect((await terminal.json<StatusJson>("status")).sessions.total).toBe(4);
  const { stdout, exitCode } = await terminal.run("forget", "old");
  expect(exitCode).toBe(0);
  expect(stdout.replace(/\w+sessions/, "ID")).toMatchInlineSnapshot(`
    "Erased for good:
      session      ID
      anonymousId  old
      actions      1601
      at           2026-08-15 12:00:00 UTC
      by           cli:ada@desk
      from         http://127.0.0.99:3210
    "
  `);
  const { actions } = await expectInvariants(component);
  expect(actions).toHaveLength(3);
});

test("forget needs the id twice where nobody can be asked, and counts the user's other sessions", async () => {
  const { terminal, component } = await setUpFourVisitors();
  await component.mutation(api.visitors.link.user, {
    anonymousId: "idle",
    userId: "ada",
  });
  const refused = await terminal.run("forget", "busy", "--json");
  expect(refused).toMatchObject({ exitCode: 5, stdout: "" });
  expect(refused.stderr).toContain("pass --confirm busy");
  const other = await terminal.run("forget", "busy", "--confirm", "idle");
  expect(other).toMatchObject({ exitCode: 5 });
  const { stderr } = await terminal.run("forget", "busy", "--confirm", "busy");
  expect(stderr).toContain("1 other session, which stay");
  const receipt = await terminal.json<ForgetJson>(
    ...["forget", "idle", "--confirm", "idle"],
  );
  expect(receipt).toEqual({
    sessionId: expect.any(String) as string,
    anonymousId: "idle",
    userId: "ada",
    actions: 1,
    erasedAt: "2026-08-15T12:00:00.000Z",
    actor: "cli:ada@desk",
    target: {
      url: "http://127.0.0.99:3210",
      component: "sessionTracker",
      productionName: null,
    },
  });
  await expectInvariants(component);
});

test.each([
  { others: 1_199, said: "has 1,199 other sessions" },
  { others: 5_200, said: "has at least 4,999 other sessions" },
])(
  "with $others other sessions, forget says that the user $said",
  async ({ others, said }) => {
    const { terminal, component } = await setUpFourVisitors();
    const seeds = Array.from({ length: others }, (_, i) => ({
      anonymousId: `ada-${i}`,
      lastActive: NOW - DAY_MS - i,
    }));
    await seedExpired(component, seeds);
    await component.run(async (ctx) => {
      const rows = await ctx.db.query("sessions").collect();
      for (const { _id } of rows) {
        await ctx.db.patch("sessions", _id, { userId: "ada" });
      }
      for (const { _id, anonymousId } of rows) {
        if (/^(old|left|idle)$/.test(anonymousId)) {
          await ctx.db.patch("sessions", _id, { userId: "bob" });
        }
      }
    });
    const { stderr } = await terminal.run(
      "forget",
      "busy",
      "--confirm",
      "busy",
    );
    expect(stderr).toContain(said);
    const args = ["list", "--user", "ada", "--limit", "2000", "--order", "asc"];
    const { sessions, cursor } = await terminal.json<ListJson>(...args);
    expect(sessions).toHaveLength(Math.min(others, 2_000));
    expect(sessions[0]?.anonymousId).toBe(`ada-${others - 1}`);
    expect(cursor === null).toBe(others < 2_000);
  },
  60_000,
);

test("forget has its reason and its actor in the audit log, and not whom it erased", async () => {
  const { terminal } = await setUpFourVisitors();
  const flags = ["--confirm", "busy", "--reason", "request 4711"];
  const { sessionId } = await terminal.json<ForgetJson>(
    ...["forget", "busy", ...flags],
  );
  const { entries } = await terminal.json<LogJson>(
    ...["log", "--what", "session.forgotten"],
  );
  expect(entries).toMatchObject([
    { actor: "cli:ada@desk", reason: "request 4711", subject: sessionId },
  ]);
  expect(JSON.stringify(entries)).not.toMatch(/busy|"ada"/);
});
