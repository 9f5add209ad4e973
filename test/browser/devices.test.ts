/** Users on their own devices: signed in, linked, and signed out from another one. */
import { expect, test } from "vitest";
import { App } from "./support/app.js";
import { takeScreenshots } from "./support/screenshots.js";
import type { Tab } from "./support/tab.js";
import { Visitor } from "./support/visitor.js";

const PATH = "/#/devices";
const MOMENT_MS = 1_000;

test("who signs in on a second device sees both, and signs out the first, which says so within a second", async () => {
  const app = await App.open();
  const [phone, desk] = [await Visitor.come(app), await Visitor.come(app)];
  const lost = await phone.open(PATH);
  const whoever = await takeScreenshots(lost.page, "devices-nobody");
  await signIn(lost, "Ada");
  await devices(lost, 1);
  const own = await desk.open(PATH);
  await signIn(own, "Ada");
  for (const tab of [lost, own]) await devices(tab, 2);
  expect(app.of("linkSession")).toHaveLength(2);
  const both = await takeScreenshots(own.page, "devices");

  await own.click("Sign out all others");
  const clickedAt = performance.now();
  await lost.page.getByText("signed out from another one").waitFor();
  expect(performance.now() - clickedAt).toBeLessThan(MOMENT_MS);
  await lost.page.getByText("Who are you?").waitFor();
  await own.card("Signed in on").getByText("signed out").waitFor();
  const revoked = await takeScreenshots(lost.page, "devices-revoked");
  expect([...whoever, ...both, ...revoked]).toEqual([]);
  const states = (await app.sessions()).map(({ state }) => state).sort();
  expect(states).toEqual(["active", "ended"]);

  await lost.click("Start anew");
  await signIn(lost, "Ada");
  // Who comes after another visitor in the same page is nobody's for two seconds.
  await phone.pass(3_000);
  await devices(own, 3);
  expect([...phone.complaints, ...desk.complaints]).toEqual([]);
});

test("a computer that two share is of whoever is signed in", async () => {
  const app = await App.open();
  const [shared, other] = [await Visitor.come(app), await Visitor.come(app)];
  const tab = await shared.open(PATH);
  await signIn(tab, "Ada");
  await devices(tab, 1);
  expect(await users(app)).toEqual(["ada"]);
  await tab.click("Sign out as Ada");
  await app.called("unlinkSession", 1);
  expect(await users(app)).toEqual([undefined]);

  await signIn(tab, "Bob");
  await devices(tab, 1);
  expect(await users(app)).toEqual(["bob"]);
  const hers = await other.open(PATH);
  await signIn(hers, "Ada");
  await devices(hers, 1);
  expect(app.of("linkSession")).toHaveLength(3);
  expect(app.of("unlinkSession")).toHaveLength(1);
  expect(shared.complaints).toEqual([]);
});

test("a link under way does not make the browser ask whether to leave, and what the app itself has under way does", async () => {
  const app = await App.open();
  const visitor = await Visitor.come(app);
  const hold = await holdingAnswers(visitor);
  const linking = hold("linkSession");
  const first = await visitor.open(PATH);
  await signIn(first, "Ada");
  await linking;
  expect(await first.close()).toEqual([]);

  void hold("");
  const second = await visitor.open(PATH);
  await signIn(second, "Bob");
  await devices(second, 1);
  const other = await Visitor.come(app);
  const elsewhere = await other.open(PATH);
  await signIn(elsewhere, "Bob");
  await devices(second, 2);
  const ending = hold("endOtherSessions");
  await second.click("Sign out all others");
  await ending;
  expect(await second.close()).toEqual(["beforeunload"]);
});

// ── Helpers ─────────────────────────────────────────────────────────────────

async function signIn(tab: Tab, name: string): Promise<void> {
  await tab.page.bringToFront();
  await tab.click(`Sign in as ${name}`);
  await tab.page.getByRole("button", { name: `Sign out as ${name}` }).waitFor();
}

/** Resolves when the page lists so many devices, this one among them. */
async function devices(tab: Tab, count: number): Promise<void> {
  const card = tab.card("Signed in on");
  const rows = card.locator("tbody tr");
  await card.getByText("this one", { exact: true }).waitFor();
  await expect.poll(() => rows.count(), { timeout: 10_000 }).toBe(count);
}

async function users(app: App): Promise<(string | undefined)[]> {
  return (await app.sessions()).map(({ userId }) => userId);
}

/**
 * Keeps the deployment's answers from the visitor's pages from the moment at which one calls a function that
 * is named so. Returns how to name it, which resolves at that moment.
 */
async function holdingAnswers(visitor: Visitor) {
  let held = "";
  let isHeld = false;
  let reached: (() => void) | undefined;
  await visitor.context.routeWebSocket(/\/sync$/, (page) => {
    const server = page.connectToServer();
    page.onMessage((message) => {
      if (held !== "" && message.toString().includes(held)) {
        isHeld = true;
        reached?.();
      }
      server.send(message);
    });
    server.onMessage((message) => {
      if (!isHeld) page.send(message);
    });
  });
  return (name: string): Promise<void> => {
    held = name;
    isHeld = false;
    return new Promise((resolve) => (reached = resolve));
  };
}
