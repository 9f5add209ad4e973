/** `stats`: its days, its sources, and how both look. */
import stringWidth from "string-width";
import { expect, test, vi } from "vitest";
import type { DayJson, StatsJson } from "../../../cli/json/stats.js";
import { api } from "../../../convex/sessionTracker/_generated/api.js";
import {
  DAY_MS,
  HOUR_MS,
  MINUTE_MS,
} from "../../../convex/sessionTracker/shared/times.js";
import { NOW, setUpDeployment } from "../support/deployment.js";

test("stats has every day of the range, with zeros where nobody came, and the sources", async () => {
  const { terminal } = await setUpVisits();
  const stats = await terminal.json<StatsJson>("stats", "--days", "3");
  const nothing = {
    ...{ newVisitors: 0, visits: 0, bounces: 0, bounceRate: null },
    ...{ engagedMs: 0, engagedMsPerVisit: null, actions: 0 },
  };
  expect(stats).toEqual({
    from: "2026-08-13",
    to: "2026-08-15",
    days: [
      {
        ...{ day: "2026-08-13", isOver: true },
        ...{ newVisitors: 2, visits: 2, bounces: 1, bounceRate: 0.5 },
        ...{ engagedMs: 90_000, engagedMsPerVisit: 45_000, actions: 0 },
      },
      { day: "2026-08-14", isOver: true, ...nothing },
      {
        ...{ day: "2026-08-15", isOver: false },
        ...{ newVisitors: 0, visits: 1, bounces: 0, bounceRate: 0 },
        ...{ engagedMs: 0, engagedMsPerVisit: 0, actions: 1 },
      },
    ],
    total: {
      ...{ newVisitors: 2, visits: 3, bounces: 1, bounceRate: 1 / 3 },
      ...{ engagedMs: 90_000, engagedMsPerVisit: 30_000, actions: 1 },
    },
    sources: [
      {
        ...{ source: "news.example.com", visits: 2, bounces: 0 },
        ...{ bounceRate: 0, engagedMs: 90_000, engagedMsPerVisit: 45_000 },
        underWay: 0,
      },
      {
        ...{ source: "direct", visits: 1, bounces: 1, bounceRate: 1 },
        ...{ engagedMs: 0, engagedMsPerVisit: 0, underWay: 0 },
      },
      {
        ...{ source: "letter", visits: 0, bounces: 0, bounceRate: null },
        ...{ engagedMs: 0, engagedMsPerVisit: null, underWay: 1 },
      },
    ],
    sourcesOnlyAfter: null,
  });
});

test("stats prints people two tables that fit 80 columns, without colours", async () => {
  const { terminal } = await setUpVisits();
  terminal.isTTY = true;
  terminal.columns = 80;
  const { stdout } = await terminal.run("stats", "--days", "3");
  expect(stdout).toMatchInlineSnapshot(`
    "DAY                NEW  VISITS  BOUNCED  PER VISIT  ENGAGED  ACTIONS
    2026-08-13         2    2       50%      45s        1m 30s   0
    2026-08-14         0    0       -        -          0s       0
    2026-08-15 so far  0    1       0%       0s         0s       1
    3 days             2    3       33%      30s        1m 30s   1

    SOURCE            VISITS  BOUNCED  PER VISIT  ENGAGED  UNDER WAY
    news.example.com  2       0%       45s        1m 30s   0
    direct            1       100%     0s         0s       0
    letter            0       -        -          0s       1

    Days count visits that have ended, and stay. Sources are of the visits still
    there: those purged or forgotten are not among them.
    "
  `);
  expect(stdout.split("\n").every((line) => line.length <= 80)).toBe(true);
  expect(stdout).not.toContain("\u001b");
});

test("stats --jsonl prints a line a day, and asks for no sources", async () => {
  const { terminal, calls } = await setUpVisits();
  const { stdout } = await terminal.run("stats", "--jsonl");
  const days = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as DayJson);
  expect(days).toHaveLength(30);
  expect(days[0]).toMatchObject({ day: "2026-07-17", visits: 0 });
  expect(days.at(-1)).toMatchObject({ day: "2026-08-15", isOver: false });
  expect(calls).not.toContain("operator/stats:sources");
});

test("stats reads ten years in four calls, and more is a usage error", async () => {
  const { terminal, calls } = await setUpVisits();
  calls.length = 0;
  const stats = await terminal.json<StatsJson>("stats", "--days", "3660");
  expect(stats.days).toHaveLength(3_660);
  expect(stats.total).toMatchObject({ visits: 3 });
  expect(calls.filter((call) => call === "operator/stats:days")).toHaveLength(
    4,
  );
  const refused = await terminal.run("stats", "--days", "3661");
  expect(refused).toMatchObject({ exitCode: 2, stdout: "" });
});

test("figures stay when the visitors are forgotten, and sources say that they do not", async () => {
  const { terminal, component } = await setUpVisits();
  for (const anonymousId of ["reader", "bounced", "here"]) {
    await component.mutation(api.visitors.forget.visitor, { anonymousId });
  }
  const { stdout } = await terminal.run("stats", "--days", "3");
  expect(stdout).toMatch(/^3 days +3 +4 /m);
  expect(stdout).toContain("No visit of these days is still there");
});

test("stats shows fifteen sources, shortens long ones, and says how many more there are", async () => {
  const { terminal, component } = setUpDeployment();
  for (let n = 0; n < 17; n += 1) {
    await component.mutation(api.visitors.heartbeat.beat, {
      anonymousId: `v${n}`,
      visit: { utmSource: `${"x".repeat(40)}${n}` },
    });
  }
  const { stdout } = await terminal.run("stats", "--days", "1");
  expect(stdout.match(/x…/g)).toHaveLength(15);
  expect(stdout).toContain("And 2 more sources: `--json` has all.");
});

test.each(["0", "-3", "2.5", "3661", "٣", "", "week"])(
  "stats --days %j is a usage error",
  async (days) => {
    const { terminal } = setUpDeployment();
    const { exitCode, stderr } = await terminal.run("stats", "--days", days);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("It must be a whole number from 1 to 3660.");
  },
);

test("stats keeps a stranger's sources from its columns, from hiding, and from the terminal", async () => {
  const { terminal, component } = setUpDeployment();
  const sources = [
    "\u001b]0;owned\u0007\u001b[2J\u202e",
    "広告".repeat(30),
    "👩‍👩‍👧‍👦".repeat(11),
    `e${"\u0301".repeat(120)}`,
    "news\u200b.example\u00ad.com\u{e0041}",
  ];
  for (const [index, utmSource] of sources.entries()) {
    const anonymousId = `stranger-${index}`;
    await component.mutation(api.visitors.heartbeat.beat, {
      ...{ anonymousId, visit: { utmSource } },
    });
  }
  terminal.isTTY = true;
  terminal.columns = 80;
  const { stdout } = await terminal.run("stats", "--days", "1");
  expect(stdout).toContain("SOURCE ");
  expect(stdout.split("\n").every((line) => stringWidth(line) <= 80)).toBe(
    true,
  );
  expect(stdout).toContain("\ufffd]0;owned\ufffd\ufffd[2J\ufffd ");
  expect(stdout).toContain(`${"広告".repeat(7)}… `);
  expect(stdout).toContain(`${"👩‍👩‍👧‍👦".repeat(11)} `);
  expect(stdout).toContain("news\ufffd.example\ufffd.com\ufffd ");
  terminal.columns = 40;
  const narrow = await terminal.run("stats", "--days", "1");
  expect(narrow.stdout.split("\n").map((line) => stringWidth(line))).toSatisfy(
    (widths: number[]) => Math.max(...widths) <= 42,
  );
});

// ── Helpers ─────────────────────────────────────────────────────────────────

/** One who read and one who bounced two days ago, and one who came back today, and one who is here. */
async function setUpVisits() {
  const deployment = setUpDeployment();
  const { component } = deployment;
  const beat = (anonymousId: string, visit = {}) =>
    component.mutation(api.visitors.heartbeat.beat, { anonymousId, visit });
  const end = (anonymousId: string) =>
    component.mutation(api.visitors.end.visit, { anonymousId });
  const news = { referrer: "news.example.com", path: "/" };
  vi.setSystemTime(NOW - 2 * DAY_MS);
  await beat("reader", news);
  await beat("bounced");
  vi.setSystemTime(NOW - 2 * DAY_MS + 5 * MINUTE_MS);
  await beat("reader", { engagedMs: 90_000, isLeaving: true });
  await end("reader");
  await end("bounced");
  vi.setSystemTime(NOW - HOUR_MS);
  await beat("reader", news);
  await component.mutation(api.visitors.action.record, {
    ...{ anonymousId: "reader", action: "buy" },
  });
  await end("reader");
  vi.setSystemTime(NOW);
  await beat("here", { utmSource: "letter" });
  return deployment;
}
