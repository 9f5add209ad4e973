/** The identity of a visitor: one browser, one id, one session. */
import { expect, test } from "vitest";
import { App, expectOneEach } from "./support/app.js";
import { INSECURE_HOST } from "./support/chromium.js";
import { INTERVAL_MS, LONGEST_MS, Visitor } from "./support/visitor.js";
import {
  HOUR_MS,
  MINUTE_MS,
} from "../../convex/sessionTracker/shared/times.js";

const UUID = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

test("a first visit creates one session, and a reload keeps it", async () => {
  const app = await App.open();
  const visitor = await Visitor.come(app);
  const tab = await visitor.open();
  await tab.shows("active");
  await app.called("trackSession", 1);
  const anonymousId = await tab.anonymousId();
  expect(anonymousId).toMatch(UUID);
  const [session, ...others] = await app.sessions();
  expect(session).toMatchObject({ anonymousId, state: "active", visits: 1 });
  expect(others).toEqual([]);

  await tab.page.reload();
  await tab.shows("active");
  await visitor.pass(LONGEST_MS);
  expect(await tab.anonymousId()).toBe(anonymousId);
  expect(await app.sessions()).toHaveLength(1);
  // One heartbeat came at first and one an interval later: the reload sent none.
  expect(app.heartbeats).toHaveLength(2);
  expect(visitor.complaints).toEqual([]);
});

test("two tabs opened at once agree on one id", async () => {
  const app = await App.open();
  const visitor = await Visitor.come(app);
  const tabs = await visitor.openWindows(2);
  for (const tab of tabs) await tab.shows("active");
  await app.called("trackSession", 1);
  await visitor.settle();
  const [one, other] = await Promise.all(tabs.map((tab) => tab.anonymousId()));
  expect(other).toBe(one);
  expect(await app.sessions()).toMatchObject([{ anonymousId: one }]);
  expect(app.heartbeats).toHaveLength(1);
});

test("a component and two hooks in StrictMode send one heartbeat each time they are mounted, and the rest when they are gone", async () => {
  const app = await App.open();
  const visitor = await Visitor.come(app);
  const tab = await visitor.open("/hooks/");
  const output = tab.page.locator("output");
  await output.getByText("active").waitFor();
  await app.called("trackSession", 1);
  await visitor.pass(MINUTE_MS);
  const { visitor: anonymousId, ...rest } = await tab.stored();
  expect(await output.textContent()).toBe(`active ${anonymousId}`);
  expect(Object.keys(rest).join()).not.toContain("anonymousUserId");
  expect(app.heartbeats).toHaveLength(1);

  await tab.click("unmount");
  await visitor.pass(HOUR_MS);
  expect(app.heartbeats).toHaveLength(2);
  await tab.click("mount");
  await visitor.pass(MINUTE_MS);
  await app.called("trackSession", 3);
  expect(await output.textContent()).toBe(`active ${anonymousId}`);
  expect(app.heartbeats).toHaveLength(3);
  expect(visitor.complaints).toEqual([]);
});

test("a browser that blocks all storage is tracked until the page is left", async () => {
  const app = await App.open();
  const visitor = await Visitor.come(app, { blockStorage: true });
  const tab = await visitor.open();
  const touch = tab.page.evaluate(() => localStorage.length);
  await expect(touch).rejects.toThrow("SecurityError");
  // Without locks, tabs take their turns by chance, within a second.
  await visitor.pass(1_000);
  await tab.shows("active");
  await app.called("trackSession", 1);
  await tab.click("View the lamp");
  await visitor.pass(1_000);
  await app.called("trackUserAction", 1);
  await visitor.pass(LONGEST_MS);
  await app.called("trackSession", 2);
  const anonymousId = await tab.anonymousId();
  expect(anonymousId).toMatch(UUID);
  expect(await app.sessions()).toMatchObject([{ anonymousId }]);
  expect(visitor.complaints).toEqual([]);
});

test("two tabs on plain http, without randomUUID and Web Locks, are one visitor", async () => {
  const app = await App.open();
  const visitor = await Visitor.come(app, { host: INSECURE_HOST });
  const tab = await visitor.open();
  const lacks = await tab.page.evaluate(() => ({
    isSecureContext,
    uuid: "randomUUID" in crypto,
    locks: "locks" in navigator,
  }));
  expect(lacks).toEqual({ isSecureContext: false, uuid: false, locks: false });
  // Without locks, tabs take their turns by chance, within a second.
  await visitor.pass(1_000);
  await tab.shows("active");
  await app.called("trackSession", 1);
  const other = await visitor.open();
  await visitor.pass(1_000);
  await other.shows("active");
  for (let beats = 2; beats <= 4; beats += 1) {
    await visitor.pass(LONGEST_MS);
    await app.called("trackSession", beats);
  }
  const anonymousId = await tab.anonymousId();
  expect(anonymousId).toMatch(UUID);
  expect(await other.anonymousId()).toBe(anonymousId);
  expect(await app.sessions()).toMatchObject([{ anonymousId }]);
  expectOneEach(INTERVAL_MS, app.heartbeats, app.passedMs);
  expect(visitor.complaints).toEqual([]);
});
