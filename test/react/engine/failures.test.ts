import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { Browser, INTERVAL_MS, MINUTE_MS } from "../support/browser.js";

const HOUR_MS = 60 * MINUTE_MS;

function beats(browser: Browser): number {
  return browser.network.of("trackSession").length;
}

afterEach(() => vi.restoreAllMocks());

describe("functions that the deployment does not have", () => {
  const missing = () => ({
    status: "error",
    errorMessage:
      "Could not find public function for 'sessions:trackSession'. Did you forget to run `npx convex dev` or `npx convex deploy`?",
  });

  test("make the status failing, and are reported once in the console", async () => {
    const warn = vi.spyOn(console, "warn").mockReturnValue();
    const browser = new Browser();
    browser.network.answer = missing;
    const tab = browser.open();
    await browser.pass(HOUR_MS);
    expect(tab.snapshot).toMatchObject({
      status: "failing",
      error: { kind: "failed" },
    });
    expect(beats(browser)).toBeGreaterThan(5);
    expect(warn.mock.calls).toEqual([
      [expect.stringMatching(/'sessions:trackSession'.*functions=\{api\./)],
    ]);
  });

  test("are no failure any more once they are deployed", async () => {
    vi.spyOn(console, "warn").mockReturnValue();
    const browser = new Browser();
    const { answer } = browser.network;
    browser.network.answer = missing;
    const tab = browser.open();
    await browser.pass(MINUTE_MS);
    browser.network.isUp = false;
    await browser.settle();
    expect(tab.snapshot.status).toBe("offline");
    browser.network.isUp = true;
    browser.network.answer = answer;
    await browser.pass(INTERVAL_MS);
    expect(tab.snapshot).toMatchObject({ status: "active", error: null });
  });

  test("are not reported in production", async () => {
    const warn = vi.spyOn(console, "warn").mockReturnValue();
    vi.stubEnv("NODE_ENV", "production");
    onTestFinished(() => void vi.unstubAllEnvs());
    const browser = new Browser();
    browser.network.answer = missing;
    const tab = browser.open();
    await browser.settle();
    expect(tab.snapshot.status).toBe("failing");
    expect(warn).not.toHaveBeenCalled();
  });
});

test("an action that fails does not make the status failing", async () => {
  const browser = new Browser();
  const { answer } = browser.network;
  browser.network.answer = (call) =>
    call.name === "trackSession" ? answer(call) : { status: "error" };
  const tab = browser.open();
  await browser.settle();
  tab.engine.trackUserAction("click");
  await browser.settle();
  expect(tab.snapshot).toMatchObject({
    status: "active",
    error: { kind: "failed" },
  });
});

describe("a heartbeat that fails", () => {
  const FAILURES: Record<string, () => object | null> = {
    "a broken connection": () => null,
    "an overloaded server": () =>
      Response.json({ code: "Overloaded", message: "later" }, { status: 503 }),
    "a function that throws": () => ({ status: "error", errorMessage: "no" }),
    "a page in the server's place": () => new Response("<!doctype html>"),
    "a server that fails": () => new Response("", { status: 500 }),
    "an answer that is none": () => Response.json(null),
  };

  test.each(Object.keys(FAILURES))(
    "is tried again at growing intervals: %s",
    async (name) => {
      const browser = new Browser();
      browser.network.answer = FAILURES[name]!;
      const tab = browser.open();
      await browser.pass(HOUR_MS);
      const times = browser.network.calls.map(({ at }) => at);
      const gaps = times.slice(1).map((at, i) => at - times[i]!);
      expect(gaps[0]).toBeLessThan(11_000);
      expect(gaps[3]).toBeGreaterThan(30_000);
      expect(times.length).toBeGreaterThan(12);
      expect(times.length).toBeLessThan(40);
      expect(Math.max(...gaps)).toBeLessThan(1.1 * INTERVAL_MS);
      expect(tab.snapshot.error).not.toBeNull();

      browser.network.answer = () => ({
        status: "success",
        value: { ok: true },
      });
      await browser.pass(1.1 * INTERVAL_MS);
      expect(tab.snapshot).toMatchObject({ status: "active", error: null });
      const recovered = beats(browser);
      await browser.pass(HOUR_MS);
      expect(beats(browser) - recovered).toBeGreaterThan(9);
    },
  );

  test("is not repeated by two browsers at the same time", async () => {
    const gaps = [1, 2].map(async (seed) => {
      const browser = new Browser({ seed });
      browser.network.answer = () => null;
      browser.open();
      await browser.pass(MINUTE_MS);
      return browser.network.calls[1]!.at - browser.network.calls[0]!.at;
    });
    expect(await gaps[0]).not.toBe(await gaps[1]);
  });

  test("is not repeated by every tab", async () => {
    const [one, five] = [new Browser(), new Browser()];
    for (const browser of [one, five]) browser.network.answer = () => null;
    one.open();
    for (let n = 0; n < 5; n += 1) five.open();
    await one.pass(HOUR_MS);
    await five.pass(HOUR_MS);
    expect(beats(five)).toBeLessThanOrEqual(2 * beats(one));
  });

  test("that is never answered times out", async () => {
    const browser = new Browser();
    const tab = browser.open();
    browser.network.answer = () => {
      browser.network.answer = () => ({
        status: "success",
        value: { ok: true },
      });
      return new Promise(() => {});
    };
    await browser.pass(2 * MINUTE_MS);
    expect(beats(browser)).toBe(2);
    expect(tab.snapshot.error).toBeNull();
  });

  test("waits as long as the app's function asks", async () => {
    const browser = new Browser();
    browser.network.answer = () => ({
      status: "success",
      value: { ok: false, reason: "tooMany", retryAfterMs: 20 * MINUTE_MS },
    });
    const tab = browser.open();
    await browser.pass(19 * MINUTE_MS);
    expect(beats(browser)).toBe(1);
    expect(tab.snapshot.error).toEqual({ kind: "refused", message: "tooMany" });
    await browser.pass(2 * MINUTE_MS);
    expect(beats(browser)).toBe(2);
  });

  test.each([0, -1, 1e-9, "soon", { $float: "AAAAAAAA8H8=" }, 1e18])(
    "makes no storm where it asks for %j",
    async (retryAfterMs) => {
      const browser = new Browser();
      browser.network.answer = () => ({
        status: "success",
        value: { ok: false, reason: "tooMany", retryAfterMs },
      });
      const tab = browser.open();
      tab.engine.trackUserAction("click");
      await browser.pass(MINUTE_MS);
      expect(browser.network.calls.length).toBeLessThan(60);
      const before = beats(browser);
      await browser.pass(25 * HOUR_MS);
      browser.network.answer = () => ({
        status: "success",
        value: { ok: true },
      });
      await browser.pass(25 * HOUR_MS);
      expect(beats(browser)).toBeGreaterThan(before);
      expect(tab.snapshot.error).toBeNull();
    },
  );

  test("does not wait longer where the clock is set back", async () => {
    const browser = new Browser();
    const ok = browser.network.answer;
    browser.network.answer = () => null;
    browser.open();
    await browser.settle();
    browser.clock.setSystemTime(browser.clock.now - 100 * HOUR_MS);
    browser.network.answer = ok;
    await browser.pass(MINUTE_MS);
    expect(beats(browser)).toBe(2);
  });
});

describe("an action that the function delays", () => {
  const LATER: Record<string, () => object> = {
    "the app's function asks for an hour": () => ({
      status: "success",
      value: { ok: false, reason: "tooMany", retryAfterMs: HOUR_MS },
    }),
    "an overloaded server": () => new Response("", { status: 503 }),
    "a broken connection": () => Promise.resolve(null),
  };

  test.each(Object.keys(LATER))(
    "does not stop heartbeats: %s",
    async (name) => {
      const browser = new Browser();
      const ok = browser.network.answer;
      browser.network.answer = (call) =>
        call.name === "trackUserAction" ? LATER[name]!() : ok(call);
      const tab = browser.open();
      await browser.settle();
      tab.engine.trackUserAction("click");
      await browser.pass(HOUR_MS - MINUTE_MS);
      const times = browser.network.of("trackSession").map(({ at }) => at);
      const gaps = times.slice(1).map((at, i) => at - times[i]!);
      expect(gaps.length).toBeGreaterThan(9);
      expect(Math.max(...gaps)).toBeLessThan(1.1 * INTERVAL_MS + 2_000);

      browser.network.answer = ok;
      await browser.pass(INTERVAL_MS);
      const tries = browser.network.of("trackUserAction");
      expect(tries.at(-1)).toMatchObject({ args: { action: "click" } });
      if (name.includes("hour")) expect(tries).toHaveLength(2);
      await browser.pass(HOUR_MS);
      expect(browser.network.of("trackUserAction")).toHaveLength(tries.length);
    },
  );

  test("does not keep a page that is left from its last heartbeat", async () => {
    const browser = new Browser();
    const ok = browser.network.answer;
    const value = { ok: false, reason: "tooMany", retryAfterMs: HOUR_MS };
    browser.network.answer = (call) =>
      call.name === "trackUserAction" ? { status: "success", value } : ok(call);
    const tab = browser.open();
    await browser.settle();
    tab.engine.trackUserAction("click");
    await browser.pass(4 * MINUTE_MS);
    await tab.close();
    await browser.settle();
    expect(beats(browser)).toBe(2);
    expect(browser.network.of("trackUserAction")).toHaveLength(1);
  });
});

test("a heartbeat that the function delays stops no action", async () => {
  const browser = new Browser();
  const ok = browser.network.answer;
  const value = { ok: false, reason: "tooMany", retryAfterMs: HOUR_MS };
  browser.network.answer = (call) =>
    call.name === "trackSession" ? { status: "success", value } : ok(call);
  const tab = browser.open();
  await browser.settle();
  tab.engine.trackUserAction("click");
  await browser.settle();
  expect(browser.network.of("trackUserAction")).toHaveLength(1);
  await browser.pass(MINUTE_MS * 59);
  expect(beats(browser)).toBe(1);
});
