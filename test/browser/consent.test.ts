/** Consent of a visitor, and sessions that an operator erases. */
import { expect, test } from "vitest";
import { App } from "./support/app.js";
import { INTERVAL_MS, LONGEST_MS, Visitor } from "./support/visitor.js";

test("pending consent stores and sends nothing; granted does; denied forgets the visitor on both sides", async () => {
  const app = await App.open();
  const visitor = await Visitor.come(app);
  const tab = await visitor.open("/#/overview");
  // Nobody has been asked yet on this page, which does not track.
  await tab.page.evaluate(() => {
    localStorage.setItem("exampleConsent", "pending");
  });
  await tab.page.goto(`${visitor.origin}/?pending`);
  await tab.shows("pending");
  await visitor.pass(3 * INTERVAL_MS);
  expect(await tab.stored()).toEqual({ exampleConsent: "pending" });
  expect(app.calls).toEqual([]);

  await tab.page.getByLabel("granted").check();
  await tab.shows("active");
  await app.called("trackSession", 1);
  await tab.click("View the lamp");
  await app.called("trackUserAction", 1);
  await visitor.settle();
  const anonymousId = await tab.anonymousId();
  expect(await tab.stored()).toMatchObject({ anonymousUserId: anonymousId });
  expect(await app.sessions()).toMatchObject([{ anonymousId }]);

  await tab.page.getByLabel("denied").check();
  await tab.shows("denied");
  await app.called("forgetSession", 1);
  await visitor.pass(3 * INTERVAL_MS);
  expect(await tab.stored()).toEqual({ exampleConsent: "denied" });
  expect(await app.sessions()).toEqual([]);
  expect(app.heartbeats).toHaveLength(1);
  expect(visitor.complaints).toEqual([]);

  await tab.page.getByLabel("granted").check();
  await tab.shows("active");
  await app.called("trackSession", 2);
  expect(await tab.anonymousId()).not.toBe(anonymousId);
});

test("ending the session in one tab ends it in all, until a reset", async () => {
  const app = await App.open();
  const visitor = await Visitor.come(app);
  const tab = await visitor.openWindow();
  const other = await visitor.openWindow();
  for (const each of [tab, other]) await each.shows("active");
  await app.called("trackSession", 1);
  const first = await tab.anonymousId();
  await tab.click("End the session");
  for (const each of [tab, other]) await each.shows("ended");
  await app.called("endSession", 1);
  await visitor.pass(3 * INTERVAL_MS);
  expect(app.heartbeats).toHaveLength(1);

  await tab.click("Go on as somebody new");
  for (const each of [tab, other]) await each.shows("active");
  await app.called("trackSession", 2);
  await visitor.settle();
  const second = await tab.anonymousId();
  expect(await other.anonymousId()).toBe(second);
  const found = (await app.sessions()).map(({ anonymousId, state }) => [
    ...[anonymousId, state],
  ]);
  expect(found).toEqual([
    [second, "active"],
    [first, "ended"],
  ]);
});

test("a session that an operator erases while its page is open comes back as a new one", async () => {
  const app = await App.open();
  const visitor = await Visitor.come(app);
  const tab = await visitor.open();
  await tab.shows("active");
  await app.called("trackSession", 1);
  await tab.click("View the lamp");
  const row = tab.card("Your session").locator("tbody tr");
  await row.waitFor();
  const [before] = await app.sessions();
  expect(before).toBeDefined();

  await visitor.pass(1_000);
  const { anonymousId = "" } = before ?? {};
  await app.component.mutation("visitors/forget:visitor", { anonymousId });
  // The page is told that the session is gone: there is none to show.
  await tab.fact("Session").waitFor({ state: "detached" });
  expect(await app.sessions()).toEqual([]);

  await visitor.pass(LONGEST_MS);
  await tab.fact("Session").waitFor();
  expect(await row.count()).toBe(0);
  const [after, ...others] = await app.sessions();
  expect(others).toEqual([]);
  expect(after).toMatchObject({
    anonymousId: before?.anonymousId,
    visits: 1,
    actionCount: 0,
  });
  expect(after?.sessionId).not.toBe(before?.sessionId);
  expect(visitor.complaints).toEqual([]);
});
