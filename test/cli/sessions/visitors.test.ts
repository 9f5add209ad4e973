/** Filters of `list`, `end` and `forget`. */
import { expect, test, vi } from "vitest";
import type {
  EndJson,
  ForgetJson,
  ListJson,
  ShowJson,
} from "../../../cli/json/session.js";
import type { StatusJson } from "../../../cli/json/status.js";
import { api } from "../../../convex/sessionTracker/_generated/api.js";
import { expectInvariants } from "../../convex/support/rows.js";
import { seedExpired } from "../../convex/support/runKit.js";
import { NOW, setUpDeployment } from "../support/deployment.js";
import {
  DAY_MS,
  MINUTE_MS,
} from "../../../convex/sessionTracker/shared/times.js";

/** Visitors seen 3 days, 31 minutes and a minute ago; `left` ended an hour ago. */
async function setUpVisitors(overrides = {}) {
  const deployment = setUpDeployment(overrides);
  const { component } = deployment;
  const visit = async (anonymousId: string, agoMs: number) => {
    vi.setSystemTime(NOW - agoMs);
    await component.mutation(api.visitors.action.record, {
      anonymousId,
      action: "view",
    });
  };
  await visit("old", 3 * DAY_MS);
  await visit("left", 60 * MINUTE_MS);
  await component.mutation(api.visitors.end.visit, { anonymousId: "left" });
  await visit("idle", 31 * MINUTE_MS);
  await visit("busy", MINUTE_MS);
  await component.mutation(api.visitors.link.user, {
    anonymousId: "busy",
    userId: "ada",
  });
  vi.setSystemTime(NOW);
  return deployment;
}

test.each([
  [[], ["busy", "idle", "left", "old"]],
  [
    ["--order", "asc"],
    ["old", "left", "idle", "busy"],
  ],
  [
    ["--state", "expired"],
    ["idle", "old"],
  ],
  [["--state", "ended"], ["left"]],
  [
    ["--active-within", "2h"],
    ["busy", "idle", "left"],
  ],
  [
    ["--inactive-since", "35m", "--order", "asc"],
    ["old", "left"],
  ],
  [["--inactive-since", "2026-08-14"], ["old"]],
  [
    ["--created-after", "2026-08-15"],
    ["busy", "idle", "left"],
  ],
  [["--created-before", "1d"], ["old"]],
  [["--user", "ada"], ["busy"]],
  [["--user", "nobody"], []],
])("list %j finds %j", async (args, expected) => {
  const { terminal } = await setUpVisitors();
  const { sessions } = await terminal.json<ListJson>("list", ...args);
  expect(sessions.map(({ anonymousId }) => anonymousId)).toEqual(expected);
});

test("list goes on at its cursor in the same order, with a line for each session with --jsonl", async () => {
  const { terminal } = await setUpVisitors();
  const args = ["list", "--sort", "active", "--order", "asc", "--limit", "3"];
  const first = await terminal.json<ListJson>(...args);
  const rest = await terminal.run(
    ...[...args, "--cursor", String(first.cursor), "--jsonl"],
  );
  const ids = rest.stdout
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { anonymousId: string }).anonymousId);
  expect(first.sessions.map(({ anonymousId }) => anonymousId)).toEqual([
    ...["old", "left", "idle"],
  ]);
  expect(ids).toEqual(["busy"]);
});

test("list prints blocks, with nothing cut off, on a terminal too narrow for the table", async () => {
  const { terminal } = await setUpVisitors();
  terminal.isTTY = true;
  terminal.columns = 44;
  const { stdout } = await terminal.run("list", "--user", "ada");
  const withoutIds = stdout.replaceAll(/\w+sessions/g, "ID");
  expect(withoutIds).toMatchInlineSnapshot(`
    "SESSION       ID
    ANONYMOUS ID  busy
    USER          ada
    STATE         active
    CREATED       2026-08-15 11:59:00 UTC
    LAST ACTIVE   2026-08-15 11:59:00 UTC
    VISITS        1
    ACTIONS       1
    "
  `);
  expect(stdout.split("\n").every((line) => line.length <= 48)).toBe(true);
});

test("end ends a session by either id, once", async () => {
  const { terminal, component } = await setUpVisitors();
  const ended = await terminal.json<EndJson>(
    ...["end", "busy", "--reason", "shared computer"],
  );
  expect(ended).toMatchObject({ ended: true, state: "ended" });
  const shown = await terminal.json<ShowJson>("show", "busy");
  expect(shown.endReason).toBe("shared computer");
  const again = await terminal.run("end", ended.sessionId);
  expect(again).toMatchObject({
    exitCode: 0,
    stdout: `Session ${ended.sessionId} is ended.\n`,
    stderr: expect.stringContaining("nothing was changed") as string,
  });
  await expectInvariants(component);
});

test.each(["end", "forget", "show"])(
  "%s of somebody who is not there says so",
  async (command) => {
    const { terminal } = await setUpVisitors();
    const { exitCode, stderr } = await terminal.run(command, "nobody");
    expect(exitCode).toBe(1);
    expect(stderr).toContain('sessionId or anonymousId "nobody"');
  },
);

test("forget asks for the id, erases every action, and prints a receipt", async () => {
  const { terminal, component } = await setUpVisitors({ interactive: true });
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
  const { terminal, component } = await setUpVisitors();
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
    const { terminal, component } = await setUpVisitors();
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

test.each(["show", "end", "forget"])(
  "%s of an id that is one visitor's sessionId and another's anonymousId asks which",
  async (command) => {
    const { terminal, component } = await setUpVisitors();
    const { sessionId } = await terminal.json<ShowJson>("show", "busy");
    await seedExpired(component, [{ anonymousId: sessionId, lastActive: NOW }]);
    const args = command === "forget" ? ["--confirm", sessionId] : [];
    const { exitCode, stderr } = await terminal.run(
      ...[command, sessionId, ...args],
    );
    expect(exitCode).toBe(2);
    expect(stderr).toContain("--session-id");
    expect(stderr).toContain("--anonymous-id");
    await expectInvariants(component);

    type Found = { sessionId: string; anonymousId: string };
    const other = await terminal.json<Found>(
      ...[command, sessionId, ...args, "--anonymous-id"],
    );
    expect(other.anonymousId).toBe(sessionId);
    const busy = await terminal.json<Found>(
      ...[command, sessionId, ...args, "--session-id"],
    );
    expect(busy.anonymousId).toBe("busy");
  },
);

test("forget and end say by which id they found the session", async () => {
  const { terminal } = await setUpVisitors();
  const { sessionId } = await terminal.json<ShowJson>("show", "busy");
  expect((await terminal.run("end", "busy")).stderr).toContain(
    "Found by its anonymousId",
  );
  const { stderr } = await terminal.run(
    ...["forget", sessionId, "--confirm", sessionId],
  );
  expect(stderr).toContain("Found by its sessionId");
});
