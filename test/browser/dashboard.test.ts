/** `sessions-ops dashboard`: the command as a process, its page in a browser. */
import { connect } from "node:net";
import { once } from "node:events";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { seedSessions } from "../../scripts/seedSessions.js";
import { RealCli } from "../cli/support/realCli.js";
import { INSECURE_HOST } from "./support/chromium.js";
import { card, cutTables, findings, tile } from "./support/dashboardPage.js";
import { linkIn, Operator } from "./support/operator.js";
import { takeScreenshots } from "./support/screenshots.js";
import { DAY_MS, MINUTE_MS } from "../../convex/sessionTracker/shared/times.js";

const cli = new RealCli();
const SESSIONS = 700;
let operator: Operator;

beforeAll(async () => {
  operator = await Operator.start(cli);
  const rows = [
    ...seedSessions({
      sessions: SESSIONS,
      days: 13,
      now: Date.now() - 60 * MINUTE_MS,
      actionsPerSession: 2,
    }),
  ];
  // A call takes 400 rows.
  for (const some of [rows.slice(0, 400), rows.slice(400)]) {
    await operator.component.mutation("operator/import:batch", { rows: some });
  }
});

afterAll(() => operator.stop());

test("the link lets one browser in; a second use of it lets nobody in, and a new one is printed", async () => {
  const { running, link } = await operator.dashboard();
  const page = await operator.browse();
  const wrong = new URL(link);
  wrong.searchParams.set("token", "wrong");
  expect((await page.goto(wrong.href))?.status()).toBe(403);
  expect((await page.goto(link.origin))?.status()).toBe(403);

  await page.goto(link.href);
  await tile(page, "All sessions").getByText(`${SESSIONS}`).waitFor();
  expect(page.url()).toBe(link.origin + link.pathname);
  expect((await page.reload())?.status()).toBe(200);

  const thief = await operator.browse();
  expect((await thief.goto(page.url()))?.status()).toBe(403);
  expect((await thief.goto(link.href))?.status()).toBe(403);
  expect((await page.reload())?.status()).toBe(403);
  const said = await running.said(/A new one: http/);
  const another = linkIn(said);
  expect(another.href).not.toBe(link.href);
  await page.goto(another.href);
  await tile(page, "All sessions").getByText(`${SESSIONS}`).waitFor();
  running.child.kill("SIGINT");
  expect((await running.finished).exitCode).toBe(0);
});

test("the page is reached only from this machine, and only by its own name", async () => {
  const { running, link } = await operator.dashboard();
  // A server that is bound to all addresses would answer at this one too.
  const elsewhere = connect(Number(link.port), "127.0.0.2");
  await expect(once(elsewhere, "connect")).rejects.toThrow("ECONNREFUSED");
  elsewhere.destroy();
  const page = await operator.browse();
  const rebound = new URL(link);
  rebound.hostname = INSECURE_HOST;
  expect((await page.goto(rebound.href))?.status()).toBe(403);
  // A browser on its way to the page also asks for an icon, and is not refused.
  expect((await fetch(new URL("/favicon.ico", link))).status).toBe(204);
  // The right host still gets in: the token was not used up.
  await page.goto(link.href);
  await tile(page, "All sessions").waitFor();
  running.child.kill("SIGINT");
  await running.finished;
});

test("changes are shown as they happen, and the admin key is in nothing that is sent", async () => {
  const { running, link } = await operator.dashboard();
  const page = await operator.browse();
  const received = await listen(page);
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() !== "error") return;
    complaints.push(`${message.text()} ${message.location().url}`);
  });
  await page.goto(link.href);
  await tile(page, "All sessions").getByText(`${SESSIONS}`).waitFor();
  await page.getByText("live", { exact: true }).waitFor();
  for (const title of ["Created by day", "Age of sessions"]) {
    const bars = card(page, title).locator(".recharts-bar-rectangle path");
    await bars.first().waitFor();
    await bars.nth(2).waitFor({ state: "attached" });
  }
  await card(page, "Purged by day").getByText("No sessions purged").waitFor();
  await card(page, "Runs").getByText("No run yet").waitFor();
  await card(page, "Settings log").getByText("Nobody has changed").waitFor();
  await card(page, "Active sessions")
    .locator(".recharts-reference-dot circle")
    .waitFor();
  const empty = await takeScreenshots(page, "dashboard-quiet");

  await operator.visit("visitor-of-now");
  await tile(page, "Active").getByText("1").waitFor();
  await card(page, "Active sessions").locator(".recharts-area").waitFor();

  const { component } = operator;
  await component.mutation("settings/settings:change", {
    patch: { retentionDays: 7 },
    actor: "night shift",
    reason:
      "the disk is nearly full, and whoever is told the reason wants it in full",
  });
  const entry = card(page, "Settings log").locator("tbody tr");
  await entry.getByText("retentionDays: 14 days → 7 days").waitFor();
  await entry.getByText("night shift").waitFor();

  const slow = await component.mutation("runs/control:start", {
    kind: "purge",
    cutoff: Date.now() - 7 * DAY_MS,
    actor: "night shift",
    trigger: "operator",
    ratePerSecond: 5,
  });
  const progress = card(page, "Running: purge");
  await progress.locator("progress[value]").waitFor();
  await progress.getByText(/of \d+ sessions/).waitFor();
  await card(page, "Runs").getByText(slow.runId).waitFor();
  const busy = await takeScreenshots(page, "dashboard-busy");
  await component.mutation("runs/control:cancel", {
    runId: slow.runId,
    actor: "night shift",
  });
  await card(page, "Runs").getByText("canceled").waitFor();
  await progress.waitFor({ state: "detached" });

  // The app's hook does not exist: each session is set aside, and the run gives up.
  await component.mutation("settings/settings:setHooks", {
    onPurged: "function://;gone:onPurged",
  });
  await component.mutation("runs/control:start", {
    kind: "purge",
    cutoff: Date.now() - 7 * DAY_MS,
    actor: "night shift",
    trigger: "operator",
  });
  await card(page, "Runs").getByText("failed").waitFor();
  const errors = card(page, "Errors of runs").locator("tbody tr");
  await errors.first().waitFor();
  expect(await errors.first().textContent()).toContain("onPurged");
  // One row is for the equal errors of all that were set aside, and one for the run that was canceled.
  await errors
    .first()
    .getByText(/^\d\d sessions$/)
    .waitFor();
  expect(await errors.count()).toBe(2);
  const stack = errors.first().locator("pre");
  expect(await stack.isVisible()).toBe(false);
  const line = errors.first().locator("summary", { hasText: "onPurged" });
  await line.click();
  await stack.waitFor();
  await line.click();
  const warning = page.locator(".notice").getByText("The last purge run");
  await warning.waitFor();
  expect(await warning.textContent()).not.toContain("_modules");
  const failed = await takeScreenshots(page, "dashboard-failed");
  expect([...empty, ...busy, ...failed]).toEqual([]);
  for (const width of [1920, 1280, 390]) {
    await page.setViewportSize({ width, height: 800 });
    expect(await page.evaluate(cutTables)).toEqual([]);
    expect(await findings(page)).toEqual([]);
  }

  expect(complaints).toEqual([]);
  const all = received.join("\n");
  // The collected texts are those that the page got.
  expect(all).toContain(operator.deployment.url);
  expect(all).toContain("night shift");
  expect(all).not.toContain(operator.deployment.adminKey);
  expect(all).not.toContain(operator.deployment.adminKey.split("|").at(-1));

  running.child.kill("SIGINT");
  await page.getByText("does not answer").waitFor();
  await page.getByText("not live").waitFor();
});

test("a bar counted to its limit says so, and tables show the newest first", async () => {
  const { component } = operator;
  const lastActive = Date.now() - 5 * DAY_MS;
  for (let first = 0; first < 4_200; first += 350) {
    await component.mutation("operator/import:batch", {
      rows: Array.from({ length: 350 }, (_, index) => ({
        anonymousId: `many-${first + index}`,
        createdAt: lastActive,
        lastActive,
      })),
    });
  }
  for (let days = 20; days < 32; days += 1) {
    await component.mutation("settings/settings:change", {
      patch: { retentionDays: days },
      actor: "cli:somebody-with-a-long-name@a-machine-with-one-too",
    });
  }
  for (let run = 0; run < 10; run += 1) {
    const { runId } = await component.mutation("runs/control:start", {
      ...{ kind: "purge", cutoff: 0, trigger: "operator" },
      actor: "cli:somebody-with-a-long-name@a-machine-with-one-too",
      maxSessions: 1,
    });
    await component.mutation("runs/control:cancel", { runId, actor: "test" });
  }
  const { running, link } = await operator.dashboard();
  const page = await operator.browse();
  await page.goto(link.href);
  const log = card(page, "Settings log");
  await log.getByRole("button", { name: /^Show all \d\d$/ }).waitFor();
  expect(await log.locator("tbody tr").count()).toBe(8);
  const marks = card(page, "Age of sessions").getByText("4K+");
  await marks.waitFor();
  await takeScreenshots(page, "dashboard-full");
  for (const width of [1920, 1280, 390]) {
    await page.setViewportSize({ width, height: 800 });
    await page.setViewportSize({ width, height: 800 });
    const mark = await marks.boundingBox();
    const chart = await card(page, "Age of sessions")
      .locator("svg.recharts-surface")
      .first()
      .boundingBox();
    expect(mark?.y).toBeGreaterThanOrEqual(chart?.y ?? Infinity);
    expect(await page.evaluate(cutTables)).toEqual([]);
    expect(await findings(page)).toEqual([]);
  }
  await log.getByRole("button", { name: /^Show all/ }).click();
  expect(await log.locator("tbody tr").count()).toBeGreaterThan(11);
  await log.getByRole("button", { name: "Show the first 8" }).click();
  expect(await log.locator("tbody tr").count()).toBe(8);
  running.child.kill("SIGINT");
  await running.finished;
});

// ── Helpers ─────────────────────────────────────────────────────────────────

/** Collects everything that the page gets from now on: addresses, headers, bodies, events. */
async function listen(page: Page): Promise<string[]> {
  const received: string[] = [];
  page.on("response", (response) => {
    received.push(response.url(), JSON.stringify(response.headers()));
    // A stream has no end to wait for; its events are collected below.
    if (response.url().endsWith("/events")) return;
    void response.text().then((body) => received.push(body));
  });
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  session.on("Network.eventSourceMessageReceived", ({ data }) => {
    received.push(`event: ${data}`);
  });
  return received;
}

test("what the bounds on strangers refuse is said as it happens", async () => {
  const { running, link } = await operator.dashboard();
  const page = await operator.browse();
  await page.goto(link.href);
  await card(page, "Refused by bounds").getByText("nobody").waitFor();
  const { component } = operator;
  await component.mutation("settings/settings:change", {
    patch: { maxNewSessionsPerMinute: 1 },
    actor: "night shift",
  });
  for (const anonymousId of ["stranger-1", "stranger-2"]) {
    await component.mutation("visitors/heartbeat:beat", { anonymousId });
  }
  await card(page, "Refused by bounds")
    .getByText("the last just now")
    .waitFor();
  await page.getByText("Strangers are being refused").waitFor();
  running.child.kill("SIGINT");
  expect((await running.finished).exitCode).toBe(0);
});
