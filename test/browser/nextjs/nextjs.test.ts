/** The shop of `examples/nextjs` in a real browser: a visitor who agrees, buys, signs up and leaves the place to somebody else. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { BrowserContext, Page } from "playwright-core";
import { expect, onTestFinished, test } from "vitest";
import type { ListJson, ShowJson } from "../../../cli/json/session.js";
import type { StatusJson } from "../../../cli/json/status/status.js";
import { startChromium } from "../support/chromium.js";
import { Shop } from "./support/shop.js";

const ADA = "ada@example.com";
/** More than what a page waits before it links a visitor who comes after another. */
const LINKED_AFTER_MS = 3_000;

const shop = new Shop();

test("a visitor's session becomes the user's at the sign-up, and after the sign-out somebody else comes", async () => {
  onTestFinished(await shop.serve("start"));
  const { page, complaints } = await come();

  // On the server there is a page, and nobody yet.
  const html = await (await fetch(shop.origin)).text();
  expect(html).toContain("Teapot");
  expect(html).not.toContain("Consent");
  await page.goto(shop.origin);
  await page.getByRole("complementary", { name: "Consent" }).waitFor();
  expect(await stored(page)).toEqual([]);
  expect(await sessions()).toEqual([]);

  await page.getByRole("button", { name: "Accept" }).click();
  await page.getByRole("link", { name: "Lamp" }).click();
  await page.getByRole("button", { name: "Add to the basket" }).click();
  await page.getByText("1 in the basket").waitFor();
  const [visitor] = await sessions();
  expect(visitor?.state).toBe("active");
  expect(visitor).not.toHaveProperty("userId");

  await page.getByRole("link", { name: "Sign in" }).click();
  await signIn(page, ADA, { isNew: true });
  await page.getByRole("heading", { name: ADA }).waitFor();
  const basket = page.getByRole("region", { name: "Your basket" });
  await basket.getByText("1 × Lamp").waitFor();
  await page
    .getByRole("region", { name: "Your browsers" })
    .getByText("active")
    .waitFor();
  const linked = await shown(visitor?.sessionId);
  expect(linked.userId).toEqual(expect.any(String));
  await expect
    .poll(() => actionsOf(visitor?.sessionId))
    .toEqual([
      "add to basket lamp",
      "view /",
      "view /account",
      "view /products/lamp",
      "view /sign-in",
    ]);

  // The server renders it for whoever has the cookie.
  await page.reload();
  await basket.getByText("1 × Lamp").waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("link", { name: "Sign in" }).waitFor();
  await page.getByText("0 in the basket").waitFor();
  await expect.poll(sessions).toHaveLength(2);
  const [next] = await sessions();
  expect(next?.sessionId).not.toBe(visitor?.sessionId);
  expect(next).not.toHaveProperty("userId");
  expect((await shown(visitor?.sessionId)).userId).toBe(linked.userId);
  await page.goto(`${shop.origin}/account`);
  expect(new URL(page.url()).pathname).toBe("/sign-in");

  await page.goto(`${shop.origin}/products/chair`);
  await page.getByRole("button", { name: "Add to the basket" }).click();
  await page.getByText("1 in the basket").waitFor();
  // The hook of the app takes the basket of whoever is erased with it.
  const nextId = next?.sessionId ?? "";
  await shop.operate("forget", nextId, "--confirm", nextId);
  await page.getByText("0 in the basket").waitFor();
  expect(complaints).toEqual([]);
});

test("a user who signs in on a second browser has the same basket, and both browsers", async () => {
  onTestFinished(await shop.serve("start"));
  const { page, complaints } = await come();
  await page.goto(`${shop.origin}/sign-in`);
  await page.getByRole("button", { name: "Accept" }).click();
  await signIn(page, ADA, { isNew: false });
  await page
    .getByRole("region", { name: "Your basket" })
    .getByText("1 × Lamp")
    .waitFor();
  const browsers = page.getByRole("region", { name: "Your browsers" });
  await expect.poll(() => browsers.getByRole("listitem").count()).toBe(2);
  const users = (await sessions()).flatMap(({ userId }) => userId ?? []);
  expect(users).toHaveLength(2);
  expect(new Set(users).size).toBe(1);

  // Another tab, which hears of the sign-out and of the new visitor one after the other.
  const tab = await page.context().newPage();
  await tab.goto(`${shop.origin}/account`);
  await tab.getByRole("heading", { name: ADA }).waitFor();
  const before = (await sessions()).length;
  await page.bringToFront();
  await page.getByRole("button", { name: "Sign out" }).click();
  await tab.getByRole("link", { name: "Sign in" }).waitFor();
  await expect.poll(async () => (await sessions()).length).toBe(before + 1);
  await setTimeout(LINKED_AFTER_MS);
  const [next] = await sessions();
  expect(next).not.toHaveProperty("userId");
  expect(complaints).toEqual([]);
});

test("whoever refuses is neither known nor counted", async () => {
  onTestFinished(await shop.serve("start"));
  const before = await sessions();
  const { page, complaints } = await come();
  await page.goto(`${shop.origin}/products/lamp`);
  await page.getByRole("button", { name: "Refuse" }).click();
  await page.getByText("The basket needs your consent.").waitFor();
  await page.getByRole("link", { name: "The shop" }).click();
  await page.getByRole("link", { name: "Teapot" }).waitFor();
  expect(await stored(page)).toEqual(["shopConsent"]);
  expect(await sessions()).toEqual(before);
  expect(complaints).toEqual([]);
});

test("in development, where React mounts everything twice, a page is viewed once and one visitor comes", async () => {
  onTestFinished(await shop.serve("dev"));
  const before = await sessions();
  const { page, complaints } = await come();
  await page.goto(shop.origin);
  await page.getByRole("button", { name: "Accept" }).click();
  await page.getByRole("link", { name: "Chair" }).click();
  await page.getByRole("heading", { name: "Chair" }).waitFor();
  await expect.poll(sessions).toHaveLength(before.length + 1);
  const [visitor] = await sessions();
  await expect
    .poll(() => actionsOf(visitor?.sessionId))
    .toEqual(["view /", "view /products/chair"]);
  expect(complaints).toEqual([]);
});

test("the app's routes answer beside those of the sign-in, and its scrapers by their token", async () => {
  const get = (path: string, token?: string) =>
    fetch(shop.siteUrl + path, {
      headers: token ? { authorization: `Bearer ${token}` } : {},
    });
  const catalogue: unknown = await (await get("/catalogue.json")).json();
  expect(catalogue).toContainEqual({
    slug: "lamp",
    name: "Lamp",
    priceCents: 4_900,
  });
  expect((await get("/.well-known/jwks.json")).status).toBe(200);
  expect((await get("/metrics")).status).toBe(401);
  const metrics = await get("/metrics", await shop.variable("METRICS_TOKEN"));
  const { sessions: counted } = await shop.operate<StatusJson>("status");
  expect(await metrics.text()).toContain(
    `sessions_ops_sessions{state="active"} ${counted.active}\n`,
  );
});

test("the types that Convex generates for the app are those of the repository", async () => {
  const generated = join("convex", "_generated");
  const here = join(import.meta.dirname, "../../../examples/nextjs", generated);
  for (const name of await readdir(here)) {
    const deployed = await readFile(join(shop.folder, generated, name), "utf8");
    expect(deployed).toBe(await readFile(join(here, name), "utf8"));
  }
});

// ── Helpers ─────────────────────────────────────────────────────────────────

/** A browser of its own, closed when the test is finished, with what it and its pages complain of. */
async function come(): Promise<{ page: Page; complaints: string[] }> {
  const { context, close } = await startChromium();
  onTestFinished(close);
  return { page: await context.newPage(), complaints: complaintsOf(context) };
}

function complaintsOf(context: BrowserContext): string[] {
  const complaints: string[] = [];
  context.on("console", (message) => {
    if (["warning", "error"].includes(message.type())) {
      complaints.push(message.text());
    }
  });
  context.on("weberror", (error) => complaints.push(String(error.error())));
  return complaints;
}

async function signIn(
  page: Page,
  email: string,
  { isNew }: { isNew: boolean },
): Promise<void> {
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password").fill("correct horse battery");
  if (isNew) await page.getByLabel("I have no account yet").check();
  const button = isNew ? "Sign up" : "Sign in";
  await page.getByRole("button", { name: button }).click();
}

/** The names under which the page keeps something of the visitor. */
async function stored(page: Page): Promise<string[]> {
  const names = await page.evaluate(() => Object.keys(localStorage));
  // Convex Auth keeps when the server looked who is signed in, of everybody.
  return names.filter((name) => !name.startsWith("__convexAuth"));
}

async function sessions(): Promise<ListJson["sessions"]> {
  return (await shop.operate<ListJson>("list")).sessions;
}

function shown(sessionId = ""): Promise<ShowJson> {
  return shop.operate<ShowJson>("show", sessionId);
}

/** What the visitor did, by the alphabet: what goes by HTTP and by the client's socket has no order among it. */
async function actionsOf(sessionId?: string): Promise<string[]> {
  const { timeline } = await shown(sessionId);
  return timeline
    .map(({ action, resourceId }) => `${action} ${resourceId}`)
    .sort();
}
