import { expect, test, vi } from "vitest";
import type { ShowJson } from "../../../cli/json/session.js";
import { api } from "../../../convex/sessionTracker/_generated/api.js";
import { MINUTE_MS } from "../../../convex/sessionTracker/shared/times.js";
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

test("show has the visits with their times, the one under way first, in pages", async () => {
  const { terminal, component } = await setUpThreeVisitors();
  const beat = (visit: object) =>
    component.mutation(api.visitors.heartbeat.beat, {
      ...{ anonymousId: "left", visit },
    });
  await beat({ path: "/news", referrer: "news.example.com" });
  vi.setSystemTime(Date.now() + 2 * MINUTE_MS);
  await beat({ engagedMs: 90_000, path: "/prices", isLeaving: true });
  const shown = await terminal.json<ShowJson>("show", "left");
  expect(shown).toMatchObject({ engagedMs: 90_000, source: "direct" });
  expect(shown.visitsCursor).toBeNull();
  expect(shown.visitList).toEqual([
    {
      startedAt: "2026-08-15T12:00:00.000Z",
      endedAt: null,
      ...{ engagedMs: 90_000, actions: 0, source: "news.example.com" },
      entry: { path: "/news", referrer: "news.example.com" },
      ...{ exitPath: "/prices", why: null },
    },
    {
      startedAt: "2026-08-15T11:29:00.000Z",
      endedAt: "2026-08-15T11:29:00.000Z",
      ...{ engagedMs: 0, actions: 0, source: "direct", why: "ended" },
    },
  ]);

  const { stdout, stderr } = await terminal.run(
    "show",
    "left",
    "--visits",
    "1",
  );
  const [, visits = ""] = stdout.split("\n\n");
  expect(visits).toMatchInlineSnapshot(`
    "STARTED                  ENDED      WHY  ENGAGED  ACTIONS  FROM              ENTRY  EXIT
    2026-08-15 12:00:00 UTC  under way  -    1m 30s   0        news.example.com  /news  /prices"
  `);
  const [, cursor = ""] = /--visits-cursor (\S+)/.exec(stderr) ?? [];
  expect(stderr).toMatch(
    /^Earlier visits: sessions-ops show \w+ --session-id --limit 50 --visits 1 --visits-cursor \S+\n$/,
  );
  const earlier = await terminal.json<ShowJson>(
    ...["show", "left", "--visits-cursor", cursor],
  );
  expect(earlier.visitList).toEqual(shown.visitList.slice(1));
});

test("show names earlier actions by a command that keeps the other page and both limits", async () => {
  const { terminal } = await setUpThreeVisitors();
  const flags = ["show", "busy", "--limit", "1", "--visits", "7"];
  const { stderr } = await terminal.run(...flags);
  expect(stderr).toMatch(
    /^Earlier: sessions-ops show \w+ --session-id --limit 1 --cursor \S+ --visits 7\n$/,
  );
  const { stderr: lines } = await terminal.run(...flags, "--jsonl");
  expect(lines).toMatch(/ --limit 1 --cursor \S+ --jsonl\n$/);
  const [, command = ""] = /sessions-ops (.*)\n/.exec(stderr) ?? [];
  const earlier = await terminal.json<ShowJson>(...command.split(" "));
  expect(earlier.timeline).toMatchObject([{ action: "open" }]);
});

test("show says whose each visit was, where users have shared the browser", async () => {
  const { terminal, component } = await setUpThreeVisitors();
  const left = { anonymousId: "left" };
  for (const userId of ["ada", "grace"]) {
    await component.mutation(api.visitors.heartbeat.beat, left);
    await component.mutation(api.visitors.link.user, { ...left, userId });
    vi.setSystemTime(Date.now() + MINUTE_MS);
    await component.mutation(api.visitors.end.visit, left);
  }
  const { stdout } = await terminal.run("show", "left");
  expect(stdout).toContain("User          grace");
  const [, visits = ""] = stdout.split("\n\n");
  expect(
    visits.split("\n").map((line) => line.trim().split(/\s+/).at(-1)),
  ).toEqual(["USER", "grace", "ada", "-"]);
  const shown = await terminal.json<ShowJson>("show", "left");
  const users = shown.visitList.map(({ userId }) => userId);
  expect(users).toEqual(["grace", "ada", undefined]);
});
