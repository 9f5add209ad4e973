import { describe, expect, test } from "vitest";
import { Browser, INTERVAL_MS, KEY, MINUTE_MS } from "../support/browser.js";

const UUID =
  /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** The anonymousIds whose heartbeats arrived. */
function visitors(browser: Browser): unknown[] {
  return [
    ...new Set(browser.network.calls.map(({ args }) => args["anonymousId"])),
  ];
}

describe("an anonymousId", () => {
  test.each([{}, { randomUUID: false, locks: false }])(
    "is a UUID that the next page finds: %o",
    async (options) => {
      const browser = new Browser(options);
      const first = browser.open();
      await browser.settle();
      const { anonymousId } = first.snapshot;
      expect(anonymousId).toMatch(UUID);
      expect(browser.storage.entries[KEY]).toBe(anonymousId);
      await first.close();
      // The id is there at once, before anything is asked of anyone.
      expect(browser.open().snapshot.anonymousId).toBe(anonymousId);
    },
  );

  test("is not the same twice", async () => {
    const ids = await Promise.all(
      Array.from({ length: 50 }, async () => {
        const browser = new Browser({ randomUUID: false });
        const tab = browser.open();
        await browser.settle();
        return tab.snapshot.anonymousId;
      }),
    );
    expect(new Set(ids).size).toBe(50);
  });

  test("of the replaced tracker is kept", () => {
    const browser = new Browser();
    const tab = browser.open(null);
    tab.storage.setItem(KEY, "user123");
    tab.mount();
    expect(tab.snapshot.anonymousId).toBe("user123");
  });

  test.each(["", "not a valid id", "x".repeat(129)])(
    "that the component would refuse is replaced: %j",
    async (stored) => {
      const browser = new Browser();
      const tab = browser.open(null);
      tab.storage.setItem(KEY, stored);
      tab.mount();
      await browser.settle();
      expect(tab.snapshot.anonymousId).toMatch(UUID);
      expect(browser.network.of("trackSession")).toHaveLength(1);
    },
  );

  test.each([
    { locks: true, storageLagMs: 1 },
    { locks: true, storageLagMs: 300 },
    { locks: false, storageLagMs: 1 },
    { locks: false, storageLagMs: 300 },
  ])("is the same for tabs that are opened at once: %o", async (options) => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const browser = new Browser({ ...options, seed });
      const tabs = Array.from({ length: 4 }, () => browser.open());
      await browser.pass(5_000);
      const ids = new Set(tabs.map(({ snapshot }) => snapshot.anonymousId));
      expect(ids.size).toBe(1);
      expect(browser.storage.entries[KEY]).toBe([...ids][0]);
      await browser.pass(3 * INTERVAL_MS);
      expect(browser.network.calls.at(-1)?.args).toMatchObject({
        anonymousId: [...ids][0],
      });
    }
  });

  test("that another tab replaced is used from the next heartbeat on, and shown at once", async () => {
    const browser = new Browser();
    const [first, second] = [browser.open(), browser.open()];
    await browser.settle();
    const before = first.snapshot.anonymousId;
    second.engine.reset();
    await browser.settle();
    expect(first.snapshot.anonymousId).toBe(second.snapshot.anonymousId);
    expect(first.snapshot.anonymousId).not.toBe(before);
    await second.close();
    await browser.pass(2 * INTERVAL_MS);
    expect(browser.network.calls.at(-1)).toMatchObject({
      tab: 1,
      args: { anonymousId: first.snapshot.anonymousId },
    });
  });

  test("that the app cleared away is followed by a new one", async () => {
    const browser = new Browser();
    const tab = browser.open();
    await browser.settle();
    tab.storage.clear();
    await browser.pass(2 * INTERVAL_MS);
    expect(visitors(browser)).toHaveLength(2);
    expect(visitors(browser)[1]).toBe(tab.snapshot.anonymousId);
  });
});

describe("an anonymousId that another tab's app cleared away", () => {
  test("is followed by one new id for all tabs", async () => {
    const browser = new Browser();
    const [first, second] = [browser.open(), browser.open()];
    await browser.settle();
    const before = first.snapshot.anonymousId;
    first.storage.clear();
    await first.close();
    await browser.pass(2 * INTERVAL_MS);
    expect(second.snapshot.status).toBe("active");
    expect(visitors(browser)).toEqual([before, second.snapshot.anonymousId]);
    expect(second.snapshot.anonymousId).not.toBe(before);
  });

  test("does not wake a session that was ended", async () => {
    const browser = new Browser();
    const [first, second] = [browser.open(), browser.open()];
    await browser.settle();
    await Promise.all([first.engine.endSession(), browser.settle()]);
    first.storage.clear();
    await browser.pass(2 * INTERVAL_MS);
    expect(second.snapshot.status).toBe("ended");
    expect(browser.network.of("trackSession")).toHaveLength(1);
  });
});

describe("storage that the browser refuses", () => {
  test("keeps the id in sessionStorage where localStorage is blocked", async () => {
    const browser = new Browser({ blocked: ["localStorage"] });
    const tab = browser.open();
    await browser.pass(3 * INTERVAL_MS);
    expect(tab.snapshot).toMatchObject({ status: "active", error: null });
    expect(visitors(browser)).toEqual([tab.snapshot.anonymousId]);
    expect(browser.storage.entries).toEqual({});
  });

  test("keeps the id in the page, also across an unmount, where both are blocked", async () => {
    const browser = new Browser({
      blocked: ["localStorage", "sessionStorage"],
    });
    const tab = browser.open(null);
    const { leave } = tab.mount();
    await browser.settle();
    leave();
    tab.mount();
    tab.engine.trackUserAction("click");
    await browser.pass(3 * INTERVAL_MS);
    expect(visitors(browser)).toEqual([tab.snapshot.anonymousId]);
    expect(browser.network.of("trackUserAction")).toHaveLength(1);
    expect(browser.network.of("trackSession").length).toBeLessThan(5);
  });

  test("keeps a stored anonymousId where it is full", async () => {
    const browser = new Browser();
    const first = browser.open();
    await browser.settle();
    const { anonymousId } = first.snapshot;
    await first.close();
    const second = browser.open(null);
    second.storage.room = 0;
    second.mount();
    await browser.settle();
    expect(second.snapshot.anonymousId).toBe(anonymousId);
  });

  test("lets the waiting actions of several tabs be sent once where it is full", async () => {
    const browser = new Browser();
    const [first, second] = [browser.open(), browser.open()];
    await browser.settle();
    browser.network.isUp = false;
    first.engine.trackUserAction("short");
    await browser.settle();
    first.storage.room = 250;
    first.engine.trackUserAction("long".repeat(50));
    await browser.settle();
    second.engine.trackUserAction("other");
    await browser.settle();
    first.storage.room = Infinity;
    browser.network.isUp = true;
    await browser.pass(10_000);
    const actions = browser.network
      .of("trackUserAction")
      .map(({ args }) => args["action"]);
    expect(actions.toSorted()).toEqual(["long".repeat(50), "other", "short"]);
  });

  test("keeps values in the page where it is full", async () => {
    const browser = new Browser();
    const tab = browser.open();
    await browser.settle();
    tab.storage.room = 20;
    browser.network.isUp = false;
    tab.engine.trackUserAction("long".repeat(50));
    await browser.settle();
    browser.network.isUp = true;
    await browser.settle();
    expect(browser.network.of("trackUserAction")).toHaveLength(1);
  });
});

describe("the end of a session", () => {
  test("is silent in every tab until reset", async () => {
    const browser = new Browser();
    const [first, second] = [browser.open(), browser.open()];
    await browser.settle();
    const { anonymousId } = first.snapshot;
    await Promise.all([first.engine.endSession(), browser.settle()]);
    // The other tab may not have seen yet that the end was told.
    const names = browser.network.calls.map(({ name }) => name);
    expect([...new Set(names)]).toEqual(["trackSession", "endSession"]);
    for (const tab of [first, second]) {
      expect(tab.snapshot).toMatchObject({ status: "ended", anonymousId });
      tab.engine.trackUserAction("ignored");
    }
    await browser.pass(10 * INTERVAL_MS);
    expect(browser.network.calls).toHaveLength(names.length);

    second.engine.reset();
    await browser.settle();
    expect(first.snapshot).toEqual(second.snapshot);
    expect(first.snapshot.status).toBe("active");
    expect(browser.network.calls).toHaveLength(names.length + 1);
    expect(visitors(browser)).toHaveLength(2);
  });

  test("lasts across an unmount, and until the page is left", async () => {
    const browser = new Browser();
    const tab = browser.open(null);
    const { leave } = tab.mount();
    await browser.settle();
    await Promise.all([tab.engine.endSession(), browser.settle()]);
    leave();
    tab.mount();
    await browser.pass(2 * INTERVAL_MS);
    expect(browser.network.calls).toHaveLength(2);
    await tab.close();
    const next = browser.open();
    await browser.settle();
    expect(next.snapshot.status).toBe("active");
    expect(browser.network.of("trackSession")).toHaveLength(2);
    expect(visitors(browser)).toHaveLength(1);
  });

  test("reaches a tab whose heartbeat was just due", async () => {
    const browser = new Browser({ storageLagMs: 100 });
    const [first, second] = [browser.open(), browser.open()];
    await browser.settle();
    first.hide();
    browser.network.isUp = false;
    await browser.pass(2 * INTERVAL_MS);
    browser.network.isUp = true;
    const before = browser.network.calls.length;
    await Promise.all([first.engine.endSession(), browser.settle()]);
    await browser.pass(2 * INTERVAL_MS);
    expect(second.snapshot.status).toBe("ended");
    expect(browser.network.calls.length).toBeLessThanOrEqual(before + 2);
  });

  test("reaches a page that comes back from the back/forward cache", async () => {
    const browser = new Browser();
    const [first, second] = [browser.open(), browser.open()];
    await browser.settle();
    second.freeze();
    await Promise.all([first.engine.endSession(), browser.settle()]);
    second.thaw();
    await browser.pass(2 * INTERVAL_MS);
    expect(second.snapshot.status).toBe("ended");
    expect(browser.network.calls).toHaveLength(2);
  });

  test("lasts although consent is asked for again", async () => {
    const browser = new Browser();
    const tab = browser.open(null);
    const { update } = tab.mount();
    await browser.settle();
    await Promise.all([tab.engine.endSession(), browser.settle()]);
    update({ consent: "pending" });
    update({ consent: "granted" });
    await browser.pass(2 * INTERVAL_MS);
    expect(tab.snapshot.status).toBe("ended");
    expect(browser.network.calls).toHaveLength(2);
  });

  test.each([{ locks: true }, { locks: false }])(
    "before the visitor is known is sent after the earlier actions: %o",
    async (options) => {
      const browser = new Browser(options);
      const tab = browser.open();
      tab.engine.trackUserAction("click");
      await Promise.all([tab.engine.endSession(), browser.settle()]);
      expect(browser.network.calls.map(({ name }) => name)).toEqual([
        "trackUserAction",
        "trackSession",
        "endSession",
      ]);
      expect(visitors(browser)).toEqual([tab.snapshot.anonymousId]);
      expect(tab.snapshot.anonymousId).toMatch(UUID);
    },
  );

  test("without a connection is sent later", async () => {
    const browser = new Browser();
    const tab = browser.open();
    await browser.settle();
    browser.network.isUp = false;
    await Promise.all([tab.engine.endSession(), browser.settle()]);
    expect(tab.snapshot.status).toBe("ended");
    browser.network.isUp = true;
    await browser.settle();
    expect(browser.network.calls.map(({ name }) => name)).toEqual([
      "trackSession",
      "endSession",
    ]);
  });

  test("by reset ends the old visitor's and starts the new one's", async () => {
    const browser = new Browser();
    const tab = browser.open();
    await browser.settle();
    const old = tab.snapshot.anonymousId;
    tab.engine.reset();
    await browser.settle();
    expect(browser.network.calls.slice(1)).toMatchObject([
      { name: "endSession", args: { anonymousId: old } },
      { name: "trackSession", args: { anonymousId: tab.snapshot.anonymousId } },
    ]);
    expect(tab.snapshot.anonymousId).not.toBe(old);
  });
});

test("another deployment on the same origin has heartbeats of its own", async () => {
  const browser = new Browser();
  browser.open();
  await browser.settle();
  browser.open({}, browser.network.client("https://other.example"));
  await browser.pass(MINUTE_MS);
  expect(browser.network.of("trackSession")).toHaveLength(2);
  expect(visitors(browser)).toHaveLength(1);
});
