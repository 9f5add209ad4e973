/** Storage that an app clears, as at a logout: a new visitor, and no denial. */
import { describe, expect, test } from "vitest";
import { Browser, INTERVAL_MS, KEY, type Tab } from "../support/browser.js";

const REMOVALS: Record<string, (tab: Tab) => void> = {
  "all at once": ({ storage }) => storage.clear(),
  "key by key": ({ storage }) => {
    for (const key of keysOf(storage)) storage.removeItem(key);
  },
  "key by key, last first": ({ storage }) => {
    for (const key of keysOf(storage).toReversed()) storage.removeItem(key);
  },
  "but for all else": ({ storage }) => storage.removeItem(KEY),
};

const CASES = Object.keys(REMOVALS).flatMap((how) =>
  [1, 300].flatMap((storageLagMs) =>
    [true, false].map((locks) => ({ how, storageLagMs, locks })),
  ),
);

function keysOf(storage: Storage): string[] {
  return Array.from({ length: storage.length }, (_, n) => storage.key(n)!);
}

/** The anonymousIds whose heartbeats arrived, first to last. */
function visitors(browser: Browser): unknown[] {
  return [
    ...new Set(
      browser.network.of("trackSession").map(({ args }) => args["anonymousId"]),
    ),
  ];
}

describe("a logout that removes what is stored", () => {
  test.each(CASES)(
    "and leaves the page gives all tabs one new visitor: $how, seen after $storageLagMs ms, locks: $locks",
    async ({ how, storageLagMs, locks }) => {
      const browser = new Browser({ storageLagMs, locks });
      const app = browser.open();
      const others = [browser.open(), browser.open(), browser.open()];
      await browser.pass(5_000);
      const before = app.snapshot.anonymousId;
      REMOVALS[how]!(app);
      await app.close();
      await browser.pass(2 * INTERVAL_MS);
      const { anonymousId } = others[0]!.snapshot;
      expect(anonymousId).not.toBe(before);
      for (const tab of others) {
        expect(tab.snapshot).toEqual({
          anonymousId,
          status: "active",
          error: null,
        });
      }
      const last = browser.network.calls.at(-1);
      expect(last?.args).toMatchObject({ anonymousId });
      // Tabs that see others' writes late may each have made an id, and agree in the end.
      if (storageLagMs < 100) {
        expect(visitors(browser)).toEqual([before, anonymousId]);
      }
      expect(browser.storage.entries[KEY]).toBe(anonymousId);
      expect(browser.network.of("endSession")).toEqual([]);
    },
  );

  test("and stays on the page records later actions for the new visitor", async () => {
    const browser = new Browser();
    const [app, other] = [browser.open(), browser.open()];
    await browser.settle();
    const before = app.snapshot.anonymousId;
    REMOVALS["key by key"]!(app);
    app.engine.trackUserAction("signed out");
    await browser.settle();
    expect(app.snapshot).toEqual(other.snapshot);
    expect(app.snapshot.anonymousId).not.toBe(before);
    expect(browser.network.of("trackUserAction")).toMatchObject([
      { args: { anonymousId: app.snapshot.anonymousId } },
    ]);
  });

  test("does not resume a session that was ended", async () => {
    const browser = new Browser();
    const [app, other] = [browser.open(), browser.open()];
    await browser.settle();
    await Promise.all([app.engine.endSession(), browser.settle()]);
    const before = browser.network.calls.length;
    REMOVALS["key by key"]!(app);
    await app.close();
    await browser.pass(2 * INTERVAL_MS);
    expect(other.snapshot.status).toBe("ended");
    expect(browser.network.calls).toHaveLength(before);
  });

  test("reaches a page that was suspended meanwhile", async () => {
    const browser = new Browser();
    const [app, other] = [browser.open(), browser.open()];
    await browser.settle();
    other.suspend();
    REMOVALS["key by key"]!(app);
    await app.close();
    await browser.settle();
    other.resume();
    await browser.pass(2 * INTERVAL_MS);
    expect(other.snapshot.status).toBe("active");
    expect(visitors(browser)).toHaveLength(2);
  });
});

test("a denial reaches a page that was suspended meanwhile", async () => {
  const browser = new Browser();
  const tab = browser.open(null);
  const { update } = tab.mount();
  const other = browser.open();
  await browser.settle();
  other.suspend();
  update({ consent: "denied" });
  await browser.settle();
  other.resume();
  await browser.pass(2 * INTERVAL_MS);
  expect(other.snapshot).toMatchObject({ status: "ended", anonymousId: null });
  expect(visitors(browser)).toHaveLength(1);
  expect(browser.storage.entries).toEqual({});
});
