/** `list`: its filters, its pages, its table. */
import { expect, test } from "vitest";
import type { ListJson } from "../../../cli/json/session.js";
import { setUpFourVisitors, setUpThreeVisitors } from "../support/visitors.js";

test("list joins sessions with their leases, and shows an idle one as expired already", async () => {
  const { terminal } = await setUpThreeVisitors();
  const { sessions, cursor } = await terminal.json<ListJson>("list");
  expect(cursor).toBeNull();
  expect(sessions).toEqual([
    {
      sessionId: expect.any(String) as string,
      anonymousId: "busy",
      state: "active",
      createdAt: "2026-08-15T11:59:00.000Z",
      lastActive: "2026-08-15T11:59:00.000Z",
      visits: 1,
      actions: 2,
    },
    expect.objectContaining({
      anonymousId: "left",
      state: "ended",
      lastActive: "2026-08-15T11:29:00.000Z",
      endReason: "logout",
    }),
    expect.objectContaining({
      anonymousId: "idle",
      state: "expired",
      lastActive: "2026-08-15T11:29:00.000Z",
      actions: 1,
    }),
  ]);

  const active = await terminal.json<ListJson>("list", "--state", "active");
  expect(active.sessions.map(({ anonymousId }) => anonymousId)).toEqual([
    "busy",
  ]);
});

test("list prints the same after a late expire run", async () => {
  const { terminal } = await setUpThreeVisitors();
  const before = await terminal.json<ListJson>("list");
  const run = await terminal.json("expire");
  expect(run).toMatchObject({ status: "completed", sessions: 1 });
  expect(await terminal.json("list")).toEqual(before);
});

test("list pages by cursor, and fills a page of active sessions across idle ones", async () => {
  const { terminal } = await setUpThreeVisitors();
  const first = await terminal.json<ListJson>("list", "--limit", "2");
  expect(first.sessions).toHaveLength(2);
  const second = await terminal.json<ListJson>(
    ...["list", "--limit", "2", "--cursor", String(first.cursor)],
  );
  expect(second.sessions.map(({ anonymousId }) => anonymousId)).toEqual([
    "idle",
  ]);
  const active = await terminal.json<ListJson>(
    ...["list", "--state", "active", "--limit", "2"],
  );
  expect(active).toMatchObject({
    sessions: [{ anonymousId: "busy" }],
    cursor: null,
  });
});

test("list prints people a table without lines or colours", async () => {
  const { terminal } = await setUpThreeVisitors();
  const { stdout } = await terminal.run("list");
  const withoutIds = stdout.replaceAll(/\w+sessions/g, (id) =>
    "ID".padEnd(id.length),
  );
  expect(withoutIds).toMatchInlineSnapshot(`
    "SESSION                           ANONYMOUS ID  STATE    CREATED                  LAST ACTIVE              VISITS  ACTIONS
    ID                                busy          active   2026-08-15 11:59:00 UTC  2026-08-15 11:59:00 UTC  1       2
    ID                                left          ended    2026-08-15 11:29:00 UTC  2026-08-15 11:29:00 UTC  1       0
    ID                                idle          expired  2026-08-15 11:29:00 UTC  2026-08-15 11:29:00 UTC  1       1
    "
  `);
});

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
  const { terminal } = await setUpFourVisitors();
  const { sessions } = await terminal.json<ListJson>("list", ...args);
  expect(sessions.map(({ anonymousId }) => anonymousId)).toEqual(expected);
});

test("list goes on at its cursor in the same order, with a line for each session with --jsonl", async () => {
  const { terminal } = await setUpFourVisitors();
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
  const { terminal } = await setUpFourVisitors();
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
