import { describe, expect, test } from "vitest";
import { Browser, INTERVAL_MS, KEY } from "../support/browser.js";

function names(browser: Browser): string[] {
  return browser.network.calls.map(({ name }) => name);
}

describe("consent", () => {
  test("pending stores, reads and sends nothing until it is granted", async () => {
    const browser = new Browser();
    const tab = browser.open(null);
    const { update } = tab.mount({ consent: "pending" });
    tab.engine.trackUserAction("ignored");
    await browser.pass(3 * INTERVAL_MS);
    await tab.close();
    expect(tab.snapshot).toEqual({
      anonymousId: null,
      status: "pending",
      error: null,
    });
    expect(browser.network.calls).toEqual([]);
    expect(browser.storage.entries).toEqual({});

    const next = browser.open(null);
    const page = next.mount({ consent: "pending" });
    page.update({ consent: "granted" });
    await browser.settle();
    expect(next.snapshot.status).toBe("active");
    expect(names(browser)).toEqual(["trackSession"]);
    expect(browser.storage.entries[KEY]).toBe(next.snapshot.anonymousId);
    update({});
  });

  test("pending keeps the id stored under an earlier grant", async () => {
    const browser = new Browser();
    const tab = browser.open();
    await browser.settle();
    const stored = browser.storage.entries;
    tab.crash();
    const next = browser.open({ consent: "pending" });
    await browser.settle();
    expect(browser.storage.entries).toEqual(stored);
    expect(next.snapshot.anonymousId).toBeNull();
  });

  test.each([
    { forgetOnDenied: false, told: "endSession" },
    { forgetOnDenied: true, told: "forgetSession" },
  ])(
    "denied: forgets what is stored and tells the server: %o",
    async ({ forgetOnDenied, told }) => {
      const browser = new Browser();
      const tab = browser.open(null);
      const { update } = tab.mount({ forgetOnDenied });
      await browser.settle();
      const { anonymousId } = tab.snapshot;
      update({ forgetOnDenied, consent: "denied" });
      expect(tab.snapshot).toMatchObject({
        anonymousId: null,
        status: "denied",
      });
      await browser.settle();
      expect(browser.storage.entries).toEqual({});
      expect(browser.network.calls.slice(1)).toMatchObject([
        { name: told, args: { anonymousId } },
      ]);
      tab.engine.trackUserAction("ignored");
      tab.engine.reset();
      await browser.pass(3 * INTERVAL_MS);
      await tab.close();
      await browser.settle();
      expect(browser.network.calls).toHaveLength(2);
      expect(browser.storage.entries).toEqual({});
    },
  );

  test("denied without a connection is told to the server once there is one, and only that is stored", async () => {
    const { browser, tab, update } = await openTracked();
    browser.network.isUp = false;
    tab.engine.trackUserAction("never");
    update({ consent: "denied" });
    await browser.settle();
    const [waiting, ...others] = Object.values(browser.storage.entries);
    expect(waiting).toContain("endSession");
    expect(others).toEqual([]);
    browser.network.isUp = true;
    await browser.settle();
    expect(names(browser)).toEqual(["trackSession", "endSession"]);
    expect(browser.storage.entries).toEqual({});
  });

  const DENIED = { consent: "denied", forgetOnDenied: true } as const;

  test("denied without a connection on a page that is closed is told by the next page", async () => {
    const { browser, tab, update } = await openTracked();
    const { anonymousId } = tab.snapshot;
    browser.network.isUp = false;
    tab.engine.trackUserAction("never");
    update(DENIED);
    await browser.settle();
    await tab.close();
    browser.network.isUp = true;
    browser.open(DENIED);
    await browser.settle();
    expect(browser.network.calls.slice(1)).toMatchObject([
      { name: "forgetSession", args: { anonymousId } },
    ]);
    expect(browser.storage.entries).toEqual({});
  });

  test.each([4, 30])(
    "denied %d ms before a reload is told to the server",
    async (ms) => {
      const { browser, tab, update } = await openTracked();
      update(DENIED);
      await browser.pass(ms);
      await tab.close();
      browser.open(DENIED);
      await browser.settle();
      expect([...new Set(names(browser))]).toEqual([
        "trackSession",
        "forgetSession",
      ]);
      expect(browser.storage.entries).toEqual({});
    },
  );

  test("denied where the server cannot be told is tried once more when the page is closed", async () => {
    const { browser, tab, update } = await openTracked();
    browser.network.answer = () => null;
    update(DENIED);
    await browser.settle();
    expect(browser.network.of("forgetSession")).toHaveLength(1);
    await tab.close();
    await browser.settle();
    expect(browser.network.of("forgetSession")).toMatchObject([
      {},
      { keepalive: true },
    ]);
  });

  test.each(["pending", "denied"] as const)(
    "%s while an action is on its way: it is not sent again",
    async (consent) => {
      const { browser, tab, update } = await openTracked();
      const ok = browser.network.answer;
      browser.network.answer = (call) =>
        call.name === "trackUserAction" ? null : ok(call);
      tab.engine.trackUserAction("click");
      await browser.pass(25);
      expect(browser.network.of("trackUserAction")).toHaveLength(1);
      update({ consent });
      await browser.pass(INTERVAL_MS);
      expect(browser.network.of("trackUserAction")).toHaveLength(1);
      expect(names(browser).slice(2)).toEqual(
        consent === "denied" ? ["endSession"] : [],
      );
    },
  );

  test("denied in another tab while an action is under way neither repeats nor stores it", async () => {
    const browser = new Browser();
    const tab = browser.open();
    const { update } = browser.open(null).mount();
    await browser.settle();
    const ok = browser.network.answer;
    browser.network.answer = (call) =>
      call.name === "trackUserAction" ? null : ok(call);
    tab.engine.trackUserAction("click");
    await browser.pass(25);
    update({ consent: "denied" });
    await browser.pass(INTERVAL_MS);
    expect(names(browser)).toEqual([
      "trackSession",
      "trackUserAction",
      "endSession",
    ]);
    expect(browser.storage.entries).toEqual({});
  });

  test("denied where the server cannot be told at first is told later", async () => {
    const { browser, update } = await openTracked();
    const ok = browser.network.answer;
    browser.network.answer = () => null;
    update({ consent: "denied" });
    await browser.settle();
    browser.network.answer = ok;
    await browser.pass(INTERVAL_MS);
    expect(names(browser)).toEqual([
      "trackSession",
      "endSession",
      "endSession",
    ]);
    expect(browser.storage.entries).toEqual({});
  });

  test("denied twice without a connection erases both visitors, and sends no action", async () => {
    const { browser, tab, update } = await openTracked();
    browser.network.isUp = false;
    const ids: unknown[] = [];
    for (let n = 0; n < 2; n += 1) {
      update({ consent: "granted" });
      await browser.settle();
      ids.push(tab.snapshot.anonymousId);
      tab.engine.trackUserAction("click");
      update({ consent: "denied", forgetOnDenied: true });
      await browser.settle();
    }
    browser.network.isUp = true;
    await browser.settle();
    expect(new Set(ids).size).toBe(2);
    expect(browser.network.calls.slice(1)).toMatchObject(
      ids.map((anonymousId) => ({
        name: "forgetSession",
        args: { anonymousId },
      })),
    );
    expect(browser.network.calls).toHaveLength(3);
  });

  test("denied without a connection is told however many actions another visitor records before there is one", async () => {
    const { browser, tab, update } = await openTracked();
    const { anonymousId } = tab.snapshot;
    browser.network.isUp = false;
    update(DENIED);
    await browser.settle();
    update({ consent: "granted" });
    await browser.settle();
    for (let n = 0; n < 150; n += 1) tab.engine.trackUserAction("click");
    browser.network.isUp = true;
    await browser.pass(10_000);
    expect(browser.network.of("forgetSession")).toMatchObject([
      { args: { anonymousId } },
    ]);
    expect(browser.network.of("trackUserAction")).toHaveLength(99);
  });

  test("that changes quickly ends with the last value", async () => {
    const { browser, tab, update } = await openTracked();
    const before = tab.snapshot.anonymousId;
    for (const consent of ["denied", "pending", "granted", "denied"] as const) {
      update({ consent });
    }
    await browser.pass(2 * INTERVAL_MS);
    expect(tab.snapshot.status).toBe("denied");
    expect(names(browser)).toEqual(["trackSession", "endSession"]);
    expect(browser.storage.entries).toEqual({});
    for (const consent of ["granted", "pending", "granted"] as const) {
      update({ consent });
    }
    await browser.settle();
    expect(tab.snapshot.status).toBe("active");
    expect(tab.snapshot.anonymousId).not.toBe(before);
    expect(names(browser).at(-1)).toBe("trackSession");
  });

  test("denied from the start by a new visitor stores and sends nothing", async () => {
    const browser = new Browser();
    browser.open({ consent: "denied", forgetOnDenied: true });
    await browser.pass(3 * INTERVAL_MS);
    expect(browser.network.calls).toEqual([]);
    expect(browser.storage.entries).toEqual({});
  });

  test("denied in one tab ends it in all", async () => {
    const browser = new Browser();
    const tab = browser.open(null);
    const { update } = tab.mount();
    const other = browser.open();
    await browser.settle();
    update({ consent: "denied" });
    await browser.pass(3 * INTERVAL_MS);
    other.engine.trackUserAction("ignored");
    await browser.settle();
    expect(other.snapshot).toMatchObject({
      anonymousId: null,
      status: "ended",
    });
    // The other tab may tell it, too: it may not have seen yet that the server was told.
    expect([...new Set(names(browser))]).toEqual([
      "trackSession",
      "endSession",
    ]);
    expect(browser.storage.entries).toEqual({});
  });

  test("denied while a page is in the back/forward cache ends it there", async () => {
    const browser = new Browser();
    const tab = browser.open(null);
    const { update } = tab.mount();
    const other = browser.open();
    await browser.settle();
    other.freeze();
    update({ consent: "denied" });
    await browser.settle();
    other.thaw();
    await browser.pass(3 * INTERVAL_MS);
    expect(other.snapshot).toMatchObject({
      anonymousId: null,
      status: "ended",
    });
    expect(names(browser)).toEqual(["trackSession", "endSession"]);
    expect(browser.storage.entries).toEqual({});
  });

  test("granted again starts a new visitor", async () => {
    const { browser, tab, update } = await openTracked();
    const before = tab.snapshot.anonymousId;
    update({ consent: "denied" });
    await browser.settle();
    update({ consent: "granted" });
    await browser.settle();
    expect(tab.snapshot.status).toBe("active");
    expect(tab.snapshot.anonymousId).not.toBe(before);
    expect(names(browser)).toEqual([
      "trackSession",
      "endSession",
      "trackSession",
    ]);
  });

  test("of several members is the strictest", async () => {
    const browser = new Browser();
    const tab = browser.open({ consent: "granted" });
    const strict = tab.mount({ consent: "pending" });
    tab.mount();
    expect(tab.snapshot.status).toBe("pending");
    strict.leave();
    await browser.settle();
    expect(tab.snapshot.status).toBe("active");
  });

  test.each(["pending", "denied"] as const)(
    "%s stays when the component that said it is gone, until another says otherwise",
    async (consent) => {
      const browser = new Browser();
      const tab = browser.open();
      await browser.settle();
      tab.mount({ consent }).leave();
      tab.mount();
      await browser.settle();
      expect(tab.snapshot.status).toBe(consent);
      tab.mount({ consent: "granted" });
      expect(tab.snapshot.status).toBe("active");
    },
  );

  test("outlives the last member: a later action is not sent without it", async () => {
    const browser = new Browser();
    const tab = browser.open(null);
    const { leave } = tab.mount({ consent: "pending" });
    leave();
    tab.engine.trackUserAction("ignored");
    await browser.settle();
    expect(browser.network.calls).toEqual([]);
    expect(browser.storage.entries).toEqual({});
  });
});

describe("privacy signals", () => {
  const SIGNALS = [{ doNotTrack: "1" }, { globalPrivacyControl: true }];

  test.each(SIGNALS)(
    "%o counts as denied with the option, and is ignored without it",
    async (navigator) => {
      const browser = new Browser({ navigator });
      const tab = browser.open();
      await browser.settle();
      expect(tab.snapshot.status).toBe("active");
      tab.crash();
      const strict = browser.open({ respectPrivacySignals: true });
      await browser.settle();
      expect(strict.snapshot.status).toBe("denied");
      expect(browser.storage.entries).toEqual({});
      expect(names(browser)).toEqual(["trackSession", "endSession"]);
    },
  );

  test.each([
    { doNotTrack: "0" },
    { doNotTrack: "unspecified" },
    { globalPrivacyControl: false },
  ])("%o is no signal", async (navigator) => {
    const browser = new Browser({ navigator });
    const tab = browser.open({ respectPrivacySignals: true });
    await browser.settle();
    expect(tab.snapshot.status).toBe("active");
  });
});

describe("bots", () => {
  test.each([
    { webdriver: true },
    {
      userAgent:
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    },
    {
      userAgent:
        "Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/130.0.0.0 Safari/537.36",
    },
  ])("%o is skipped with the option", async (navigator) => {
    const browser = new Browser({ navigator });
    const tab = browser.open({ skipBots: true });
    await browser.pass(3 * INTERVAL_MS);
    expect(tab.snapshot.status).toBe("skipped");
    expect(browser.network.calls).toEqual([]);
    expect(browser.storage.entries).toEqual({});
    const open = browser.open();
    await browser.settle();
    expect(open.snapshot.status).toBe("active");
  });

  test.each([
    "Mozilla/5.0 (X11; Linux x86_64) Chrome/130.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Linux; Android 9; CUBOT_X19) Chrome/130.0.0.0 Mobile Safari/537.36",
  ])("and not people: %s", async (userAgent) => {
    const browser = new Browser({ navigator: { userAgent } });
    const tab = browser.open({ skipBots: true });
    await browser.settle();
    expect(tab.snapshot.status).toBe("active");
  });
});

/** A page that has been tracking its visitor for a moment. */
async function openTracked() {
  const browser = new Browser();
  const tab = browser.open(null);
  const { update } = tab.mount();
  await browser.settle();
  return { browser, tab, update };
}
