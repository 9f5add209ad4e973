/** Engaged time of several tabs: a moment counts once, and one of them tells it. */
import { describe, expect, test } from "vitest";
import { type Browser, MINUTE_MS } from "../support/browser.js";
import { withVisits } from "../support/visits.js";

const SECOND_MS = 1_000;

/** With Web Locks and without, and where tabs see each other's writes late. */
const BROWSERS = [
  { locks: true },
  { locks: false },
  { locks: true, storageLagMs: 70 },
];

function calls(browser: Browser): number {
  return browser.network.of("trackSession").length;
}

describe.each(BROWSERS)("tabs side by side: %o", (options) => {
  test.each([0, 1, 350, 500, 999])(
    "count each moment once, opened %d ms apart",
    async (apartMs) => {
      const { browser, visits } = withVisits(options);
      const first = browser.open();
      await browser.pass(apartMs);
      const second = browser.open();
      await browser.pass(5 * MINUTE_MS);
      first.hide();
      await browser.pass(MINUTE_MS);
      first.show();
      await browser.pass(MINUTE_MS);
      await second.close();
      await browser.pass(MINUTE_MS);
      await first.close();
      await browser.settle();
      const [engaged] = visits.engagedSeconds;
      expect(visits.all).toHaveLength(1);
      expect(Math.abs(engaged! - 8 * 60)).toBeLessThanOrEqual(1.5);
    },
  );

  test("go on where one crashes", async () => {
    const { browser, visits } = withVisits(options);
    const tabs = [browser.open()];
    await browser.pass(100);
    tabs.push(browser.open(), browser.open());
    for (const tab of tabs.slice(1)) {
      await browser.pass(MINUTE_MS);
      tab.crash();
    }
    await browser.pass(MINUTE_MS);
    await tabs[0]!.close();
    await browser.settle();
    expect(Math.abs(visits.engagedSeconds[0]! - 180)).toBeLessThanOrEqual(1);
  });

  test("tell what was counted when none is in view any more", async () => {
    const { browser, visits } = withVisits(options);
    const first = browser.open();
    await browser.pass(100);
    const second = browser.open();
    await browser.pass(MINUTE_MS + 300);
    first.hide();
    await browser.pass(MINUTE_MS);
    expect(calls(browser)).toBe(1);
    second.hide();
    await browser.pass(MINUTE_MS);
    expect(calls(browser)).toBe(2);
    expect(Math.abs(visits.engagedSeconds[0]! - 120)).toBeLessThanOrEqual(1);
  });

  test("that are closed together, as with the browser, tell it", async () => {
    for (const isOther of [false, true]) {
      const { browser, visits } = withVisits(options);
      const first = browser.open();
      await browser.pass(400);
      const second = browser.open();
      await browser.pass(MINUTE_MS);
      const tabs = isOther ? [second, first] : [first, second];
      for (const tab of tabs) await tab.close();
      await browser.settle();
      expect(Math.abs(visits.engagedSeconds[0]! - 60)).toBeLessThanOrEqual(1.5);
      expect(calls(browser)).toBeLessThanOrEqual(3);
    }
  });
});

test("a visitor who goes from tab to tab costs no call", async () => {
  const { browser, visits } = withVisits();
  const tabs = [browser.open(), browser.open(), browser.open()];
  for (const tab of tabs.slice(1)) tab.hide();
  for (let n = 1; n <= 12; n += 1) {
    await browser.pass(20 * SECOND_MS);
    tabs[(n - 1) % 3]!.hide();
    tabs[n % 3]!.show();
  }
  expect(calls(browser)).toBe(1);
  await browser.pass(1.5 * SECOND_MS);
  for (const tab of tabs) await tab.close();
  await browser.settle();
  expect(calls(browser)).toBe(2);
  expect(Math.abs(visits.engagedSeconds[0]! - 241)).toBeLessThanOrEqual(1);
});

test("with requireInput it is the tab that is used which counts", async () => {
  const { browser, visits } = withVisits();
  const options = { requireInput: true };
  const [idle, used] = [browser.open(options), browser.open(options)];
  idle.input();
  await browser.pass(5 * MINUTE_MS);
  for (let n = 0; n < 10; n += 1) {
    used.input();
    await browser.pass(30 * SECOND_MS);
  }
  await used.close();
  await idle.close();
  await browser.settle();
  const [engaged] = visits.engagedSeconds;
  expect(engaged).toBeGreaterThan(60 + 300 - 2);
  expect(engaged).toBeLessThan(60 + 300 + 2);
});

test.each([
  { blocked: ["localStorage"] as const },
  { blocked: ["localStorage", "sessionStorage"] as const },
])("where storage is blocked a page counts for itself: %o", async (options) => {
  const { browser, visits } = withVisits(options);
  const tab = browser.open();
  await browser.pass(90 * SECOND_MS);
  await tab.close();
  await browser.settle();
  expect(Math.abs(visits.engagedSeconds[0]! - 90)).toBeLessThanOrEqual(1);
});

test("where storage is full, too", async () => {
  const { browser, visits } = withVisits();
  const tab = browser.open(null);
  tab.storage.room = 40;
  tab.mount();
  await browser.pass(90 * SECOND_MS);
  await tab.close();
  await browser.settle();
  expect(Math.abs(visits.engagedSeconds[0]! - 90)).toBeLessThanOrEqual(1);
});

test.each(["", "123", "abc", "1 2 3 4", "9 9 9 9 9", "NaN 1 1 1", "-5 -1 0 0"])(
  "what others have stored in its place does no harm: %j",
  async (stored) => {
    const { browser, visits } = withVisits();
    const tab = browser.open(null);
    tab.storage.setItem("anonymousUserId@https://app.example:time", stored);
    tab.mount();
    await browser.pass(10 * MINUTE_MS);
    await tab.close();
    await browser.settle();
    expect(Math.abs(visits.engagedSeconds[0]! - 600)).toBeLessThanOrEqual(1);
  },
);
