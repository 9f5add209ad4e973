/** Tabs that cannot run while their call is out, as frozen ones and those that show a dialog, and calls that never end. */
import { describe, expect, test } from "vitest";
import { Browser, INTERVAL_MS, MINUTE_MS } from "../support/browser.js";

const LONGEST_MS = 1.1 * INTERVAL_MS + 2_000;

function beats(browser: Browser): number {
  return browser.network.of("trackSession").length;
}

describe("a tab that is suspended while its call is out", () => {
  /** A suspended tab's browser, and another tab, which is visible. */
  async function suspended() {
    const browser = new Browser();
    const [stuck, visible] = [browser.open(), browser.open()];
    await browser.settle();
    stuck.engine.trackUserAction("came");
    await browser.pass(5);
    stuck.suspend();
    await browser.settle();
    const held = browser.network.of("trackUserAction");
    expect(held).toMatchObject([{ tab: 1, args: { action: "came" } }]);
    return { browser, stuck, visible };
  }

  test("does not keep the visible one from a heartbeat an interval", async () => {
    const { browser } = await suspended();
    for (let n = 2; n <= 4; n += 1) {
      await browser.pass(LONGEST_MS);
      expect(beats(browser)).toBeGreaterThanOrEqual(n);
    }
    await browser.pass(60 * MINUTE_MS);
    expect(beats(browser)).toBeGreaterThan(13);
    expect(beats(browser)).toBeLessThan(20);
  });

  test("does not hold up the actions of the visible one, nor its end", async () => {
    const { browser, visible } = await suspended();
    visible.engine.trackUserAction("click");
    let isEnded = false;
    void visible.engine.endSession().then(() => (isEnded = true));
    await browser.pass(5_000);
    expect(isEnded).toBe(true);
    expect(browser.network.calls.slice(2)).toMatchObject([
      { name: "trackUserAction", args: { action: "click" } },
      { name: "endSession" },
    ]);
  });

  test("does not hold up a new tab, which is the same visitor", async () => {
    const { browser, visible } = await suspended();
    const next = browser.open();
    next.engine.trackUserAction("opened");
    await browser.pass(5_000);
    expect(next.snapshot).toEqual(visible.snapshot);
    expect(browser.network.of("trackUserAction").at(-1)).toMatchObject({
      args: { action: "opened", anonymousId: next.snapshot.anonymousId },
    });
  });

  test("sends nothing twice when it resumes, and then the tabs take turns again", async () => {
    const { browser, stuck, visible } = await suspended();
    for (const tab of [visible, browser.open()]) {
      tab.engine.trackUserAction("click");
    }
    await browser.pass(2 * INTERVAL_MS);
    stuck.resume();
    const before = beats(browser);
    await browser.settle();
    expect(beats(browser)).toBe(before);
    expect(
      browser.network.of("trackUserAction").map(({ args }) => args["action"]),
    ).toEqual(["came", "click", "click"]);
    await browser.pass(60 * MINUTE_MS);
    expect(beats(browser) - before).toBeLessThan(15);
    expect(visible.snapshot).toEqual(stuck.snapshot);
  });

  test("leaves no more than one request for the lock behind in each tab", async () => {
    const { browser } = await suspended();
    await browser.pass(20 * INTERVAL_MS);
    expect(browser.locks.waiting).toBeLessThanOrEqual(2);
  });
});

test.each([
  { locks: true, signals: true },
  { locks: true, signals: false },
  { locks: false, signals: false },
])(
  "a request that is never answered, and that ignores its signal, delays others by a minute at most: %o",
  async ({ locks, signals }) => {
    const browser = new Browser({ locks });
    browser.network.heedsSignals = signals;
    const ok = browser.network.answer;
    browser.network.answer = () => new Promise(() => {});
    const tab = browser.open();
    await browser.settle();
    let isEnded = false;
    void tab.engine.endSession().then(() => (isEnded = true));
    await browser.pass(MINUTE_MS);
    expect(isEnded).toBe(true);
    browser.network.answer = ok;
    await browser.pass(MINUTE_MS);
    expect(browser.network.of("endSession").length).toBeGreaterThan(0);
    expect(tab.snapshot.error).toBeNull();
  },
);
