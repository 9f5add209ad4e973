/** Invalid options that JavaScript lets through. */
import { describe, expect, test } from "vitest";
import type { SessionTrackerOptions } from "../../../react/engine/options.js";
import { Browser, INTERVAL_MS, MINUTE_MS } from "../support/browser.js";

function given(option: Record<string, unknown>): SessionTrackerOptions {
  return option;
}

function beats(browser: Browser): number {
  return browser.network.of("trackSession").length;
}

describe("an interval that is no number", () => {
  test.each([null, NaN, "", "60000", true, 5_000n, {}, []])(
    "is the default: %o",
    async (heartbeatInterval) => {
      const browser = new Browser();
      browser.open(given({ heartbeatInterval }));
      await browser.pass(0.85 * INTERVAL_MS);
      expect(beats(browser)).toBe(1);
      await browser.pass(0.3 * INTERVAL_MS);
      expect(beats(browser)).toBe(2);
    },
  );

  test("leaves the interval of another hook in force", async () => {
    const browser = new Browser();
    const tab = browser.open(given({ heartbeatInterval: null }));
    tab.mount({ heartbeatInterval: MINUTE_MS });
    tab.mount(given({ heartbeatInterval: NaN }));
    await browser.pass(10 * MINUTE_MS);
    expect(beats(browser)).toBeGreaterThan(8);
    expect(beats(browser)).toBeLessThan(13);
  });
});

describe("an invalid consent", () => {
  test.each(["yes", "Granted", true, 1, {}])(
    "is taken for pending: %o",
    async (consent) => {
      const browser = new Browser();
      const tab = browser.open(given({ consent }));
      await browser.pass(INTERVAL_MS);
      expect(tab.snapshot).toMatchObject({
        status: "pending",
        anonymousId: null,
      });
      expect(browser.network.calls).toEqual([]);
      tab.mount({ consent: "granted" });
      await browser.settle();
      expect(tab.snapshot.status).toBe("pending");
      tab.mount({ consent: "denied" });
      await browser.settle();
      expect(tab.snapshot.status).toBe("denied");
    },
  );

  test.each([null, undefined])("is ignored where it is %o", async (none) => {
    const browser = new Browser();
    const tab = browser.open(given({ consent: none }));
    await browser.settle();
    expect(tab.snapshot.status).toBe("active");
    const pending = tab.mount({ consent: "pending" });
    await browser.settle();
    expect(tab.snapshot.status).toBe("pending");
    pending.leave();
    await browser.settle();
    expect(tab.snapshot.status).toBe("pending");
  });
});
