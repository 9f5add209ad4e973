/** Engaged time of one page: what counts, and what is told of it when. */
import { describe, expect, test } from "vitest";
import { type Browser, INTERVAL_MS, MINUTE_MS } from "../support/browser.js";
import { withVisits, type Visits } from "../support/visits.js";

const SECOND_MS = 1_000;
const HOUR_MS = 60 * MINUTE_MS;
const TIME_KEY = "anonymousUserId@https://app.example:time";

function calls(browser: Browser): number {
  return browser.network.of("trackSession").length;
}

/** Within a second of each, as what is told is at most that old. */
function expectSeconds(visits: Visits, ...seconds: number[]) {
  expect(visits.engagedSeconds).toHaveLength(seconds.length);
  for (const [i, engaged] of visits.engagedSeconds.entries()) {
    expect(Math.abs(engaged - seconds[i]!)).toBeLessThanOrEqual(1);
  }
}

describe("time counts", () => {
  test("while the page is in view", async () => {
    const { browser, visits } = withVisits();
    const tab = browser.open();
    await browser.pass(5 * MINUTE_MS);
    tab.hide();
    await browser.pass(10 * MINUTE_MS);
    tab.show();
    await browser.pass(2 * MINUTE_MS);
    await tab.close();
    await browser.settle();
    expectSeconds(visits, 7 * 60);
  });

  test("over page loads, each to the moment that it is left", async () => {
    const { browser, visits } = withVisits();
    for (let n = 0; n < 40; n += 1) {
      const tab = browser.open();
      await browser.pass(1_600);
      await tab.close();
      await browser.pass(500);
    }
    expect(visits.engagedSeconds).toHaveLength(1);
    expect(visits.engagedSeconds[0]).toBeGreaterThan(62);
    expect(visits.engagedSeconds[0]).toBeLessThanOrEqual(64);
  });

  test("also where the page dies without a word, but for the last second", async () => {
    const { browser, visits } = withVisits();
    const tab = browser.open();
    await browser.pass(100 * SECOND_MS);
    tab.crash();
    await browser.pass(MINUTE_MS);
    const next = browser.open();
    await browser.pass(20 * SECOND_MS);
    await next.close();
    await browser.settle();
    expectSeconds(visits, 120);
  });

  test("not while the machine sleeps, whichever way its clocks go", async () => {
    const { browser, visits } = withVisits();
    const tab = browser.open();
    await browser.pass(MINUTE_MS);
    // Timers that are overdue run at once, and but once.
    browser.clock.jump(20 * MINUTE_MS);
    await browser.pass(MINUTE_MS);
    browser.clock.setSystemTime(browser.clock.now + 5 * MINUTE_MS);
    await browser.pass(MINUTE_MS);
    browser.clock.setSystemTime(browser.clock.now - 5 * MINUTE_MS);
    await browser.pass(MINUTE_MS);
    await tab.close();
    await browser.settle();
    const [engaged] = visits.engagedSeconds;
    expect(engaged).toBeGreaterThan(238);
    expect(engaged).toBeLessThanOrEqual(240);
  });

  test("not while nothing runs in the page, nor in the back/forward cache", async () => {
    const { browser, visits } = withVisits();
    const tab = browser.open();
    await browser.pass(MINUTE_MS);
    tab.suspend();
    await browser.pass(10 * MINUTE_MS);
    tab.resume();
    await browser.pass(MINUTE_MS);
    tab.freeze();
    await browser.pass(10 * MINUTE_MS);
    tab.thaw();
    await browser.pass(MINUTE_MS);
    await tab.close();
    await browser.settle();
    const [engaged] = visits.engagedSeconds;
    expect(engaged).toBeGreaterThan(179);
    expect(engaged).toBeLessThanOrEqual(180);
  });

  test("not while the page is prerendered, but from when it is opened", async () => {
    const { browser, visits } = withVisits();
    const tab = browser.prerender();
    await browser.pass(10 * MINUTE_MS);
    expect(browser.storage.entries).toEqual({});
    tab.activate();
    await browser.pass(MINUTE_MS);
    await tab.close();
    await browser.settle();
    expectSeconds(visits, 60);
  });

  test("with requireInput for a minute after each input", async () => {
    const { browser, visits } = withVisits();
    const tab = browser.open({ requireInput: true });
    await browser.pass(MINUTE_MS);
    tab.input();
    await browser.pass(20 * MINUTE_MS);
    tab.input();
    await browser.pass(30 * SECOND_MS);
    tab.input(false);
    tab.input();
    await browser.pass(20 * MINUTE_MS);
    await tab.close();
    await browser.settle();
    const [engaged] = visits.engagedSeconds;
    expect(engaged).toBeGreaterThanOrEqual(149);
    // Each stretch ends with a tick.
    expect(engaged).toBeLessThanOrEqual(152);
  });
});

describe("what is counted is told", () => {
  test("with heartbeats, as the total of the visit that the answer named", async () => {
    const { browser, visits } = withVisits();
    browser.open();
    await browser.pass(HOUR_MS);
    const [visit] = visits.all;
    const reports = browser.network
      .of("trackSession")
      .map(({ args }) => args["visit"]);
    expect(reports[0]).not.toHaveProperty("engagedMs");
    expect(reports.slice(1).length).toBeGreaterThan(10);
    for (const report of reports.slice(1)) {
      expect(report).toMatchObject({ startedAt: visit!.startedAt });
      expect(report).not.toHaveProperty("isLeaving");
    }
  });

  test("once for a stretch in view, when that is over for longer than a moment", async () => {
    const { browser, visits } = withVisits();
    const tab = browser.open();
    await browser.pass(MINUTE_MS);
    tab.hide();
    await browser.pass(4 * SECOND_MS);
    expect(calls(browser)).toBe(1);
    await browser.pass(2 * SECOND_MS);
    expect(calls(browser)).toBe(2);
    expect(browser.network.calls.at(-1)).toMatchObject({
      keepalive: true,
      args: { visit: { isLeaving: true } },
    });
    await browser.pass(HOUR_MS);
    await tab.close();
    await browser.settle();
    expect(calls(browser)).toBe(2);
    expectSeconds(visits, 60);
  });

  test("not where the visitor is back within a moment", async () => {
    const { browser } = withVisits();
    const tab = browser.open();
    await browser.pass(10 * SECOND_MS);
    for (let n = 0; n < 20; n += 1) {
      tab.hide();
      await browser.pass(4 * SECOND_MS);
      tab.show();
      await browser.pass(2 * SECOND_MS);
    }
    expect(calls(browser)).toBe(1);
  });

  test("when the page is left, though the heartbeat is not due", async () => {
    const { browser, visits } = withVisits();
    const tab = browser.open();
    await browser.pass(40 * SECOND_MS);
    await tab.close();
    await browser.settle();
    expect(calls(browser)).toBe(2);
    expectSeconds(visits, 40);
    // It counts as the heartbeat.
    browser.open();
    await browser.pass(4 * MINUTE_MS);
    expect(calls(browser)).toBe(2);
  });

  test("also when it enters the back/forward cache", async () => {
    const { browser, visits } = withVisits();
    const tab = browser.open();
    await browser.pass(40 * SECOND_MS);
    tab.freeze();
    await browser.settle();
    expect(calls(browser)).toBe(2);
    expectSeconds(visits, 40);
  });

  test("not where the machine slept meanwhile, as that would begin a visit, but with the next", async () => {
    const { browser, visits } = withVisits();
    const tab = browser.open();
    await browser.pass(40 * SECOND_MS);
    tab.hide();
    browser.clock.jump(8 * HOUR_MS);
    await tab.close();
    await browser.settle();
    expect(calls(browser)).toBe(1);
    browser.open();
    await browser.settle();
    expect(browser.network.calls[1]).toMatchObject({
      args: { visit: { startedAt: visits.all[0]!.startedAt } },
    });
  });

  test("also where less than a second is new since a heartbeat that the deployment did not write", async () => {
    const { browser, visits } = withVisits();
    const tab = browser.open({ heartbeatInterval: 20_000 });
    let told = 0;
    const { answer } = browser.network;
    browser.network.answer = (call) => {
      const given = answer(call);
      told += 1;
      return given;
    };
    while (told < 3) await browser.pass(100);
    await browser.pass(100);
    const secondsSinceStart =
      (browser.clock.now - visits.all[0]!.startedAt) / 1_000;
    expect(secondsSinceStart).toBeLessThan(60);
    await tab.close();
    await browser.settle();
    const [engaged] = visits.engagedSeconds;
    expect(engaged).toBeGreaterThan(secondsSinceStart - 1);
  });

  test("not where less than a second is new", async () => {
    const { browser } = withVisits();
    const tab = browser.open();
    await browser.pass(800);
    await tab.close();
    await browser.settle();
    expect(calls(browser)).toBe(1);
  });

  test("in the next visit, if the network was away at the end, and is of the one before", async () => {
    const { browser, visits } = withVisits();
    const tab = browser.open();
    await browser.pass(5 * MINUTE_MS);
    tab.hide();
    await browser.pass(10 * MINUTE_MS);
    tab.show();
    await browser.settle();
    browser.network.isUp = false;
    await browser.pass(2 * MINUTE_MS - 2_000);
    await tab.close();
    await browser.pass(10 * HOUR_MS);
    browser.network.isUp = true;
    const next = browser.open();
    await browser.pass(MINUTE_MS);
    await next.close();
    await browser.settle();
    expectSeconds(visits, 7 * 60, 60);
  });

  test("in the next visit, of the one before, though that was heard of no more", async () => {
    const { browser, visits } = withVisits();
    const tab = browser.open();
    await browser.pass(5 * MINUTE_MS);
    browser.network.isUp = false;
    await browser.pass(2 * MINUTE_MS);
    await tab.close();
    await browser.pass(10 * HOUR_MS);
    browser.network.isUp = true;
    const next = browser.open();
    await browser.pass(MINUTE_MS);
    await next.close();
    await browser.settle();
    expectSeconds(visits, 7 * 60, 60);
  });

  test("once, where answers are lost", async () => {
    const { browser, visits } = withVisits();
    let n = 0;
    browser.network.answer = (call) => {
      const answer = visits.answer(call);
      return (n += 1) % 2 ? answer : null;
    };
    const tab = browser.open();
    await browser.pass(20 * MINUTE_MS);
    await tab.close();
    await browser.settle();
    expectSeconds(visits, 20 * 60);
  });

  test("with the end", async () => {
    const { browser, visits } = withVisits();
    const tab = browser.open();
    await browser.pass(90 * SECOND_MS);
    void tab.engine.endSession();
    await browser.pass(MINUTE_MS);
    expectSeconds(visits, 90);
    expect(calls(browser)).toBe(1);
    const next = browser.open();
    await browser.pass(30 * SECOND_MS);
    await next.close();
    await browser.settle();
    expectSeconds(visits, 90, 30);
  });
});

describe("a visit that starts", () => {
  test("after an absence begins at zero", async () => {
    const { browser, visits } = withVisits();
    const tab = browser.open();
    await browser.pass(3 * MINUTE_MS);
    tab.hide();
    await browser.pass(HOUR_MS);
    tab.show();
    await browser.pass(2 * MINUTE_MS);
    tab.hide();
    await browser.pass(MINUTE_MS);
    expectSeconds(visits, 3 * 60, 2 * 60);
  });

  test("as the one before is at its maximum shares no moment with it", async () => {
    const { browser, visits } = withVisits();
    browser.open();
    await browser.pass(30 * HOUR_MS);
    const [first, second] = visits.engagedSeconds;
    // What follows the last heartbeat of a visit is told in the next, and is of neither.
    expect(first! + second!).toBeGreaterThan(30 * 3_600 - 700);
    expect(first! + second!).toBeLessThanOrEqual(30 * 3_600);
    expect(visits.all).toHaveLength(2);
  });

  test.each(["reset", "removal"])(
    "by %s is of somebody new, who begins at zero",
    async (how) => {
      const { browser, visits } = withVisits();
      const tab = browser.open();
      await browser.pass(3 * MINUTE_MS);
      if (how === "reset") tab.engine.reset();
      else tab.storage.removeItem("anonymousUserId");
      tab.hide();
      tab.show();
      await browser.pass(INTERVAL_MS);
      await tab.close();
      await browser.settle();
      const [before, after] = visits.all;
      expect(after!.anonymousId).not.toBe(before!.anonymousId);
      const engaged = visits.engagedSeconds[1];
      const since = (browser.clock.now - after!.startedAt) / 1_000;
      expect(engaged).toBeLessThanOrEqual(since);
      expect(engaged).toBeGreaterThan(since - 5);
    },
  );
});

describe("without consent", () => {
  test("nothing is counted, nor looked at", async () => {
    const { browser, visits } = withVisits();
    const tab = browser.open(null);
    const { update } = tab.mount({ consent: "pending" });
    await browser.pass(5 * MINUTE_MS);
    expect(browser.storage.entries).toEqual({});
    expect(tab.looks).toBe(0);
    update({ consent: "granted" });
    await browser.pass(MINUTE_MS);
    await tab.close();
    await browser.settle();
    expectSeconds(visits, 60);
  });

  test.each([0, 1, 500])(
    "that is withdrawn the total is removed, for tabs that hear of it %d ms later, too",
    async (storageLagMs) => {
      const { browser } = withVisits({ storageLagMs });
      const tab = browser.open(null);
      const { update } = tab.mount();
      browser.open();
      await browser.pass(MINUTE_MS + 400);
      expect(browser.storage.entries).toHaveProperty([TIME_KEY]);
      update({ consent: "denied" });
      await browser.pass(MINUTE_MS);
      expect(browser.storage.entries).toEqual({});
      const [ended] = browser.network.of("endSession");
      expect(Object.keys(ended!.args)).toEqual(["anonymousId"]);
    },
  );
});

test("an answer that comes after a denial stores nothing", async () => {
  const { browser } = withVisits();
  const tab = browser.open(null);
  const { update } = tab.mount();
  await browser.pass(25);
  update({ consent: "denied" });
  await browser.settle();
  expect(browser.network.calls[0]).toMatchObject({ name: "trackSession" });
  expect(browser.storage.entries).toEqual({});
});

describe("the option", () => {
  test("beats adds no call", async () => {
    const { browser, visits } = withVisits();
    const tab = browser.open({ engagement: "beats" });
    // The second heartbeat comes within 5.5 minutes, and the third in no less than half an interval then.
    await browser.pass(5.6 * MINUTE_MS);
    tab.hide();
    await browser.pass(0.4 * MINUTE_MS);
    tab.show();
    await tab.close();
    await browser.settle();
    expect(calls(browser)).toBe(2);
    const [engaged] = visits.engagedSeconds;
    expect(engaged).toBeGreaterThan(0.89 * 300);
    expect(engaged).toBeLessThan(1.11 * 300);
  });

  test("false measures, stores and sends nothing", async () => {
    const { browser } = withVisits();
    const tab = browser.open({ engagement: false, visit: false });
    await browser.pass(HOUR_MS);
    await tab.close();
    await browser.settle();
    expect(Object.keys(browser.storage.entries)).not.toContain(TIME_KEY);
    for (const { args } of browser.network.calls) {
      expect(Object.keys(args)).toEqual(["anonymousId"]);
    }
  });

  test("may change", async () => {
    const { browser, visits } = withVisits();
    const tab = browser.open(null);
    const { update } = tab.mount({ engagement: false });
    await browser.pass(10 * MINUTE_MS);
    update({ engagement: "exact" });
    await browser.pass(10 * MINUTE_MS);
    update({ engagement: false });
    await browser.pass(10 * MINUTE_MS);
    update({ engagement: "exact" });
    await browser.pass(30 * SECOND_MS);
    await tab.close();
    await browser.settle();
    // From when the visit is named anew, by a heartbeat.
    const [engaged] = visits.engagedSeconds;
    expect(engaged).toBeLessThanOrEqual(630);
    expect(engaged).toBeGreaterThan(300);
  });
});
