/** Prerendered pages: nothing happens before somebody opens them, and then all of it once. */
import { expect, test } from "vitest";
import { Browser, INTERVAL_MS, KEY } from "../support/browser.js";

const HOUR_MS = 3_600_000;

function actions(browser: Browser) {
  return browser.network
    .of("trackUserAction")
    .map(({ args, tab }) => ({ tab, action: args["action"] }));
}

test("a prerendered page stores, sends and shows nothing, and leaves other tabs' calls to them", async () => {
  const browser = new Browser();
  const tab = browser.prerender();
  tab.engine.trackUserAction("read");
  tab.input();
  await browser.pass(HOUR_MS);
  await tab.close();
  expect(browser.network.calls).toEqual([]);
  expect(browser.storage.entries).toEqual({});
  expect(tab.snapshot).toEqual({
    anonymousId: null,
    status: "starting",
    error: null,
  });
});

test("the actions of a prerendered page that nobody opens are sent by no other tab", async () => {
  const browser = new Browser();
  const visible = browser.open();
  await browser.settle();
  const stored = Object.keys(browser.storage.entries);
  const tab = browser.prerender();
  tab.engine.trackUserAction("read");
  visible.engine.trackUserAction("click");
  await browser.pass(2 * INTERVAL_MS);
  expect(actions(browser)).toEqual([{ tab: 1, action: "click" }]);
  expect(Object.keys(browser.storage.entries)).toEqual(stored);
  expect(browser.network.calls.every((call) => call.tab === 1)).toBe(true);
});

test("a prerendered page that is opened continues as its visitor, with its actions in order and once", async () => {
  const browser = new Browser();
  const visible = browser.open();
  await browser.settle();
  const tab = browser.prerender();
  for (const action of ["one", "two"]) tab.engine.trackUserAction(action);
  await browser.pass(INTERVAL_MS / 2);
  visible.hide();
  tab.activate();
  expect(tab.snapshot.anonymousId).toBe(visible.snapshot.anonymousId);
  tab.engine.trackUserAction("three");
  await browser.settle();
  expect(actions(browser)).toEqual(
    ["one", "two", "three"].map((action) => ({ tab: 2, action })),
  );
  expect(browser.network.of("trackSession")).toHaveLength(1);
  await browser.pass(INTERVAL_MS);
  expect(browser.network.of("trackSession")).toMatchObject([{}, { tab: 2 }]);
  expect(actions(browser)).toHaveLength(3);
  expect(tab.snapshot.status).toBe("active");
});

test("the actions of a prerendered page opened without a connection wait in the browser's storage", async () => {
  const browser = new Browser();
  browser.network.isUp = false;
  const tab = browser.prerender();
  tab.engine.trackUserAction("read");
  tab.activate();
  await browser.settle();
  await tab.close();
  browser.network.isUp = true;
  browser.open();
  await browser.settle();
  expect(actions(browser)).toEqual([{ tab: 2, action: "read" }]);
});

test.each([
  { does: "endSession", status: "ended" },
  { does: "reset", status: "active" },
] as const)(
  "$does on a prerendered page waits until it is opened, and holds up nobody",
  async ({ does, status }) => {
    const browser = new Browser();
    const visible = browser.open();
    await browser.settle();
    const before = visible.snapshot.anonymousId;
    const tab = browser.prerender();
    void tab.engine[does]();
    await browser.settle();
    expect(visible.snapshot.status).toBe("active");
    expect(browser.network.of("endSession")).toEqual([]);
    tab.activate();
    await browser.settle();
    expect(tab.snapshot.status).toBe(status);
    expect(visible.snapshot).toEqual(tab.snapshot);
    // Another tab may tell it, too, before it has seen that the server was told.
    const ended = browser.network.of("endSession");
    expect(new Set(ended.map(({ args }) => args["anonymousId"]))).toEqual(
      new Set([before]),
    );
  },
);

test("a denial on a prerendered page waits until it is opened, and then clears the storage", async () => {
  const browser = new Browser();
  const visible = browser.open();
  await browser.settle();
  const tab = browser.prerender({ consent: "denied" });
  tab.engine.trackUserAction("ignored");
  await browser.settle();
  expect(browser.storage.entries).toHaveProperty(KEY);
  tab.activate();
  await browser.settle();
  expect(tab.snapshot.status).toBe("denied");
  expect(visible.snapshot.status).toBe("ended");
  expect(browser.storage.entries).toEqual({});
  expect(actions(browser)).toEqual([]);
});

test("a component unmounted before its prerendered page is opened tracks nobody", async () => {
  const browser = new Browser();
  const tab = browser.prerender();
  tab.document.prerendering = true;
  const other = browser.open(null);
  other.document.prerendering = true;
  other.mount().leave();
  other.activate();
  await browser.pass(INTERVAL_MS);
  expect(browser.network.calls).toEqual([]);
  expect(other.window.listening).toBeLessThan(3);
});
