import { describe, expect, test } from "vitest";
import {
  Browser,
  INTERVAL_MS,
  MINUTE_MS,
  type Tab,
} from "../support/browser.js";

function sent(browser: Browser): unknown[] {
  return browser.network
    .of("trackUserAction")
    .map(({ args }) => args["action"]);
}

/** Records actions by number, so that their order can be seen. */
function act(tab: Tab, from: number, to: number): string[] {
  const actions = Array.from(
    { length: to - from },
    (_, i) => `action ${from + i}`,
  );
  for (const action of actions) tab.engine.trackUserAction(action);
  return actions;
}

describe("actions", () => {
  test("are sent in order, also those recorded before there is an id", async () => {
    const browser = new Browser();
    const tab = browser.open();
    const actions = act(tab, 0, 10);
    await browser.settle();
    expect(sent(browser)).toEqual(actions);
    const ids = browser.network.calls.map(({ args }) => args["anonymousId"]);
    expect(new Set(ids)).toEqual(new Set([tab.snapshot.anonymousId]));
  });

  test("carry their values as they were given, encoded as Convex does", async () => {
    const browser = new Browser();
    const tab = browser.open();
    const metadata = { size: 3n, tags: ["a"], nothing: undefined };
    tab.engine.trackUserAction("buy", { resourceId: "r1", metadata });
    metadata.tags.push("b");
    await browser.settle();
    expect(browser.network.of("trackUserAction")[0]?.args).toEqual({
      anonymousId: tab.snapshot.anonymousId,
      action: "buy",
      resourceId: "r1",
      metadata: { size: { $integer: "AwAAAAAAAAA=" }, tags: ["a"] },
    });
  });

  test("that cannot be encoded are reported, and nothing is thrown", async () => {
    const browser = new Browser();
    const tab = browser.open();
    const metadata = { when: new Date(0) };
    tab.engine.trackUserAction("bad", { metadata });
    expect(tab.snapshot.error).toMatchObject({ kind: "invalidAction" });
    expect(tab.snapshot.error?.message).toContain("bad");
    for (const odd of [Symbol("odd"), 1n]) {
      tab.engine.trackUserAction(odd as unknown as string, { metadata });
      expect(tab.snapshot.error?.message).toContain(odd.toString());
    }
    act(tab, 0, 1);
    await browser.settle();
    expect(sent(browser)).toEqual(["action 0"]);
  });

  test("wait for a connection, also across a reload, and are sent once and in order", async () => {
    const browser = new Browser();
    browser.network.isUp = false;
    const first = browser.open();
    await browser.settle();
    const actions = act(first, 0, 5);
    await first.close();
    await browser.pass(100);
    const second = browser.open();
    actions.push(...act(second, 5, 8));
    await browser.pass(MINUTE_MS);
    expect(browser.network.calls).toEqual([]);
    browser.network.isUp = true;
    await browser.settle();
    expect(sent(browser)).toEqual(actions);
  });

  test.each([{ locks: true }, { locks: false }])(
    "of several tabs are sent once when the connection comes back: %o",
    async (options) => {
      const browser = new Browser(options);
      const tabs = Array.from({ length: 4 }, () => browser.open());
      await browser.settle();
      browser.network.isUp = false;
      const actions: string[] = [];
      for (const [n, tab] of tabs.entries()) {
        actions.push(...act(tab, 3 * n, 3 * n + 3));
        await browser.pass(10);
      }
      browser.network.isUp = true;
      await browser.pass(10_000);
      expect(sent(browser).toSorted()).toEqual(actions.toSorted());
      if (options.locks) expect(sent(browser)).toEqual(actions);
    },
  );

  test("of tabs opened at once are each sent once, however late the tabs see each other's writes", async () => {
    for (let seed = 1; seed <= 8; seed += 1) {
      const browser = new Browser({ storageLagMs: 5, seed });
      const tabs = Array.from({ length: 4 }, () => browser.open());
      const actions = tabs.flatMap((tab, n) => act(tab, n, n + 1));
      await browser.pass(10_000);
      expect(sent(browser).toSorted()).toEqual(actions);
    }
  });

  test("beyond 100 drop the oldest, and are counted", async () => {
    const browser = new Browser();
    browser.network.isUp = false;
    const tab = browser.open();
    await browser.settle();
    const actions = act(tab, 0, 130);
    expect(tab.snapshot.error).toMatchObject({ kind: "actionsDropped" });
    expect(tab.snapshot.error?.message).toMatch(/^30\b/);
    browser.network.isUp = true;
    await browser.pass(10_000);
    expect(sent(browser)).toEqual(actions.slice(30));
  });

  test("whose request was lost are sent again, in order", async () => {
    const browser = new Browser();
    const tab = browser.open();
    await browser.settle();
    const answer = browser.network.answer;
    let failures = 3;
    browser.network.answer = (call) => {
      if (failures-- > 0) {
        const overloaded = { code: "Overloaded", message: "later" };
        return Response.json(overloaded, { status: 503 });
      }
      return answer(call);
    };
    const actions = act(tab, 0, 3);
    await browser.pass(2 * MINUTE_MS);
    expect(sent(browser)).toEqual([
      "action 0",
      "action 0",
      "action 0",
      ...actions,
    ]);
    expect(tab.snapshot.error).toBeNull();
  });

  test("whose answer was lost are sent again, though the server ran them", async () => {
    const browser = new Browser();
    const tab = browser.open();
    await browser.settle();
    const answer = browser.network.answer;
    browser.network.answer = (call) => {
      browser.network.answer = answer;
      return call.name === "trackUserAction" ? null : answer(call);
    };
    act(tab, 0, 2);
    await browser.pass(MINUTE_MS);
    expect(sent(browser)).toEqual(["action 0", "action 0", "action 1"]);
  });

  const TOO_MANY = { code: "TooManyArguments", message: "tooManyActions" };

  test.each([
    () => ({
      status: "success",
      value: { ok: false, reason: TOO_MANY.message },
    }),
    () => ({ status: "error", errorMessage: TOO_MANY.message }),
    // The deployment cannot even take this for a call.
    () => Response.json(TOO_MANY, { status: 400 }),
  ])(
    "that the function refuses hold up none behind them (%#)",
    async (refusal) => {
      const browser = new Browser();
      const tab = browser.open();
      await browser.settle();
      const answer = browser.network.answer;
      const errors: unknown[] = [];
      browser.network.answer = (call) => {
        errors.push(tab.snapshot.error);
        return call.args["action"] === "action 1" ? refusal() : answer(call);
      };
      act(tab, 0, 3);
      await browser.settle();
      expect(sent(browser)).toEqual(["action 0", "action 1", "action 2"]);
      expect(errors[2]).toMatchObject({ message: "tooManyActions" });
    },
  );

  test.each([429, 500, 503])(
    "that the server answers with %d are sent again",
    async (status) => {
      const browser = new Browser();
      const tab = browser.open();
      await browser.settle();
      const answer = browser.network.answer;
      browser.network.answer = () => {
        browser.network.answer = answer;
        return Response.json({ code: "Busy", message: "later" }, { status });
      };
      act(tab, 0, 1);
      await browser.pass(MINUTE_MS);
      expect(sent(browser)).toEqual(["action 0", "action 0"]);
    },
  );

  test("that the function delays are sent later", async () => {
    const browser = new Browser();
    const tab = browser.open();
    await browser.settle();
    const answer = browser.network.answer;
    const value = { ok: false, reason: "slowDown", retryAfterMs: MINUTE_MS };
    browser.network.answer = () => ({ status: "success", value });
    act(tab, 0, 2);
    await browser.pass(MINUTE_MS / 2);
    browser.network.answer = answer;
    expect(sent(browser)).toEqual(["action 0"]);
    await browser.pass(MINUTE_MS);
    expect(sent(browser)).toEqual(["action 0", "action 0", "action 1"]);
  });

  test.each([
    "{broken",
    "1",
    "[1]",
    '{"action":"forged"}',
    "[[]]",
    '["click"]',
  ])(
    "are sent although the store holds an invalid item: %s",
    async (stored) => {
      const browser = new Browser();
      const tab = browser.open(null);
      const key = "anonymousUserId@https://app.example:waiting:1";
      tab.storage.setItem(key, stored);
      tab.mount();
      act(tab, 0, 1);
      await browser.settle();
      act(tab, 1, 2);
      await browser.pass(2 * INTERVAL_MS);
      expect(sent(browser)).toEqual(["action 0", "action 1"]);
      expect(browser.network.of("trackSession").length).toBeGreaterThan(1);
    },
  );
});

describe("actions of a page that goes", () => {
  test("are all sent with keepalive, and not again by the next page", async () => {
    const browser = new Browser();
    const first = browser.open();
    await browser.settle();
    const actions = act(first, 0, 5);
    // The first action is under way, and its answer will find nobody.
    await browser.pass(5);
    await first.close();
    browser.open();
    await browser.pass(2 * INTERVAL_MS);
    expect(sent(browser).toSorted()).toEqual(actions);
    expect(
      browser.network.of("trackUserAction").every(({ keepalive }) => keepalive),
    ).toBe(true);
  });

  test("are not recorded twice where the first is still under way", async () => {
    const browser = new Browser();
    const tab = browser.open();
    await browser.settle();
    const actions = act(tab, 0, 3);
    // The action has arrived, and its answer has not.
    await browser.pass(30);
    await tab.close();
    await browser.settle();
    browser.open();
    await browser.pass(2 * INTERVAL_MS);
    expect(sent(browser)).toEqual(actions);
  });

  test("do not wait in the back/forward cache", async () => {
    const browser = new Browser();
    const tab = browser.open();
    await browser.settle();
    const actions = act(tab, 0, 3);
    tab.freeze();
    // All time passes at once: nothing runs in the page.
    await browser.pass(25);
    expect(sent(browser).toSorted()).toEqual(actions);
  });

  test("are sent with keepalive as long as their bytes fit", async () => {
    const browser = new Browser();
    const tab = browser.open();
    await browser.settle();
    tab.engine.trackUserAction("long", { metadata: "界".repeat(15_000) });
    await browser.settle();
    expect(browser.network.of("trackUserAction")).toMatchObject([
      { keepalive: false },
    ]);
  });

  test("wait for the next page where they exceed the browsers' limit for keepalive, or offline", async () => {
    const browser = new Browser();
    const first = browser.open();
    await browser.settle();
    const metadata = "x".repeat(8_000);
    for (let n = 0; n < 5; n += 1) {
      first.engine.trackUserAction(`action ${n}`, { metadata });
    }
    await browser.pass(5);
    await first.close();
    await browser.pass(1_000);
    const before = sent(browser);
    expect(before.length).toBeGreaterThan(1);
    expect(before.length).toBeLessThan(5);
    browser.open();
    await browser.settle();
    expect(sent(browser)).toEqual([
      "action 0",
      "action 1",
      "action 2",
      "action 3",
      "action 4",
    ]);
  });
});

describe("beforeSend", () => {
  test("stays in force when its component is unmounted", async () => {
    const browser = new Browser();
    const tab = browser.open();
    const { leave } = tab.mount({
      beforeSend: (action) => ({ ...action, metadata: "redacted" }),
    });
    leave();
    tab.engine.trackUserAction("pay", { metadata: { card: "4111" } });
    await browser.settle();
    expect(browser.network.of("trackUserAction")).toMatchObject([
      { args: { metadata: "redacted" } },
    ]);
  });

  test("sees each action before it is stored, and changes or drops it", async () => {
    const browser = new Browser();
    browser.network.isUp = false;
    const tab = browser.open({
      beforeSend: (action) =>
        action.action === "secret" ? null : { ...action, metadata: "redacted" },
    });
    await browser.settle();
    tab.engine.trackUserAction("pay", { metadata: { card: "4111" } });
    tab.engine.trackUserAction("secret");
    expect(JSON.stringify(browser.storage.entries)).not.toMatch(/4111|secret/);
    browser.network.isUp = true;
    await browser.settle();
    expect(
      browser.network.of("trackUserAction").map(({ args }) => args),
    ).toEqual([
      {
        anonymousId: tab.snapshot.anonymousId,
        action: "pay",
        metadata: "redacted",
      },
    ]);
  });

  test("that throws sends nothing, and throws nothing into the app", async () => {
    const browser = new Browser();
    const tab = browser.open({
      beforeSend: () => {
        throw new Error("oops");
      },
    });
    act(tab, 0, 1);
    await browser.settle();
    expect(browser.network.of("trackUserAction")).toEqual([]);
    expect(tab.seen.map(({ error }) => error?.kind)).toContain("invalidAction");
  });
});
