/** Another script of the page that has the browser keep alive all that it does for a page: 64 KiB. */
import { expect, test } from "vitest";
import { App } from "./support/app.js";
import { Silence } from "./support/silence.js";
import type { Tab } from "./support/tab.js";
import { allShow, appPath } from "./support/trackers.js";
import { Visitor } from "./support/visitor.js";

const BEAT_MS = 5_000;
/** No heartbeat comes between. */
const QUIET_MS = 600_000;

/** A call of the tracker as the page made it, and whether the browser took it. */
interface Made {
  name: string;
  keepalive: boolean;
  isTaken: boolean;
}

declare global {
  var made: Made[];
  /** What the app does when its page goes, before others hear of it. */
  var goes: (() => void) | undefined;
}

async function openFull(intervalMs: number) {
  const app = await App.open();
  const silence = await Silence.open();
  // The refusals take the machine's time.
  const visitor = await Visitor.come(app, { hasOwnClock: true });
  await visitor.context.addInitScript(watch);
  const path = appPath(app.url, { intervalMs });
  const tab = await visitor.open(path);
  await allShow(tab, "active");
  await app.called("trackSession", 1);
  await silence.fill(tab);
  return { app, silence, visitor, tab, path };
}

test("a page that stays sends what it has at once, without having it kept alive", async () => {
  const { app, silence, visitor, tab } = await openFull(BEAT_MS);
  await record(tab, "look");
  await app.called("trackUserAction", 1);
  await app.called("trackSession", app.heartbeats.length + 2);
  await allShow(tab, "active");

  await tab.page.evaluate(() => {
    document.addEventListener("visibilitychange", () => {
      globalThis.trackers[0]?.trackUserAction("hide");
    });
  });
  await visitor.context.newPage();
  expect(await tab.visibility()).toBe("hidden");
  await app.called("trackUserAction", 2);
  const refused = await made(tab);
  expect(refused.map(({ name }) => name)).toContain("trackSession");
  for (const { keepalive, isTaken } of refused)
    expect(isTaken).toBe(!keepalive);

  await silence.end();
  await record(tab, "return");
  // The page hears of it after the deployment.
  await expect
    .poll(async () => (await made(tab)).at(-1))
    .toEqual({
      ...{ name: "trackUserAction", keepalive: true, isTaken: true },
    });
  expect(app.of("trackUserAction")).toHaveLength(3);
});

test("a page that stays ends its session, and is told so", async () => {
  const { app, tab } = await openFull(QUIET_MS);
  await tab.page.evaluate(() => globalThis.trackers[0]?.endSession());
  expect(app.of("endSession")).toHaveLength(1);
  expect(await made(tab)).toContainEqual({
    ...{ name: "endSession", keepalive: true, isTaken: false },
  });
  await allShow(tab, "ended");
  expect(await app.sessions()).toMatchObject([{ state: "ended" }]);
});

test.each([
  { what: "an action", name: "trackUserAction" },
  { what: "an end", name: "endSession" },
])(
  "$what that a page has as it goes is kept for the next page, which tells it once",
  async ({ name }) => {
    const { app, tab, path } = await openFull(QUIET_MS);
    // By this call it knows that nothing is kept alive.
    await record(tab, "look");
    await app.called("trackUserAction", 1);
    await tab.page.evaluate((called) => {
      globalThis.goes = () => {
        const [tracker] = globalThis.trackers;
        if (called === "endSession") void tracker?.endSession();
        else tracker?.trackUserAction("buy");
      };
    }, name);
    const { href } = new URL(path, tab.page.url());
    const told = app.of(name).length;
    await tab.page.goto(href.replace("roots=1", "roots=0"));
    expect(Object.values(await tab.stored()).join()).toContain(name);
    expect(app.of(name)).toHaveLength(told);

    await tab.page.goto(href);
    await app.called(name, told + 1);
    await allShow(tab, "active");
    // What it does after it has told that.
    const actions = app.of("trackUserAction").length;
    await record(tab, "return");
    await app.called("trackUserAction", actions + 1);
    const isAction = name === "trackUserAction";
    expect(app.of(name)).toHaveLength(told + (isAction ? 2 : 1));
  },
);

/** Notes the tracker's calls, and lets the app hear first that its page goes. */
function watch(): void {
  globalThis.made = [];
  const { fetch } = globalThis;
  globalThis.fetch = async (url, init) => {
    const { body, keepalive = false } = init ?? {};
    const isCall = typeof url === "string" && url.endsWith("/api/mutation");
    const name = /"path":"\w+:(\w+)"/.exec(body as string)?.[1] ?? "";
    const note = (isTaken: boolean): void => {
      if (isCall) globalThis.made.push({ name, keepalive, isTaken });
    };
    try {
      const response = await fetch(url, init);
      note(true);
      return response;
    } catch (error) {
      note(false);
      throw error;
    }
  };
  addEventListener("pagehide", () => globalThis.goes?.(), true);
}

/** The tracker's calls since the browser kept no more alive. */
async function made({ page }: Tab): Promise<Made[]> {
  const all = await page.evaluate(() => globalThis.made);
  return all.slice(all.findIndex(({ isTaken }) => !isTaken));
}

async function record({ page }: Tab, action: string): Promise<void> {
  await page.evaluate(
    (name) => globalThis.trackers[0]?.trackUserAction(name),
    action,
  );
}
