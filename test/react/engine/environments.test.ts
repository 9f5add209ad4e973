/** Environments that are no browser, or only half of one. */
import { describe, expect, test, vi } from "vitest";
import { Browser, INTERVAL_MS } from "../support/browser.js";

const nothing = undefined;

const ENVIRONMENTS: Record<string, object> = {
  "React Native": {
    addEventListener: nothing,
    crypto: nothing,
    document: nothing,
    localStorage: nothing,
    navigator: { product: "ReactNative" },
    sessionStorage: nothing,
  },
  "React Native with some of what libraries add": {
    addEventListener: nothing,
    document: {},
    navigator: { product: "ReactNative" },
  },
  "a document without a window": { addEventListener: nothing },
  "a window without a document": { document: nothing },
  "a worker": { document: nothing, localStorage: nothing },
  "a server": {
    addEventListener: nothing,
    document: nothing,
    navigator: nothing,
  },
};

describe.each(Object.keys(ENVIRONMENTS))("the engine in %s", (name) => {
  test("does nothing, settles all promises, and warns once", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    try {
      // The page's globals are getters, which an assignment does not replace.
      const browser = new Browser({
        globals: Object.fromEntries(
          Object.entries(ENVIRONMENTS[name]!).filter(
            ([key]) => !key.endsWith("Storage"),
          ),
        ),
        blocked: ["localStorage", "sessionStorage"],
      });
      const tab = browser.open(null);
      const { leave, update } = tab.mount();
      tab.engine.trackUserAction("ignored");
      tab.engine.reset();
      await tab.engine.endSession();
      update({ consent: "denied", skipBots: true });
      update({ consent: "granted", requireInput: true });
      await browser.pass(2 * INTERVAL_MS);
      leave();
      await tab.engine.endSession();
      expect(tab.snapshot).toEqual({
        anonymousId: null,
        status: "skipped",
        error: null,
      });
      expect(browser.network.calls).toEqual([]);
      expect(tab.window.listening).toBe(0);
      expect(warn.mock.calls).toEqual([
        [expect.stringMatching(/^sessions-ops: .*browser/) as string],
      ]);
    } finally {
      warn.mockRestore();
    }
  });
});

test("an action before there is an id is kept where the lock is never granted", async () => {
  const request = () => new Promise(() => {});
  const browser = new Browser({ navigator: { locks: { request } } });
  const tab = browser.open();
  tab.engine.trackUserAction("click");
  await Promise.all([tab.engine.endSession(), browser.pass(5_000)]);
  expect(browser.network.calls.map(({ name }) => name)).toEqual([
    "trackUserAction",
    "trackSession",
    "endSession",
  ]);
});
