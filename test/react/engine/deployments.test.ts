/**
 * Several apps on one origin, each with a deployment of its own: they leave each other's visitors
 * alone.
 */
import { describe, expect, test } from "vitest";
import { Browser, INTERVAL_MS, KEY, type Tab } from "../support/browser.js";

const OTHER = "https://other.example";

/** Calls that reached a deployment, as `name anonymousId`. */
function told(browser: Browser, url: string): string[] {
  return browser.network.calls
    .filter((call) => call.url === url)
    .map(({ name, args }) => `${name} ${String(args["anonymousId"])}`);
}

/** Two apps with the same visitor, whom earlier versions shared. */
async function twoApps() {
  const browser = new Browser();
  const one = browser.open(null);
  one.storage.setItem(KEY, "visitor");
  const { update } = one.mount();
  const other = browser.open({}, browser.network.client(OTHER));
  await browser.settle();
  for (const tab of [one, other]) {
    expect(tab.snapshot).toMatchObject({
      status: "active",
      anonymousId: "visitor",
    });
  }
  return { browser, one, other, update };
}

async function expectUnmoved(browser: Browser, other: Tab): Promise<void> {
  other.engine.trackUserAction("click");
  await browser.pass(2 * INTERVAL_MS);
  expect(other.snapshot).toEqual({
    anonymousId: "visitor",
    status: "active",
    error: null,
  });
  expect(other.seen.map(({ status }) => status)).not.toContain("ended");
  const calls = told(browser, OTHER);
  expect(calls.length).toBeGreaterThanOrEqual(3);
  expect([...new Set(calls)].toSorted()).toEqual([
    "trackSession visitor",
    "trackUserAction visitor",
  ]);
  // A reload does not change it either.
  await other.close();
  const next = browser.open({}, browser.network.client(OTHER));
  expect(next.snapshot.anonymousId).toBe("visitor");
}

describe("two apps on one origin", () => {
  test.each([{ forgetOnDenied: true }, {}])(
    "denied consent in one leaves the other its visitor: %o",
    async (options) => {
      const { browser, one, other, update } = await twoApps();
      update({ ...options, consent: "denied" });
      await browser.settle();
      expect(one.snapshot.status).toBe("denied");
      const name = options.forgetOnDenied ? "forgetSession" : "endSession";
      expect(told(browser, one.url).slice(1)).toEqual([`${name} visitor`]);
      await expectUnmoved(browser, other);
      // Nothing of the denied app is left.
      expect(JSON.stringify(browser.storage.entries)).not.toContain(one.url);
      expect(browser.storage.entries).not.toHaveProperty(KEY);

      update({ consent: "granted" });
      await browser.settle();
      expect(one.snapshot.status).toBe("active");
      expect(one.snapshot.anonymousId).not.toBe("visitor");
      await expectUnmoved(browser, browser.open({}, other.client));
    },
  );

  test("a reset in one leaves the other its visitor, in all tabs", async () => {
    const { browser, one, other } = await twoApps();
    const second = browser.open();
    await browser.settle();
    one.engine.reset();
    await browser.settle();
    const { anonymousId } = one.snapshot;
    expect(anonymousId).not.toBe("visitor");
    expect(second.snapshot).toMatchObject({ status: "active", anonymousId });
    expect(told(browser, one.url)).toEqual([
      "trackSession visitor",
      "endSession visitor",
      `trackSession ${anonymousId}`,
    ]);
    await expectUnmoved(browser, other);
    for (const tab of [one, second]) await tab.close();
    expect(browser.open().snapshot.anonymousId).toBe(anonymousId);
  });

  test("each may be reset and denied in turn", async () => {
    const { browser, one, other, update } = await twoApps();
    one.engine.reset();
    await browser.settle();
    other.engine.reset();
    await browser.settle();
    const kept = other.snapshot.anonymousId;
    update({ consent: "denied" });
    await browser.pass(2 * INTERVAL_MS);
    expect(other.snapshot).toMatchObject({
      status: "active",
      anonymousId: kept,
    });
    await Promise.all([one.close(), other.close()]);
    browser.open({ consent: "denied" });
    await browser.settle();
    const next = browser.open({}, other.client);
    await browser.settle();
    expect(next.snapshot.anonymousId).toBe(kept);
    expect(told(browser, one.url).join()).not.toContain(`${kept}`);
  });

  test("denied consent in one that was never used leaves the other its visitor", async () => {
    const browser = new Browser();
    const client = browser.network.client(OTHER);
    const other = browser.open({}, client);
    await browser.settle();
    const { anonymousId } = other.snapshot;
    const one = browser.open({ consent: "denied", forgetOnDenied: true });
    await browser.settle();
    expect(one.snapshot.status).toBe("denied");
    expect(told(browser, one.url)).toEqual([]);
    expect(other.snapshot).toMatchObject({ status: "active", anonymousId });
    await other.close();
    expect(browser.open({}, client).snapshot.anonymousId).toBe(anonymousId);
  });

  test("the end of the session in one does not end the other's", async () => {
    const { browser, one, other } = await twoApps();
    await Promise.all([one.engine.endSession(), browser.settle()]);
    await expectUnmoved(browser, other);
    expect(one.snapshot.status).toBe("ended");
  });

  test("cleared storage gives both a new visitor", async () => {
    const { browser, one, other } = await twoApps();
    const shop = browser.open(null);
    shop.storage.clear();
    await browser.pass(2 * INTERVAL_MS);
    for (const tab of [one, other]) {
      expect(tab.snapshot.status).toBe("active");
      expect(tab.snapshot.anonymousId).not.toBe("visitor");
    }
  });
});
