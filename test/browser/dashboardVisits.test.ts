/** What the dashboard shows of visits: by day, by entry source, and those of one session. */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Days } from "../../cli/dashboard/shapes.js";
import { RealCli } from "../cli/support/realCli.js";
import { card, cutTables, findings } from "./support/dashboardPage.js";
import { Operator } from "./support/operator.js";
import { takeScreenshots } from "./support/screenshots.js";
import { DAY_MS } from "../../convex/sessionTracker/shared/times.js";

const cli = new RealCli();
let operator: Operator;

beforeAll(async () => {
  operator = await Operator.start(cli);
});

afterAll(() => operator.stop());

test("a deployment without visits says so, and shows no figures", async () => {
  const { page, close } = await open();
  for (const title of CHARTS) {
    await card(page, title).getByText("No visits in these days.").waitFor();
  }
  await card(page, "Entry sources").getByText("No visit of these").waitFor();
  expect(await takeScreenshots(page, "dashboard-no-visits")).toEqual([]);
  await close();
});

test("the visits of a day are bars and rows of their sources", async () => {
  for (let n = 0; n < 5; n += 1) {
    const visitor = `visitor-${n}`;
    await operator.visit(visitor, {
      path: "/pricing",
      ...(n < 3 && { referrer: "news.example.com" }),
      ...(n === 4 && { utmSource: "a-newsletter-with-a-long-name-".repeat(4) }),
    });
    if (n > 0) await operator.leave(visitor, { engagedMs: 1 });
  }
  const { page, close } = await open();
  await card(page, "Visits by day").getByText("4 visits, 4 new").waitFor();
  const bars = card(page, "Visits by day").getByRole("img");
  expect(await bars.getAttribute("aria-label")).toMatch(
    /: 0 visits, 0 new; \w+ \d+, so far: 4 visits, 4 new$/,
  );
  await card(page, "Bounce rate by day").getByText("100%; under").waitFor();
  const sources = card(page, "Entry sources").locator("tbody tr");
  expect(await sources.first().locator("td").allTextContents()).toEqual([
    "news.example.com",
    "2",
    "0 s",
    "100%",
    "1",
  ]);
  expect(await takeScreenshots(page, "dashboard-one-day")).toEqual([]);
  await expectWellShown(page);
  await close();
});

test("a session is shown with its visits and their times, by either of its ids", async () => {
  const visitor = "regular-visitor";
  await operator.visit(visitor, {
    path: "/pricing",
    referrer: "news.example.com",
  });
  await operator.leave(visitor);
  await operator.visit(visitor, { path: "/again" });
  await operator.leave(visitor);
  await operator.visit(visitor, { path: `/${"a-long-way/".repeat(20)}` });
  const { page, close } = await open();
  const session = card(page, "A session");
  const ask = async (id: string): Promise<void> => {
    await session.getByLabel("sessionId or anonymousId").fill(id);
    await session.getByRole("button", { name: "Show" }).click();
  };
  await ask("nobody's");
  await session.getByText("There is no session of nobody's.").waitFor();
  await ask(visitor);
  const rows = session.locator("tbody tr");
  await rows.nth(2).waitFor();
  const cells = (n: number) => rows.nth(n).locator("td").allTextContents();
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d$/) as string;
  expect((await cells(0)).slice(0, 5)).toEqual([
    ...[time, "under way", "-", "0 s", "0"],
  ]);
  expect(await cells(1)).toEqual([
    ...[time, time, "ended", "0 s", "0", "direct", "/again", "/again"],
  ]);
  expect(await cells(2)).toEqual([
    ...[time, time, "ended", "0 s", "0"],
    ...["news.example.com", "/pricing", "/pricing"],
  ]);
  expect(await page.content()).not.toContain(visitor);
  expect(await takeScreenshots(page, "dashboard-session")).toEqual([]);
  await expectWellShown(page);
  const sessionId = await session.locator("dd code").textContent();
  await ask("somebody else");
  await ask(sessionId ?? "");
  await rows.nth(2).waitFor();
  await close();
});

test("a year of visits fits, by week", async () => {
  const { page, close } = await open(aYear());
  const month = card(page, "Visits by day").getByRole("img");
  await month.locator(".recharts-bar-rectangle").nth(28).waitFor();
  expect(await takeScreenshots(page, "dashboard-month")).toEqual([]);
  await page.getByLabel("52 weeks").check();
  for (const title of CHARTS) {
    const chart = card(page, title.replace("day", "week")).getByRole("img");
    await chart.locator(".recharts-bar-rectangle").nth(50).waitFor();
    const label = await chart.getAttribute("aria-label");
    expect(label?.split("; ")).toHaveLength(52);
  }
  expect(await takeScreenshots(page, "dashboard-year")).toEqual([]);
  await expectWellShown(page);
  await close();
});

// ── Helpers ─────────────────────────────────────────────────────────────────

const CHARTS = ["Visits by day", "Engaged time by day", "Bounce rate by day"];

/** Opens the page of a command. @param days in the place of what the deployment has */
async function open(days?: Days) {
  const { running, link } = await operator.dashboard();
  const page = await operator.browse();
  if (days !== undefined) await page.addInitScript(replaceDays, days);
  await page.goto(link.href);
  await card(page, "Entry sources").locator("table, p").first().waitFor();
  const close = async (): Promise<void> => {
    running.child.kill("SIGINT");
    await running.finished;
  };
  return { page, close };
}

/** Runs in the page: nobody can wait for a year of visits to close. */
function replaceDays(days: Days): void {
  const data = Object.getOwnPropertyDescriptor(MessageEvent.prototype, "data");
  Object.defineProperty(MessageEvent.prototype, "data", {
    get(this: MessageEvent): unknown {
      return this.type === "days"
        ? JSON.stringify(days)
        : data?.get?.call(this);
    },
  });
}

/** Figures that rise and fall by week and season, with a day of none now and then. */
function aYear(): Days {
  const today = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  const days = Array.from({ length: 364 }, (_, n) => {
    const at = today - n * DAY_MS;
    const season = 1 + 0.5 * Math.sin(n / 58) + (n % 7 < 5 ? 0.4 : 0);
    const visits = n % 31 === 9 ? 0 : Math.round(900 * season);
    return {
      day: new Date(at).toISOString().slice(0, 10),
      newVisitors: Math.round(visits / 3),
      visits,
      bounces: Math.round(visits * (0.3 + 0.2 * Math.cos(n / 20))),
      engagedMs: visits * 95_000,
      actions: visits * 2,
    };
  });
  return {
    today: new Date(today).toISOString().slice(0, 10),
    days: days.filter(({ visits }) => visits > 0),
  };
}

/** At each width nothing is cut, and nothing is hard to read or to reach. */
async function expectWellShown(page: Page): Promise<void> {
  for (const width of [1920, 1280, 390]) {
    await page.setViewportSize({ width, height: 800 });
    expect(await page.evaluate(cutTables)).toEqual([]);
    expect(await findings(page)).toEqual([]);
  }
}
