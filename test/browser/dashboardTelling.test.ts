/** What the dashboard shows of fires, webhooks with their deliveries, hooks and bounds; and that it is read without sight. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { RealCli } from "../cli/support/realCli.js";
import { card, cutTables, findings } from "./support/dashboardPage.js";
import { Operator } from "./support/operator.js";
import { takeScreenshots } from "./support/screenshots.js";

const cli = new RealCli();
let operator: Operator;
let page: Page;
let received = "";

/** Two endpoints: one that answers well, and one that is out of order. */
const endpoints = createServer((request, response) => {
  const isBroken = request.url?.startsWith("/broken") ?? false;
  response.writeHead(isBroken ? 500 : 200).end(isBroken ? "out of order" : "");
});

beforeAll(async () => {
  await new Promise<void>((resolve) =>
    endpoints.listen(0, "127.0.0.1", resolve),
  );
  operator = await Operator.start(cli);
  await loseTries();
  const { link } = await operator.dashboard();
  page = await operator.browse();
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  session.on("Network.eventSourceMessageReceived", ({ data }) => {
    received += `${data}\n`;
  });
  await page.goto(link.href);
  await page.getByText("live", { exact: true }).waitFor();
});

afterAll(async () => {
  endpoints.close();
  await operator.stop();
});

test("a deployment in which nothing has happened says so", async () => {
  await card(page, "Fires of schedules").getByText("No schedule has").waitFor();
  await card(page, "Webhooks").getByText("None: nobody is told").waitFor();
  await card(page, "Hooks of the app").getByText("set no hooks").waitFor();
  await card(page, "Refused by bounds").getByText("nobody").waitFor();
  expect(await card(page, "Deliveries").count()).toBe(0);
  expect(await takeScreenshots(page, "dashboard-nothing")).toEqual([]);
  await expectReadable();
});

test("deliveries are shown with their answers as they come, and no address in full", async () => {
  const { component } = operator;
  const { port } = endpoints.address() as AddressInfo;
  for (const path of ["good/a-secret-of-the-address", "broken/another-one"]) {
    await component.mutation("alerts/webhooks:add", {
      url: `http://127.0.0.1:${port}/${path}`,
      format: "standard",
      events: "all",
      actor: "night shift",
    });
  }
  const webhooks = card(page, "Webhooks").locator("tbody tr");
  await webhooks.nth(1).getByText("all events").waitFor();
  expect(await webhooks.first().textContent()).toContain("none yet");
  await component.mutation("settings/settings:change", {
    patch: { retentionDays: 30 },
    actor: "night shift",
  });
  const deliveries = card(page, "Deliveries").locator("tbody tr");
  const good = deliveries.filter({ hasText: "/good" });
  await good.getByText("delivered", { exact: true }).waitFor();
  await good.getByText(/^200 in \d+ ms$/).waitFor();
  const bad = deliveries.filter({ hasText: "/broken" });
  await bad.getByText(/^500 in \d+ ms: "out of order"$/).waitFor();
  await bad.getByText("pending", { exact: true }).waitFor();
  await webhooks.nth(1).getByText("failing since").waitFor();
  expect(received).toContain("settings.changed");
  expect(received).not.toMatch(/a-secret-of-the-address|another-one|whsec_/);
});

test("fires are shown with what came of them, also those that did nothing, and with what is due next", async () => {
  const { component } = operator;
  const soon = new Date(Date.now() + 5_000);
  await component.mutation("schedules/change:set", {
    name: "purge",
    spec: `${soon.getUTCSeconds()} * * * * *`,
    timeZone: "UTC",
    pauseOnFailure: 3,
    actor: "night shift",
  });
  const schedule = card(page, "Schedules")
    .locator("tbody tr")
    .filter({ hasText: "purge" });
  await schedule.getByText("pauses after 3 failures").waitFor();
  const fires = card(page, "Fires of schedules").locator("tbody tr");
  await fires.first().getByText("nothing due").first().waitFor();
  expect(await fires.first().locator("td").allTextContents()).toEqual([
    expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d$/),
    "purge",
    "1",
    "nothing due",
    "-",
  ]);
});

test("a hook that fails is shown with its error, and what bounds refuse with the bound", async () => {
  const { component } = operator;
  await component.mutation("settings/settings:setHooks", {
    onExpired: "function://;gone:onExpired",
  });
  await component.mutation("settings/settings:change", {
    patch: { maxNewSessionsPerMinute: 1 },
    actor: "night shift",
  });
  for (const anonymousId of ["stranger-1", "stranger-2"]) {
    await component.mutation("visitors/heartbeat:beat", { anonymousId });
  }
  const bound = card(page, "Refused by bounds").locator("tbody tr").first();
  await bound.locator("td").nth(2).getByText("1").waitFor();
  expect(await bound.locator("td").allTextContents()).toEqual([
    "New visitors a minute",
    "1",
    "1",
  ]);
  expect(await takeScreenshots(page, "dashboard-telling")).toEqual([]);
  await expectReadable();
});

test("mutations that ran again are shown, with those that they lost to", async () => {
  const rows = card(page, "Conflicts").locator("tbody tr");
  const change = "sessionTracker/settings/settings:change";
  const cells = rows.filter({ hasText: "settings" }).first().locator("td");
  expect((await cells.allTextContents()).slice(0, 2)).toEqual([change, change]);
  expect(Number(await cells.nth(3).textContent())).toBeGreaterThan(0);
});

test("each part is reached by the keyboard, and what is reached is seen to be", async () => {
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.evaluate(() => (document.activeElement as HTMLElement).blur());
  const reached = new Set<string>();
  for (let isInside = true; isInside && reached.size < 100;) {
    await page.keyboard.press("Tab");
    const { name, outline, isBody } = await page.evaluate(() => {
      const at = document.activeElement ?? document.body;
      return {
        name: at.ariaLabel ?? at.textContent,
        outline: getComputedStyle(at).outlineStyle,
        isBody: at === document.body,
      };
    });
    isInside = !isBody && !(name === "Show" && reached.has(name));
    if (!isInside) break;
    reached.add(name);
    expect([name, outline]).not.toEqual([name, "none"]);
  }
  for (const name of ["Webhooks", "Deliveries", "Fires of schedules", "Show"]) {
    expect([...reached]).toContain(name);
  }
});

test("warnings are counted aloud, and read out by whoever goes there", async () => {
  const spoken = await page.getByRole("status").allTextContents();
  const warnings = await page.locator(".notice").count();
  expect(warnings).toBeGreaterThan(0);
  expect(spoken).toEqual([`${warnings} warning${warnings === 1 ? "" : "s"}`]);
});

test("it says that it is not live while the deployment is away", async () => {
  await operator.deployment.close();
  await page.getByText("not live", { exact: true }).waitFor();
  await page
    .getByRole("status")
    .getByText("The connection to the deployment is lost")
    .waitFor();
  await takeScreenshots(page, "dashboard-not-live");
  await expectReadable();
});

// ── Helpers ─────────────────────────────────────────────────────────────────

/** Changes settings many times at once, so that most of the changes have to run again. */
async function loseTries(): Promise<void> {
  const { component } = operator;
  const changes = Array.from({ length: 20 }, (_, i) =>
    component.mutation("settings/settings:change", {
      patch: { pageSize: 900 + i },
      actor: "night shift",
    }),
  );
  await Promise.all(changes);
}

/** Without findings of axe, in light and dark, on a desk and on a phone; and each table has a head. */
async function expectReadable(): Promise<void> {
  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: 800 });
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await findings(page)).toEqual([]);
    }
    expect(await page.evaluate(cutTables)).toEqual([]);
    expect(await page.evaluate(headless)).toEqual([]);
  }
}

/** Runs in the page: the tables with a column that has no head. */
function headless(): Array<string | null> {
  return [...document.querySelectorAll("table")]
    .filter((table) => {
      const heads = table.querySelectorAll("thead th[scope=col]");
      const cells = table.querySelectorAll("tbody tr:first-child > *");
      return heads.length === 0 || heads.length !== cells.length;
    })
    .map((table) => table.ariaLabel);
}
