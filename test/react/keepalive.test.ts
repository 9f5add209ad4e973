import { describe, expect, test } from "vitest";
import { Browser, INTERVAL_MS } from "./support/browser.js";

describe("where others have under way all that a page may keep alive, an action", () => {
  test("is recorded at once while the page lives", async () => {
    const browser = new Browser();
    const tab = browser.open();
    await browser.settle();
    browser.network.isKeepaliveFull = true;
    tab.engine.trackUserAction("buy");
    await browser.pass(1_000);
    expect(browser.network.of("trackUserAction")).toMatchObject([
      { args: { action: "buy" }, keepalive: false },
    ]);
    expect(tab.snapshot).toMatchObject({ status: "active", error: null });
  });

  test("is kept for the next page, once, where the last one was refused", async () => {
    const browser = new Browser();
    const tab = browser.open();
    await browser.settle();
    browser.network.isKeepaliveFull = true;
    tab.engine.trackUserAction("look");
    await browser.pass(1_000);
    tab.engine.trackUserAction("buy");
    await tab.close();
    browser.network.isKeepaliveFull = false;
    browser.open();
    await browser.pass(INTERVAL_MS);
    const actions = browser.network.of("trackUserAction");
    expect(actions.map(({ args }) => args.action)).toEqual(["look", "buy"]);
  });
});
