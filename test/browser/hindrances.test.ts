/** Hindrances that keep no visitor from a heartbeat an interval, nor another tab from its calls. */
import { expect, test } from "vitest";
import { App } from "./support/app.js";
import { Gate } from "./support/gate.js";
import { allShow, appPath } from "./support/trackers.js";
import { LONGEST_MS, Visitor } from "./support/visitor.js";
import { HOUR_MS } from "../../convex/sessionTracker/shared/times.js";

test("a browser that wrongly says it is offline sends its heartbeats", async () => {
  const app = await App.open();
  const visitor = await Visitor.come(app);
  await visitor.context.addInitScript(() => {
    Object.defineProperty(navigator, "onLine", { get: () => false });
  });
  const tab = await visitor.open();
  await tab.shows("active");
  await app.called("trackSession", 1);
  await tab.page.evaluate(() => dispatchEvent(new Event("offline")));
  for (const beats of [2, 3]) {
    await visitor.pass(LONGEST_MS);
    await app.called("trackSession", beats);
  }
  expect(await tab.page.evaluate(() => navigator.onLine)).toBe(false);
  await tab.shows("active");
});

test.each([
  {
    how: "told to come later",
    answer: {
      status: 200,
      body: {
        status: "success",
        value: { ok: false, reason: "rateLimited", retryAfterMs: HOUR_MS },
      },
    },
  },
  {
    how: "answered with a 503",
    answer: { status: 503, body: { code: "Overloaded", message: "Try later" } },
  },
])("an action $how stops no heartbeat", async ({ answer }) => {
  const app = await App.open();
  const gate = await Gate.before(app.url);
  gate.answers("trackUserAction", answer);
  const visitor = await Visitor.come(app);
  const tab = await visitor.open(appPath(gate.url));
  await allShow(tab, "active");
  await app.called("trackSession", 1);
  await tab.page.evaluate(() => globalThis.trackers[0]?.trackUserAction("buy"));
  for (const beats of [2, 3, 4]) {
    await visitor.pass(LONGEST_MS);
    await app.called("trackSession", beats);
  }
  expect(gate.asked.map(({ name }) => name)).toContain("trackUserAction");
  expect(app.of("trackUserAction")).toEqual([]);

  gate.answers("trackUserAction");
  await visitor.pass(HOUR_MS);
  await app.called("trackUserAction", 1);
  await visitor.pass(LONGEST_MS);
  expect(app.of("trackUserAction")).toHaveLength(1);
});

test("a tab that is frozen while its call is out holds up no other", async () => {
  const app = await App.open();
  const gate = await Gate.before(app.url);
  // Nothing drives the clock of a page in which nothing runs.
  const visitor = await Visitor.come(app, { hasOwnClock: true });
  const path = appPath(gate.url, { intervalMs: 5_000 });
  const [frozen, tab] = await visitor.openWindows(2, path);
  for (const each of [frozen!, tab!]) await allShow(each, "active");
  const held = gate.hold("trackUserAction");
  await frozen!.page.evaluate(() => {
    globalThis.trackers[0]?.trackUserAction("came");
  });
  const letGo = await held;
  const thaw = await frozen!.freeze();
  letGo();
  const isLocked = () =>
    tab!.page.evaluate(async () => {
      const { held } = await navigator.locks.query();
      return held?.length === 1;
    });
  expect(await isLocked()).toBe(true);

  const beats = app.heartbeats.length;
  await app.called("trackSession", beats + 2);
  expect(await isLocked()).toBe(true);
  await tab!.page.evaluate(async () => {
    globalThis.trackers[0]?.trackUserAction("click");
    await globalThis.trackers[0]?.endSession();
  });
  expect(app.of("endSession")).toHaveLength(1);
  expect(app.of("trackUserAction")).toHaveLength(2);
  expect(await isLocked()).toBe(true);

  await thaw();
  await allShow(frozen!, "ended");
  await tab!.page.waitForFunction(async () => {
    const { held, pending } = await navigator.locks.query();
    return !held?.length && !pending?.length;
  });
  expect(app.of("trackUserAction")).toHaveLength(2);
  expect(await app.sessions()).toMatchObject([
    { state: "ended", actionCount: 2 },
  ]);
});
