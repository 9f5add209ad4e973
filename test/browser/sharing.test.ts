/** Sharers of a browser's storage: two apps, two clients, and an app that clears it. */
import { expect, test } from "vitest";
import { App } from "./support/app.js";
import { allShow, appPath, tracked } from "./support/trackers.js";
import { LONGEST_MS, Visitor } from "./support/visitor.js";

/** Two apps under two paths of one origin, each with a deployment of its own, and one visitor. */
async function twoApps() {
  const app = await App.open();
  const otherApp = await App.open(app.clock);
  const visitor = await Visitor.come(app);
  const tab = await visitor.openWindow();
  await tab.shows("active");
  await app.called("trackSession", 1);
  await visitor.settle();
  const other = await visitor.openWindow(appPath(otherApp.url));
  await allShow(other, "active");
  await otherApp.called("trackSession", 1);
  await visitor.settle();
  const anonymousId = await tab.anonymousId();
  expect(await tracked(other)).toEqual([anonymousId]);

  const expectUnmoved = async (): Promise<void> => {
    await visitor.pass(LONGEST_MS);
    await app.called("trackSession", 2);
    await tab.shows("active");
    expect(await tab.anonymousId()).toBe(anonymousId);
    expect(app.calls.map(({ name }) => name)).toEqual([
      ...["trackSession", "trackSession"],
    ]);
    await tab.page.reload();
    await tab.shows("active");
    expect(await tab.anonymousId()).toBe(anonymousId);
    expect(await app.sessions()).toMatchObject([
      { anonymousId, state: "active", visits: 1 },
    ]);
  };
  return { otherApp, other, anonymousId, expectUnmoved };
}

test("denied consent in one app leaves another app of the origin its visitor", async () => {
  const { otherApp, other, expectUnmoved } = await twoApps();
  await other.page.evaluate(() => globalThis.trackers[0]?.setConsent("denied"));
  await allShow(other, "denied");
  await otherApp.called("forgetSession", 1);
  await expectUnmoved();
  expect(await otherApp.sessions()).toEqual([]);
  expect(otherApp.heartbeats).toHaveLength(1);
});

test("a reset in one app leaves another app of the origin its visitor", async () => {
  const { otherApp, other, anonymousId, expectUnmoved } = await twoApps();
  await other.page.evaluate(() => globalThis.trackers[0]?.reset());
  await otherApp.called("endSession", 1);
  await otherApp.called("trackSession", 2);
  await expectUnmoved();
  const [next] = await tracked(other);
  expect(next).not.toBe(anonymousId);
  expect(await otherApp.sessions()).toMatchObject([
    { anonymousId: next, state: "active" },
    { anonymousId, state: "ended" },
  ]);
});

test("an app that removes its keys one by one gets one new visitor, and all tabs go on", async () => {
  const app = await App.open();
  const visitor = await Visitor.come(app);
  const tabs = await visitor.openWindows(3);
  for (const tab of tabs) await tab.shows("active");
  await app.called("trackSession", 1);
  await visitor.settle();
  const [tab] = tabs;
  const before = await tab!.anonymousId();
  await tab!.page.evaluate(() => {
    for (const key of Object.keys(localStorage)) localStorage.removeItem(key);
  });
  // Within this time others would hear of a denial.
  await visitor.context.clock.runFor(1_000);
  await app.called("trackSession", 2);
  await visitor.pass(LONGEST_MS);
  await app.called("trackSession", 3);
  await visitor.settle();
  const ids = await Promise.all(tabs.map((each) => each.anonymousId()));
  expect(new Set(ids).size).toBe(1);
  expect(ids).not.toContain(before);
  for (const each of tabs) await each.shows("active");
  const sessions = await app.sessions();
  expect(sessions.map(({ anonymousId }) => anonymousId).sort()).toEqual(
    [before, ids[0]].sort(),
  );
  expect(app.of("endSession")).toEqual([]);
  expect(visitor.complaints).toEqual([]);
});

test("two clients of a page are one visitor, who is reset and denied for both", async () => {
  const app = await App.open();
  const visitor = await Visitor.come(app);
  const tab = await visitor.open(appPath(app.url, { roots: 2 }));
  await allShow(tab, "active");
  await app.called("trackSession", 1);
  await visitor.pass(LONGEST_MS);
  await app.called("trackSession", 2);
  const [first, same] = await tracked(tab);
  expect(same).toBe(first);

  await tab.page.evaluate(() => {
    globalThis.trackers[0]?.reset();
    globalThis.trackers[1]?.trackUserAction("click");
  });
  await app.called("trackUserAction", 1);
  await app.called("trackSession", 3);
  await visitor.settle();
  const [second, also] = await tracked(tab);
  expect(also).toBe(second);
  const [session, ...others] = await app.sessions();
  expect(session).toMatchObject({ anonymousId: second, state: "active" });
  expect(others).toMatchObject([{ anonymousId: first, state: "ended" }]);
  const { actions } = await app.component.query("operator/show:timeline", {
    sessionId: session!.sessionId,
  });
  expect(actions).toMatchObject([{ action: "click" }]);

  await tab.page.evaluate(() => globalThis.trackers[0]?.setConsent("denied"));
  await allShow(tab, "denied");
  await app.called("forgetSession", 1);
  await visitor.pass(2 * LONGEST_MS);
  expect(app.heartbeats).toHaveLength(3);
  expect(await tab.stored()).toEqual({});
  expect(await app.sessions()).toMatchObject([{ anonymousId: first }]);
});
