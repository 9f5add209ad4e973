/** A visitor whom the deployment has blocked: silence in all tabs until the block is over or lifted. */
import { describe, expect, test } from "vitest";
import { Browser, INTERVAL_MS, KEY, MINUTE_MS } from "../support/browser.js";

const HOUR_MS = 60 * MINUTE_MS;
const BLOCK_MS = 2 * HOUR_MS;
const VISITOR = "blocked-visitor";
const BROWSERS = [{ locks: true }, { locks: false }, { storageLagMs: 70 }];

/** A browser whose visitor is blocked for so long, for good without a time; `lift` ends the block. */
function blocked(
  blockMs?: number,
  options?: ConstructorParameters<typeof Browser>[0],
) {
  const browser = new Browser(options);
  const { network, clock } = browser;
  const ok = network.answer;
  const until = blockMs === undefined ? Infinity : clock.now + blockMs;
  browser.open(null).storage.setItem(KEY, VISITOR);
  network.answer = (call) => {
    if (["endSession", "forgetSession"].includes(call.name)) return ok(call);
    if (call.args.anonymousId !== VISITOR || clock.now >= until) {
      return ok(call);
    }
    const value = { ok: false, reason: "revoked" };
    const rest = { retryAfterMs: until - clock.now };
    return {
      status: "success",
      value: until < Infinity ? { ...value, ...rest } : value,
    };
  };
  return { browser, lift: () => (network.answer = ok) };
}

describe.each(BROWSERS)("a block that ends: %o", (options) => {
  test("makes all tabs say so, and silent until then", async () => {
    const { browser } = blocked(BLOCK_MS, options);
    const tabs = [browser.open(), browser.open()];
    await browser.settle();
    for (const { snapshot } of tabs) {
      expect(snapshot).toMatchObject({ status: "revoked", error: null });
      expect(snapshot.anonymousId).not.toBeNull();
    }
    const asked = browser.network.calls.length;
    expect(asked).toBeLessThanOrEqual(2);
    tabs[1]!.hide();
    await browser.pass(BLOCK_MS - MINUTE_MS);
    expect(browser.network.calls).toHaveLength(asked);
    await browser.pass(2 * MINUTE_MS);
    for (const { snapshot } of tabs) expect(snapshot.status).toBe("active");
    expect(browser.network.calls).toHaveLength(asked + 1);
  });

  test("begins and is lifted live, in all tabs", async () => {
    const browser = new Browser(options);
    const tabs = [browser.open(), browser.open()];
    await browser.settle();
    const asked = browser.network.calls.length;
    tabs[0]!.engine.revoke(browser.clock.now + BLOCK_MS);
    await browser.pass(600);
    for (const { snapshot } of tabs) expect(snapshot.status).toBe("revoked");
    await browser.pass(HOUR_MS);
    expect(browser.network.calls).toHaveLength(asked);

    tabs[1]!.engine.revoke(0);
    await browser.settle();
    for (const { snapshot } of tabs) expect(snapshot.status).toBe("active");
    expect(browser.network.calls).toHaveLength(asked + 1);
    await browser.pass(HOUR_MS);
    expect(browser.network.calls.length).toBeGreaterThan(asked + 10);
  });
});

describe("a block for good", () => {
  test("is silent until the page is loaded again, which asks once", async () => {
    const { browser, lift } = blocked();
    const tab = browser.open();
    await browser.pass(1_000 * HOUR_MS);
    expect(tab.snapshot.status).toBe("revoked");
    expect(browser.network.calls).toHaveLength(1);

    await tab.close();
    const again = browser.open();
    await browser.pass(10 * HOUR_MS);
    expect(again.snapshot.status).toBe("revoked");
    expect(browser.network.calls).toHaveLength(2);

    await again.close();
    lift();
    const lifted = browser.open();
    await browser.settle();
    expect(lifted.snapshot.status).toBe("active");
  });

  test("is heard by the tabs that are open when one is loaded after it was lifted", async () => {
    const { browser, lift } = blocked();
    const tab = browser.open();
    await browser.settle();
    lift();
    browser.open();
    await browser.settle();
    expect(tab.snapshot.status).toBe("active");
  });

  test("is not another visitor's: reset() goes on", async () => {
    const { browser } = blocked();
    const tabs = [browser.open(), browser.open()];
    await browser.settle();
    const { anonymousId } = tabs[0]!.snapshot;
    tabs[0]!.engine.trackUserAction("late");
    tabs[0]!.engine.reset();
    tabs[0]!.engine.trackUserAction("click");
    await browser.settle();
    for (const { snapshot } of tabs) {
      expect(snapshot.status).toBe("active");
      expect(snapshot.anonymousId).not.toBe(anonymousId);
    }
    await browser.pass(HOUR_MS);
    const actions = browser.network.of("trackUserAction");
    expect(actions.map(({ args }) => args.action)).toEqual(["late", "click"]);
    expect(tabs[0]!.snapshot.status).toBe("active");
  });
});

describe("what a revoked visitor does", () => {
  test("waits for the end of the block, also over a page load", async () => {
    const { browser } = blocked(BLOCK_MS);
    const tab = browser.open();
    tab.engine.trackUserAction("before");
    await browser.settle();
    tab.engine.trackUserAction("during");
    await browser.pass(MINUTE_MS);
    await tab.close();
    const again = browser.open();
    again.engine.trackUserAction("after a load");
    await browser.pass(BLOCK_MS - 5 * MINUTE_MS);
    const { calls } = browser.network;
    expect(calls.length).toBeLessThanOrEqual(3);
    await browser.pass(10 * MINUTE_MS);
    const recorded = calls.filter(
      ({ name, at }) =>
        name === "trackUserAction" && at > calls[0]!.at + HOUR_MS,
    );
    expect(recorded.map(({ args }) => args.action)).toEqual([
      "before",
      "during",
      "after a load",
    ]);
  });

  test("goes out at once where the block is lifted", async () => {
    const { browser, lift } = blocked();
    const tab = browser.open();
    await browser.settle();
    tab.engine.trackUserAction("click");
    await browser.pass(HOUR_MS);
    lift();
    tab.engine.revoke(0);
    await browser.settle();
    expect(tab.snapshot.error).toBeNull();
    const names = browser.network.calls.slice(1).map(({ name }) => name);
    expect(names).toEqual(["trackUserAction", "trackSession"]);
  });

  test("is not counted as engaged time", async () => {
    const { browser } = blocked(BLOCK_MS);
    const tab = browser.open();
    await browser.pass(BLOCK_MS / 2);
    expect(Object.keys(localStorageOf(tab))).not.toContainEqual(
      expect.stringContaining(":time"),
    );
  });

  test("ends and consent that is denied do not wait", async () => {
    const { browser } = blocked();
    const tab = browser.open(null);
    const { update } = tab.mount({ forgetOnDenied: true });
    await browser.settle();
    await tab.engine.endSession();
    expect(tab.snapshot.status).toBe("revoked");
    update({ forgetOnDenied: true, consent: "denied" });
    await browser.settle();
    expect(browser.network.calls.map(({ name }) => name)).toEqual([
      "trackSession",
      "forgetSession",
    ]);
    expect(localStorageOf(tab)).toEqual({});
    update({ forgetOnDenied: true, consent: "granted" });
    await browser.settle();
    expect(tab.snapshot.status).toBe("active");
  });

  test("an erasure that could not be told goes out while somebody else is revoked", async () => {
    const browser = new Browser();
    const { network } = browser;
    let isReachable = false;
    network.answer = ({ name }) =>
      name !== "forgetSession" || isReachable
        ? { status: "success", value: { ok: false, reason: "revoked" } }
        : null;
    const tab = browser.open(null);
    const { update } = tab.mount({ forgetOnDenied: true, consent: "pending" });
    tab.storage.setItem(KEY, "before");
    tab.storage.setItem(`${KEY}@${tab.url}:beat`, "1 2");
    update({ forgetOnDenied: true, consent: "denied" });
    await browser.settle();
    update({ forgetOnDenied: true, consent: "granted" });
    await browser.settle();
    expect(tab.snapshot.status).toBe("revoked");
    isReachable = true;
    await browser.pass(INTERVAL_MS);
    expect(network.of("forgetSession").at(-1)?.args).toEqual({
      anonymousId: "before",
    });
  });

  test("does not begin anew with consent that was pending meanwhile", async () => {
    const { browser } = blocked();
    const tab = browser.open(null);
    const { update } = tab.mount({ consent: "granted" });
    await browser.settle();
    update({ consent: "pending" });
    await browser.settle();
    expect(tab.snapshot.status).toBe("pending");
    update({ consent: "granted" });
    await browser.pass(HOUR_MS);
    expect(tab.snapshot.status).toBe("revoked");
    expect(browser.network.calls).toHaveLength(1);
  });

  test("is not told by a page that is left", async () => {
    const { browser } = blocked(BLOCK_MS);
    const tab = browser.open();
    tab.engine.trackUserAction("click");
    await browser.pass(BLOCK_MS - MINUTE_MS);
    const asked = browser.network.calls.length;
    tab.hide();
    await tab.close();
    await browser.settle();
    expect(browser.network.calls).toHaveLength(asked);
  });
});

test.each([0, -1, 1e-9, "soon", { $float: "AAAAAAAA8H8=" }, 1e18])(
  "makes no storm where the time is %j",
  async (retryAfterMs) => {
    const browser = new Browser();
    browser.network.answer = () => ({
      status: "success",
      value: { ok: false, reason: "revoked", retryAfterMs },
    });
    const tab = browser.open();
    tab.engine.trackUserAction("click");
    await browser.pass(MINUTE_MS);
    expect(browser.network.calls.length).toBeLessThan(30);
  },
);

function localStorageOf(tab: ReturnType<Browser["open"]>) {
  return Object.fromEntries(Object.entries(tab.storage.asProperties));
}
