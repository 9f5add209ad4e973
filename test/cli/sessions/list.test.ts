/** `list`: its filters, its pages, its table. */
import { expect, test, vi } from "vitest";
import type { Fetch } from "../../../cli/deployment/http.js";
import type { ListJson } from "../../../cli/json/session.js";
import { api } from "../../../convex/sessionTracker/_generated/api.js";
import {
  DAY_MS,
  MINUTE_MS,
} from "../../../convex/sessionTracker/shared/times.js";
import { seedExpired, visitors } from "../../convex/support/runKit.js";
import { NOW, setUpDeployment } from "../support/deployment.js";
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
      engagedMs: 0,
      source: "direct",
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

test.each([
  [
    ["--source", "news.example.com"],
    ["back", "late"],
  ],
  [["--source", "direct"], ["unknown"]],
  [["--source", "example.com"], []],
  [
    ["--min-engaged", "2m"],
    ["back", "here"],
  ],
  [["--min-engaged", "121s"], ["here"]],
  [["--source", "news.example.com", "--min-engaged", "90s"], ["back"]],
  [["--state", "active", "--min-engaged", "1s"], ["here"]],
])("list %j finds %j, and says what it looked at", async (args, expected) => {
  const { terminal } = await setUpSources();
  const { sessions, scanned } = await terminal.json<ListJson>("list", ...args);
  expect(sessions.map(({ anonymousId }) => anonymousId).sort()).toEqual(
    expected,
  );
  expect(scanned).toBe(args.includes("active") ? 1 : 4);
});

test("list shows what it filtered by, and says that no index serves that", async () => {
  const { terminal } = await setUpSources();
  const both = ["--source", "news.example.com", "--min-engaged", "2m"];
  const { stdout, stderr } = await terminal.run("list", ...both);
  expect(stdout).toMatch(/ACTIONS {2}ENGAGED {2}SOURCE\n/);
  expect(stdout).toMatch(/ 2m +news.example.com\n/);
  expect(stderr).toContain(
    "Looked at 4 sessions: no index serves --source or --min-engaged.",
  );
  const { stderr: silent } = await terminal.run("list");
  expect(silent).not.toContain("Looked at");
});

test("list goes on over pages in which the filter finds nothing, up to the asked number", async () => {
  const { terminal, component, calls } = setUpDeployment();
  await seedExpired(component, visitors(2_500, NOW - DAY_MS));
  await component.mutation(api.visitors.heartbeat.beat, {
    ...{ anonymousId: "here", visit: { utmSource: "letter" } },
  });
  const args = ["list", "--source", "letter", "--limit", "2", "--order", "asc"];
  const found = await terminal.json<ListJson>(...args);
  expect(found).toMatchObject({
    sessions: [{ anonymousId: "here" }],
    ...{ cursor: null, scanned: 2_501 },
  });
  const pages = calls.filter((call) => call === "operator/search:page");
  expect(pages).toHaveLength(3);
});

test("list --user finds all sessions of a user, however many, in either order", async () => {
  const { terminal, component } = setUpDeployment();
  await seedExpired(component, visitors(2_500, NOW - DAY_MS));
  await component.run(async (ctx) => {
    for (const { _id } of await ctx.db.query("sessions").collect()) {
      await ctx.db.patch("sessions", _id, { userId: "shop" });
    }
  });
  for (const sort of ["created", "active"]) {
    const { sessions, cursor } = await terminal.json<ListJson>(
      ...["list", "--user", "shop", "--sort", sort, "--limit", "9999"],
    );
    const ids = new Set(sessions.map(({ sessionId }) => sessionId));
    expect({ found: ids.size, cursor }).toEqual({ found: 2_500, cursor: null });
  }
  const { stderr } = await terminal.run("list", "--user", "shop");
  expect(stderr).toMatch(/^More: the same command with --cursor \S+\n$/);
});

test("list shows on a terminal how far a search without an index is, and prints lines as it finds them", async () => {
  const { terminal, component, calls } = setUpDeployment();
  await seedExpired(component, visitors(2_500, NOW - DAY_MS));
  const search = ["list", "--source", "direct", "--limit", "2200"];
  terminal.isTTY = true;
  const { stderr } = await terminal.run(...search);
  expect(stderr).toMatch(/2,?200\/2,?500 looked at/);
  expect(stderr).toContain("Looked at 2,200 sessions: no index");
  const online = terminal.overrides.fetch;
  calls.length = 0;
  Object.assign(terminal.overrides, {
    fetch: (...request: Parameters<Fetch>) =>
      calls.filter((call) => call === "operator/search:page").length === 2
        ? Promise.reject(new Error("lost"))
        : online?.(...request),
  });
  const lines = await terminal.run(...search, "--jsonl");
  expect(lines.exitCode).not.toBe(0);
  expect(lines.stdout.trim().split("\n")).toHaveLength(2_000);
});

test.each([
  ["engaged", /No index serves that.*--min-engaged 5m.*--jsonl/],
  ["source", /No index serves that.*--source news.example.com.*stats/],
  ["visits", /Allowed choices are created, active/],
])("list --sort %s is a usage error that says why", async (by, why) => {
  const { terminal } = await setUpThreeVisitors();
  const { exitCode, stderr } = await terminal.run("list", "--sort", by);
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(why);
});

test("list --min-engaged refuses what is no duration", async () => {
  const { terminal } = await setUpThreeVisitors();
  const args = ["list", "--min-engaged", "long"];
  const { exitCode, stderr } = await terminal.run(...args);
  expect(exitCode).toBe(2);
  expect(stderr).toContain('--min-engaged "long" is no duration');
});

// ── Helpers ─────────────────────────────────────────────────────────────────

/** Two who came from one site, one of whom came back; one whose source nobody knows; and one from a letter. */
async function setUpSources() {
  const deployment = setUpDeployment();
  const { component } = deployment;
  const beat = (anonymousId: string, visit = {}) =>
    component.mutation(api.visitors.heartbeat.beat, { anonymousId, visit });
  const visit = async (anonymousId: string, entry: object, engagedMs = 0) => {
    await beat(anonymousId, entry);
    vi.setSystemTime(Date.now() + 5 * MINUTE_MS);
    await beat(anonymousId, { engagedMs, isLeaving: true });
  };
  const end = (anonymousId: string) =>
    component.mutation(api.visitors.end.visit, { anonymousId });
  const news = { referrer: "news.example.com" };
  vi.setSystemTime(NOW - 25 * MINUTE_MS);
  await visit("back", news, MINUTE_MS);
  await end("back");
  // The first visit tells the session's source; all of them its time.
  await visit("back", { utmSource: "letter" }, MINUTE_MS);
  await end("back");
  await visit("late", news);
  await end("late");
  await visit("unknown", {});
  await end("unknown");
  await visit("here", { utmSource: "letter" }, 4 * MINUTE_MS);
  vi.setSystemTime(NOW);
  return deployment;
}
