import { describe, expect, test } from "vitest";
import { Browser, INTERVAL_MS, MINUTE_MS } from "../support/browser.js";

const HOUR_MS = 60 * MINUTE_MS;

/** Browsers with Web Locks, and without, as on plain http. */
const BROWSERS = [{ locks: true }, { locks: false }];

function beats(browser: Browser): number {
  return browser.network.of("trackSession").length;
}

describe("the heartbeats of a browser", () => {
  test("come at once and then every five minutes, up to a tenth earlier or later", async () => {
    const browser = new Browser();
    browser.open();
    await browser.pass(10 * HOUR_MS);
    const times = browser.network.of("trackSession").map(({ at }) => at);
    const gaps = times.slice(1).map((at, i) => at - times[i]!);
    expect(times.length).toBeGreaterThan(110);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(0.9 * INTERVAL_MS);
    expect(Math.max(...gaps)).toBeLessThan(1.1 * INTERVAL_MS + 100);
    expect(Math.max(...gaps) - Math.min(...gaps)).toBeGreaterThan(
      MINUTE_MS / 2,
    );
  });

  test.each(BROWSERS)(
    "are one an interval, however many tabs it has: %o",
    async (options) => {
      const one = new Browser(options);
      one.open();
      await one.pass(10 * HOUR_MS);

      const five = new Browser(options);
      for (let n = 0; n < 5; n += 1) five.open();
      await five.pass(10 * HOUR_MS);

      expect(Math.abs(beats(five) - beats(one))).toBeLessThanOrEqual(4);
      expect(
        new Set(five.network.calls.map(({ args }) => args["anonymousId"])).size,
      ).toBe(1);
    },
  );

  test.each(BROWSERS)(
    "are taken over by another tab within an interval where one crashed: %o",
    async (options) => {
      const browser = new Browser(options);
      for (let n = 0; n < 3; n += 1) browser.open();
      const tabs = [browser.open(), browser.open()];
      await browser.settle();
      for (let n = 0; n < 2; n += 1) {
        const before = beats(browser);
        tabs[n]!.crash();
        await browser.pass(1.1 * INTERVAL_MS + 1_000);
        expect(beats(browser)).toBe(before + 1);
      }
    },
  );

  test("go on where a tab crashes in the middle of one", async () => {
    const browser = new Browser();
    const first = browser.open();
    browser.open();
    await browser.pass(15);
    first.crash();
    await browser.pass(1.1 * INTERVAL_MS + 1_000);
    expect(browser.network.of("trackSession").at(-1)?.tab).toBe(2);
  });

  test("keep to the interval that an earlier page began", async () => {
    const browser = new Browser();
    const first = browser.open();
    await browser.settle();
    first.crash();
    browser.open();
    await browser.pass(INTERVAL_MS / 2);
    expect(beats(browser)).toBe(1);
    await browser.pass(INTERVAL_MS);
    expect(beats(browser)).toBe(2);
  });

  test("keep to the smallest interval, on a page and between tabs", async () => {
    const browser = new Browser();
    const tab = browser.open({ heartbeatInterval: HOUR_MS });
    tab.mount();
    const quick = tab.mount({ heartbeatInterval: MINUTE_MS });
    await browser.pass(HOUR_MS);
    expect(beats(browser)).toBeGreaterThan(50);
    quick.leave();
    await browser.pass(2 * MINUTE_MS);

    const calm = beats(browser);
    await browser.pass(HOUR_MS);
    expect(beats(browser) - calm).toBeLessThanOrEqual(14);

    browser.open({ heartbeatInterval: MINUTE_MS });
    const busy = beats(browser);
    await browser.pass(HOUR_MS);
    expect(beats(browser) - busy).toBeGreaterThan(50);
  });

  test.each([NaN, 0, -1, 1])(
    "are not sent in a storm with an interval of %d",
    async (heartbeatInterval) => {
      const browser = new Browser();
      browser.open({ heartbeatInterval });
      await browser.pass(MINUTE_MS);
      expect(beats(browser)).toBeLessThanOrEqual(13);
    },
  );

  test("are not sent in a storm with an interval beyond what a timer can count", async () => {
    const browser = new Browser();
    browser.open({ heartbeatInterval: 1e15 });
    await browser.pass(HOUR_MS);
    expect(beats(browser)).toBe(1);
    await browser.pass(27 * HOUR_MS);
    expect(beats(browser)).toBe(2);
  });

  test("are not doubled by a tab whose clock is a moment behind another's", async () => {
    const browser = new Browser();
    browser.open();
    await browser.settle();
    const [first] = browser.network.calls;
    browser.clock.setSystemTime(first!.at - 100);
    browser.open();
    await browser.settle();
    expect(beats(browser)).toBe(1);
  });

  test("go on where the clock was set back", async () => {
    const browser = new Browser();
    const tab = browser.open();
    await browser.settle();
    tab.crash();
    browser.clock.setSystemTime(browser.clock.now - 100 * HOUR_MS);
    browser.open();
    await browser.settle();
    expect(beats(browser)).toBe(2);
  });
});

describe("a hidden page", () => {
  test("pauses, and catches up with one heartbeat when the last is older than the interval", async () => {
    const browser = new Browser();
    const tab = browser.open();
    await browser.settle();
    tab.hide();
    await browser.pass(24 * INTERVAL_MS);
    expect(beats(browser)).toBe(1);
    tab.show();
    await browser.settle();
    expect(beats(browser)).toBe(2);
  });

  test("sends nothing on return before the interval is over, and nothing is re-rendered", async () => {
    const browser = new Browser();
    const tab = browser.open();
    await browser.settle();
    const published = tab.seen.length;
    for (let n = 0; n < 20; n += 1) {
      tab.hide();
      await browser.pass(1_000);
      tab.show();
      await browser.pass(1_000);
    }
    expect(beats(browser)).toBe(1);
    expect(tab.seen.length).toBe(published);
  });

  test("never sends more often than every 5 s, however often it is shown", async () => {
    const browser = new Browser();
    const tab = browser.open({ heartbeatInterval: 1 });
    for (let n = 0; n < 200; n += 1) {
      tab.hide();
      await browser.pass(100);
      tab.show();
      await browser.pass(100);
    }
    const times = browser.network.of("trackSession").map(({ at }) => at);
    const gaps = times.slice(1).map((at, i) => at - times[i]!);
    expect(times.length).toBeGreaterThan(3);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(5_000);
  });

  test("leaves the heartbeat to a visible page", async () => {
    const browser = new Browser();
    const hidden = browser.open();
    browser.open();
    hidden.hide();
    await browser.pass(HOUR_MS);
    const tabs = browser.network
      .of("trackSession")
      .slice(1)
      .map(({ tab }) => tab);
    expect(new Set(tabs)).toEqual(new Set([2]));
  });

  test("sends actions all the same", async () => {
    const browser = new Browser();
    const tab = browser.open();
    tab.hide();
    tab.engine.trackUserAction("upload finished");
    await browser.settle();
    expect(browser.network.of("trackUserAction")).toHaveLength(1);
  });
});

describe("without a connection", () => {
  test.each(["browser", "socket"])(
    "24 missed heartbeats are one on return: the %s is offline",
    async (what) => {
      const browser = new Browser();
      const tab = browser.open();
      await browser.settle();
      expect(tab.snapshot.status).toBe("active");
      const set = (up: boolean) => {
        if (what === "browser") tab.online(up);
        browser.network.isUp = up;
      };
      set(false);
      await browser.pass(24 * INTERVAL_MS);
      expect(beats(browser)).toBe(1);
      expect(tab.snapshot).toMatchObject({ status: "offline", error: null });
      set(true);
      await browser.settle();
      expect(beats(browser)).toBe(2);
      expect(tab.snapshot.status).toBe("active");
    },
  );

  test.each(["from the start", "later"])(
    "goes by the socket where the browser wrongly says %s that it is offline",
    async (when) => {
      const browser = new Browser({
        navigator: { onLine: when !== "from the start" },
      });
      const tab = browser.open();
      tab.online(false);
      tab.engine.trackUserAction("click");
      await browser.pass(HOUR_MS);
      expect(tab.snapshot).toMatchObject({ status: "active", error: null });
      expect(beats(browser)).toBeGreaterThan(10);
      expect(browser.network.of("trackUserAction")).toHaveLength(1);
    },
  );

  test("sends nothing before the client has connected", async () => {
    const browser = new Browser();
    browser.network.isUp = false;
    const tab = browser.open();
    await browser.pass(HOUR_MS);
    expect(tab.snapshot).toMatchObject({ status: "starting", error: null });
    expect(tab.snapshot.anonymousId).not.toBeNull();
    browser.network.isUp = true;
    await browser.settle();
    expect(beats(browser)).toBe(1);
  });

  test("takes a closed client for disconnected", async () => {
    const browser = new Browser();
    const closed = () => {
      throw new Error("ConvexReactClient has already been closed.");
    };
    const tab = browser.open(
      {},
      {
        ...browser.network.client(),
        connectionState: closed,
        subscribeToConnectionState: closed,
      },
    );
    tab.online(true);
    await browser.pass(HOUR_MS);
    expect(browser.network.calls).toEqual([]);
  });
});

describe("input as the sign of life", () => {
  test("is needed for each heartbeat with requireInput", async () => {
    const browser = new Browser();
    const tab = browser.open({ requireInput: true });
    await browser.pass(HOUR_MS);
    expect(beats(browser)).toBe(0);
    tab.input();
    await browser.settle();
    expect(beats(browser)).toBe(1);
    for (let n = 0; n < 60; n += 1) {
      tab.input();
      await browser.pass(1_000);
    }
    await browser.pass(HOUR_MS);
    expect(beats(browser)).toBe(2);
  });

  test("is handled without a look at the browser's storage", async () => {
    const browser = new Browser();
    // Engaged time is stored each second.
    const tab = browser.open({ requireInput: true, engagement: false });
    await browser.settle();
    for (const prepare of [() => {}, () => (browser.network.isUp = false)]) {
      prepare();
      tab.input();
      await browser.settle();
      const before = tab.looks;
      for (let n = 0; n < 50; n += 1) tab.input();
      expect(tab.looks).toBe(before);
      await browser.settle();
      const once = tab.looks;
      for (let n = 0; n < 50; n += 1) {
        tab.input();
        await browser.pass(20);
      }
      expect(tab.looks).toBe(once);
      await browser.pass(2 * INTERVAL_MS);
    }
    expect(beats(browser)).toBe(2);
  });

  test("counts for the next heartbeat where it comes before that is due", async () => {
    const browser = new Browser();
    const tab = browser.open({ requireInput: true });
    tab.input();
    await browser.pass(MINUTE_MS);
    expect(beats(browser)).toBe(1);
    tab.input();
    await browser.pass(MINUTE_MS);
    expect(beats(browser)).toBe(1);
    await browser.pass(INTERVAL_MS);
    expect(beats(browser)).toBe(2);
  });

  test("is listened for by passive listeners", () => {
    const { window } = new Browser().open({ requireInput: true });
    expect(window.mayHoldUp("wheel")).toBe(false);
  });

  test("does not count where a script caused it", async () => {
    const browser = new Browser();
    const tab = browser.open({ requireInput: true });
    tab.input(false);
    await browser.pass(HOUR_MS);
    expect(beats(browser)).toBe(0);
  });
});

describe("a page that is left", () => {
  test("sends a heartbeat where the next is due within half the interval", async () => {
    const browser = new Browser();
    const tab = browser.open();
    await browser.pass(4 * MINUTE_MS);
    await tab.close();
    await browser.settle();
    expect(browser.network.of("trackSession").at(-1)).toMatchObject({
      at: browser.clock.now - 2_000 + 20,
      keepalive: true,
    });
    expect(beats(browser)).toBe(2);
  });

  test("sends none where it is due later, the page was hidden, or enters the back/forward cache", async () => {
    const browser = new Browser();
    const first = browser.open();
    await browser.pass(MINUTE_MS / 2);
    await first.close();

    const second = browser.open();
    second.hide();
    await browser.pass(10 * MINUTE_MS);
    await second.close();

    const third = browser.open();
    await browser.pass(4 * MINUTE_MS);
    const before = beats(browser);
    third.freeze();
    await browser.settle();
    expect(beats(browser)).toBe(before);
  });

  test("resumes when it comes back from the back/forward cache", async () => {
    const browser = new Browser();
    const tab = browser.open();
    await browser.settle();
    tab.freeze();
    await browser.pass(HOUR_MS);
    expect(beats(browser)).toBe(1);
    tab.thaw();
    await browser.settle();
    expect(beats(browser)).toBe(2);
    await browser.pass(HOUR_MS);
    expect(beats(browser)).toBeGreaterThan(11);
  });

  test("sends no extra heartbeat: the other tabs count the interval from there", async () => {
    const browser = new Browser();
    const tabs = Array.from({ length: 5 }, () => browser.open());
    await browser.pass(4 * MINUTE_MS);
    for (const tab of tabs.slice(1)) {
      await tab.close();
      await browser.pass(100);
    }
    await browser.pass(4 * MINUTE_MS);
    expect(beats(browser)).toBe(2);
  });
});

test("sends less than two heartbeats an interval where a page is loaded each minute", async () => {
  const browser = new Browser();
  for (let n = 0; n < 55; n += 1) {
    const tab = browser.open();
    await browser.pass(65_000);
    await tab.close();
  }
  expect(beats(browser)).toBeLessThan(24);
});

test.each(["123", "123 abc", " "])(
  "what is no time in the browser's storage does no harm: %o",
  async (stored) => {
    const browser = new Browser();
    const tab = browser.open(null);
    tab.storage.setItem("anonymousUserId@https://app.example:beat", stored);
    tab.mount();
    await browser.pass(HOUR_MS);
    expect(beats(browser)).toBeGreaterThan(10);
    expect(beats(browser)).toBeLessThan(15);
  },
);

test("nothing is sent where the last member leaves before its heartbeat's turn", async () => {
  const browser = new Browser({ locks: false });
  const tab = browser.open(null);
  const { leave } = tab.mount();
  leave();
  await browser.pass(INTERVAL_MS);
  expect(browser.network.calls).toEqual([]);
});

test("the last member that leaves stops everything, and the next goes on", async () => {
  const browser = new Browser();
  const tab = browser.open(null);
  const first = tab.mount();
  const second = tab.mount();
  await browser.settle();
  first.leave();
  await browser.pass(HOUR_MS);
  const before = beats(browser);
  expect(before).toBeGreaterThan(10);
  second.leave();
  expect(tab.window.listening).toBe(0);
  await browser.pass(HOUR_MS);
  expect(beats(browser)).toBe(before);
  tab.mount();
  await browser.settle();
  expect(beats(browser)).toBe(before + 1);
});
