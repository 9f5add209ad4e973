/** What is told of a visit: where the visitor is, on what, and where they came from. */
import { describe, expect, test, vi } from "vitest";
import type { VisitFacts } from "../../../react/engine/options.js";
import { Browser, INTERVAL_MS, MINUTE_MS } from "../support/browser.js";

type Options = ConstructorParameters<typeof Browser>[0];

function told(browser: Browser): VisitFacts[] {
  return browser.network
    .of("trackSession")
    .map(({ args }) => args["visit"] as VisitFacts);
}

/** What the first heartbeat of a page tells. */
async function firstOf(options: Options): Promise<VisitFacts | undefined> {
  const browser = new Browser(options);
  browser.open();
  await browser.settle();
  return told(browser)[0];
}

const utm = (value: string) => ({
  address: `https://app.example/?utm_source=${value}&utm_medium=${value}&utm_campaign=${value}`,
});

describe("the path", () => {
  test.each([
    ["https://app.example", "/"],
    ["https://app.example/pricing/?plan=1#top", "/pricing/"],
    [`https://app.example/${"p".repeat(600)}`, `/${"p".repeat(511)}`],
    ["https://app.example/\u{1f600}", "/%F0%9F%98%80"],
  ])("of %s", async (address, path) => {
    expect(await firstOf({ address })).toMatchObject({ path });
  });

  test("is where a router has led the visitor by then", async () => {
    const browser = new Browser();
    const tab = browser.open();
    await browser.settle();
    tab.location.href = "https://app.example/account?id=5";
    await browser.pass(1.2 * INTERVAL_MS);
    expect(told(browser).map(({ path }) => path)).toEqual(["/", "/account"]);
  });
});

describe("the referrer", () => {
  test.each([
    ["https://news.example.com/item?id=1", "news.example.com"],
    ["https://www.google.com/", "google.com"],
    ["http://other.example:8080/", "other.example"],
    ["https://xn--bcher-kva.example/", "xn--bcher-kva.example"],
    ["android-app://com.google.android.gm/", "com.google.android.gm"],
    ["https://x.com/", "x.com"],
    ["https://blog.my.app.example.com/", "blog.my.app.example.com"],
  ])("of %s", async (referrer, host) => {
    expect(await firstOf({ referrer })).toMatchObject({ referrer: host });
  });

  test.each([
    "",
    "https://app.example/signup",
    "https://www.app.example/",
    "http://app.example:3000/",
    "https://example/",
    "http://192.168.1.20/admin",
    "http://8.8.8.8:80/",
    "http://[2001:db8::1]/",
    "http://[::ffff:1.2.3.4]:80/",
    "about:client",
  ])("is left out: %j", async (referrer) => {
    expect(await firstOf({ referrer })).not.toHaveProperty("referrer");
  });

  test("is none where the page is at www. of the same site", async () => {
    const options = {
      address: "https://www.shop.example/",
      referrer: "https://shop.example/",
    };
    expect(await firstOf(options)).not.toHaveProperty("referrer");
  });
});

describe("the utm fields", () => {
  test("are those of the address that was opened", async () => {
    const browser = new Browser({
      address:
        "https://app.example/?utm_source=news+letter&utm_medium=e%2Dmail&utm_campaign=May%202&utm_term=x#a?utm_source=no",
    });
    const tab = browser.open(null);
    // A router that cleans the address up before anything is tracked.
    tab.location.href = "https://app.example/";
    tab.mount();
    await browser.settle();
    expect(told(browser)[0]).toEqual({
      path: "/",
      device: "desktop",
      utmSource: "news letter",
      utmMedium: "e-mail",
      utmCampaign: "May 2",
    });
  });

  test("are cut to 128 characters, and not within one", async () => {
    expect(await firstOf(utm("x".repeat(200)))).toMatchObject({
      utmSource: "x".repeat(128),
      utmMedium: "x".repeat(128),
      utmCampaign: "x".repeat(128),
    });
    const text = `${"x".repeat(127)}\u{1f600}\u{1f600}`;
    const { utmSource } = (await firstOf(utm(encodeURIComponent(text))))!;
    expect(utmSource).toBe("x".repeat(127));
  });

  test("are left out where they are empty, or not there", async () => {
    const facts = { path: "/", device: "desktop" };
    expect(await firstOf(utm(""))).toEqual(facts);
    expect(await firstOf({ address: "https://app.example/?a=1" })).toEqual(
      facts,
    );
  });
});

test("a tab that lay open tells where its visitor is, no more where they came from", async () => {
  const browser = new Browser({
    ...utm("x"),
    referrer: "https://news.example.com/",
  });
  const tab = browser.open();
  tab.hide();
  await browser.pass(20 * MINUTE_MS);
  tab.show();
  await browser.settle();
  tab.hide();
  await browser.pass(60 * MINUTE_MS);
  tab.show();
  await browser.settle();
  expect(told(browser)).toMatchObject([
    { referrer: "news.example.com", utmSource: "x" },
    {},
  ]);
  expect(told(browser)[1]).toEqual({ path: "/", device: "desktop" });
});

const AGENTS = {
  desktop: [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Safari/605.1.15",
    "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0",
    "",
  ],
  mobile: [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Android 14; Mobile; rv:130.0) Gecko/130.0 Firefox/130.0",
  ],
  tablet: [
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/12.1 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Android 14; Tablet; rv:130.0) Gecko/130.0 Firefox/130.0",
  ],
};

test.each(
  Object.entries(AGENTS).flatMap(([device, agents]) =>
    agents.map((userAgent) => ({ device, userAgent })),
  ),
)("the device is $device: $userAgent", async ({ device, userAgent }) => {
  const maxTouchPoints = device === "desktop" ? 0 : 5;
  const navigator = { userAgent, maxTouchPoints };
  expect(await firstOf({ navigator })).toMatchObject({ device });
});

test("a tablet that says it is a Macintosh is known by its touch screen; a desktop may have one", async () => {
  const [windows, mac] = AGENTS.desktop;
  const of = (userAgent: string) =>
    firstOf({ navigator: { userAgent, maxTouchPoints: 5 } });
  expect(await of(mac!)).toMatchObject({ device: "tablet" });
  expect(await of(windows!)).toMatchObject({ device: "desktop" });
});

describe("the app's function", () => {
  const options = { ...utm("x"), referrer: "https://news.example.com/" };

  test("sees all, and what it returns is told", async () => {
    const browser = new Browser(options);
    const visit = vi.fn(({ path, device }: VisitFacts) => ({
      path: path!.replace(/\d+/, ":id"),
      device,
    }));
    const tab = browser.open(null);
    tab.location.href = "https://app.example/orders/17";
    tab.mount({ visit });
    await browser.settle();
    expect(visit).toHaveBeenCalledWith({
      path: "/orders/17",
      device: "desktop",
      referrer: "news.example.com",
      utmSource: "x",
      utmMedium: "x",
      utmCampaign: "x",
    });
    expect(told(browser)).toEqual([{ path: "/orders/:id", device: "desktop" }]);
  });

  test.each([{ visit: () => null }, { visit: false } as const])(
    "tells nothing, though engaged time is measured: %o",
    async ({ visit }) => {
      const browser = new Browser(options);
      const startedAt = browser.clock.now;
      browser.network.answer = () => ({
        status: "success",
        value: { ok: true, visitStartedAt: startedAt },
      });
      browser.open({ visit });
      await browser.pass(1.2 * INTERVAL_MS);
      expect(told(browser)).toEqual([
        {},
        { startedAt, engagedMs: expect.any(Number) as number },
      ]);
    },
  );

  test("that throws tells nothing, and is shown as an error", async () => {
    const browser = new Browser(options);
    const tab = browser.open({
      visit: () => {
        throw new Error("no such route");
      },
    });
    await browser.settle();
    expect(told(browser)).toEqual([{}]);
    expect(tab.seen.map(({ error }) => error)).toContainEqual({
      kind: "invalidVisit",
      message: "Error: no such route",
    });
  });

  test("is the one of the last rendering", async () => {
    const browser = new Browser();
    const tab = browser.open(null);
    const member = { visit: (): VisitFacts => ({ path: "/first" }) };
    tab.mount(member);
    await browser.settle();
    member.visit = () => ({ path: "/second" });
    await browser.pass(1.2 * INTERVAL_MS);
    expect(told(browser).map(({ path }) => path)).toEqual([
      "/first",
      "/second",
    ]);
  });
});

describe("an app's own function that takes nothing but an id", () => {
  test.each([
    { status: "error", errorMessage: "ArgumentValidationError" },
    { status: "success", value: { ok: false, reason: "invalidVisit" } },
  ])("is called without the visit from then on: %o", async (refusal) => {
    vi.spyOn(console, "warn").mockReturnValue();
    const browser = new Browser();
    browser.network.answer = ({ args }) =>
      "visit" in args ? refusal : { status: "success", value: null };
    const tab = browser.open();
    await browser.pass(60 * MINUTE_MS);
    expect(tab.snapshot).toMatchObject({ status: "active", error: null });
    const visits = told(browser);
    expect(visits.slice(1).every((visit) => visit === undefined)).toBe(true);
    expect(visits.length).toBeGreaterThan(11);
    vi.restoreAllMocks();
  });
});

describe("a heartbeat that fails once", () => {
  /** What is answered to the heartbeats one after the other, and from then on. */
  async function toldWhere(
    answer: (n: number, hasVisit: boolean) => object,
  ): Promise<boolean[]> {
    vi.spyOn(console, "warn").mockReturnValue();
    const browser = new Browser();
    let n = 0;
    browser.network.answer = ({ args }) => answer(++n, "visit" in args);
    browser.open();
    await browser.pass(60 * MINUTE_MS);
    vi.restoreAllMocks();
    return told(browser).map((visit) => visit !== undefined);
  }
  const thrown = { status: "error", errorMessage: "Server Error" };
  const done = {
    status: "success",
    value: { ok: true, visitStartedAt: 1_800_000_000_000 },
  };

  test.each([1, 3])(
    "is followed by ones with the visit: the %dth",
    async (bad) => {
      const visits = await toldWhere((n) => (n === bad ? thrown : done));
      const plain = visits.flatMap((hasVisit, i) => (hasVisit ? [] : [i]));
      expect(plain).toEqual([bad]);
      expect(visits.length).toBeGreaterThan(11);
    },
  );

  test("costs an app's function that passes the answer on one call more", async () => {
    const visits = await toldWhere((_n, hasVisit) =>
      hasVisit ? thrown : done,
    );
    expect(visits.slice(0, 4)).toEqual([true, false, true, false]);
    expect(visits.slice(4)).not.toContain(true);
  });
});

test("a visitor who is told to come later still tells of the visit then", async () => {
  const browser = new Browser();
  let n = 0;
  browser.network.answer = () => ({
    status: "success",
    value: (n += 1) > 1 || {
      ok: false,
      reason: "tooManySessions",
      retryAfterMs: 20_000,
    },
  });
  browser.open();
  await browser.pass(MINUTE_MS);
  expect(told(browser)).toMatchObject([{ path: "/" }, { path: "/" }]);
});

test("nothing of the page is looked at before consent", async () => {
  const browser = new Browser();
  const tab = browser.open(null);
  const look = vi.spyOn(tab.document, "referrer", "get");
  const { update } = tab.mount({ consent: "pending" });
  await browser.pass(MINUTE_MS);
  expect(look).not.toHaveBeenCalled();
  expect(browser.network.calls).toEqual([]);
  update({ consent: "granted" });
  await browser.settle();
  expect(look).toHaveBeenCalledOnce();
});
