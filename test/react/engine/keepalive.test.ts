/** A browser refuses a request that is kept alive where all of a page's together are over 64 KiB. */
import { describe, expect, test } from "vitest";
import {
  Browser,
  INTERVAL_MS,
  type BrowserOptions,
  type Tab,
} from "../support/browser.js";

const recorded = ({ network }: Browser) =>
  network.of("trackUserAction").map(({ args }) => args["action"]);

async function openTab(
  options: BrowserOptions = {},
): Promise<{ browser: Browser; tab: Tab }> {
  const browser = new Browser(options);
  const tab = browser.open();
  await browser.settle();
  return { browser, tab };
}

describe("where others of the page keep alive all that it may", () => {
  test("an action is recorded at once, without being kept alive", async () => {
    const { browser, tab } = await openTab();
    browser.network.isKeepaliveFull = true;
    tab.engine.trackUserAction("buy");
    await browser.pass(1_000);
    expect(browser.network.of("trackUserAction")).toMatchObject([
      { args: { action: "buy" }, keepalive: false },
    ]);
    expect(tab.snapshot).toMatchObject({ status: "active", error: null });
  });

  test("heartbeats go on as before", async () => {
    const { browser, tab } = await openTab();
    browser.network.isKeepaliveFull = true;
    await browser.pass(4 * INTERVAL_MS);
    const beats = browser.network.of("trackSession").length;
    expect(beats).toBeGreaterThan(3);
    expect(beats).toBeLessThan(7);
    expect(tab.snapshot).toMatchObject({ status: "active", error: null });
  });

  test("what a page that goes has not sent is kept for the next page, which sends it once", async () => {
    // Without locks an action waits a moment for its turn.
    const { browser, tab } = await openTab({ locks: false });
    browser.network.isKeepaliveFull = true;
    tab.engine.trackUserAction("look");
    await browser.pass(1_000);
    tab.engine.trackUserAction("buy");
    await tab.close();
    browser.network.isKeepaliveFull = false;
    browser.open();
    await browser.pass(INTERVAL_MS);
    expect(recorded(browser)).toEqual(["look", "buy"]);
  });

  test("an action whose page dies while it is sent again is not sent by the next page, too", async () => {
    const { browser, tab } = await openTab();
    browser.network.isKeepaliveFull = true;
    tab.engine.trackUserAction("buy");
    await browser.pass(30);
    expect(recorded(browser)).toEqual(["buy"]);
    tab.crash();
    browser.network.isKeepaliveFull = false;
    browser.open();
    await browser.pass(INTERVAL_MS);
    expect(recorded(browser)).toEqual(["buy"]);
  });

  test("later actions are kept alive again, once there is room", async () => {
    const { browser, tab } = await openTab();
    browser.network.isKeepaliveFull = true;
    tab.engine.trackUserAction("look");
    await browser.pass(1_000);
    browser.network.isKeepaliveFull = false;
    tab.engine.trackUserAction("buy");
    await browser.pass(1_000);
    tab.engine.trackUserAction("leave");
    await tab.close();
    await browser.settle();
    expect(
      browser.network.of("trackUserAction").map(({ keepalive }) => keepalive),
    ).toEqual([false, true, true]);
  });
});

describe("a connection that is refused as soon", () => {
  test("costs a page that stays no action, and records none twice", async () => {
    const { browser, tab } = await openTab();
    browser.network.refusesAtOnce = true;
    tab.engine.trackUserAction("buy");
    await browser.pass(1_000);
    expect(tab.snapshot.error).toMatchObject({ kind: "unreachable" });
    browser.network.refusesAtOnce = false;
    await browser.pass(INTERVAL_MS);
    expect(recorded(browser)).toEqual(["buy"]);
    expect(tab.snapshot).toMatchObject({ status: "active", error: null });
  });

  test("costs a page that goes no action, and records none twice", async () => {
    const { browser, tab } = await openTab();
    browser.network.refusesAtOnce = true;
    tab.engine.trackUserAction("buy");
    await browser.pass(1_000);
    await tab.close();
    browser.network.refusesAtOnce = false;
    browser.open();
    await browser.pass(INTERVAL_MS);
    expect(recorded(browser)).toEqual(["buy"]);
  });

  test("is tried no more often than twice in a row", async () => {
    const { browser, tab } = await openTab();
    browser.network.refusesAtOnce = true;
    tab.engine.trackUserAction("buy");
    await browser.pass(3_000);
    expect(browser.network.refused).toBe(2);
  });
});
