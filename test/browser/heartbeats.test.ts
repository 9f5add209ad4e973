/** The heartbeats of a browser: when it sends them, and when it does not. */
import { expect, test } from "vitest";
import { App, expectOneEach } from "./support/app.js";
import { INTERVAL_MS, LONGEST_MS, Visitor } from "./support/visitor.js";
import { MINUTE_MS } from "../../convex/sessionTracker/shared/times.js";

test("five tabs send one heartbeat an interval between them", async () => {
  const app = await App.open();
  const visitor = await Visitor.come(app);
  const tabs = await visitor.openWindows(5);
  for (const tab of tabs) await tab.shows("active");
  await visitor.pass(10 * INTERVAL_MS);
  for (const tab of tabs) expect(await tab.visibility()).toBe("visible");
  expectOneEach(INTERVAL_MS, app.heartbeats, app.passedMs);
  expect(await app.sessions()).toHaveLength(1);
  expect(visitor.complaints).toEqual([]);
});

test("a tab that crashes in the middle of a heartbeat is replaced within an interval", async () => {
  const app = await App.open();
  const visitor = await Visitor.come(app);
  const leader = await visitor.open();
  await leader.shows("active");
  await app.called("trackSession", 1);
  await visitor.settle();
  await leader.page.evaluate(() => {
    // The call is never answered nor sent, so that the tab dies while it holds the lock.
    globalThis.fetch = () => new Promise(() => {});
  });
  await visitor.context.clock.runFor(LONGEST_MS);
  // The lock is taken before the other tab comes, as that hides this one, and a hidden tab sends
  // nothing.
  await leader.page.waitForFunction(async () => {
    const { held } = await navigator.locks.query();
    return held?.length === 1;
  });
  const other = await visitor.open();
  await other.page.waitForFunction(async () => {
    const { pending } = await navigator.locks.query();
    return pending?.length === 1;
  });

  await leader.crash();
  await other.shows("active");
  await visitor.pass(LONGEST_MS);
  expect(app.heartbeats).toHaveLength(2);
  await visitor.pass(LONGEST_MS);
  expect(app.heartbeats).toHaveLength(3);
});

test("a hidden tab misses 24 heartbeats and sends one when it is back", async () => {
  const app = await App.open();
  const visitor = await Visitor.come(app);
  const tab = await visitor.open();
  await tab.shows("active");
  await app.called("trackSession", 1);
  const front = await visitor.context.newPage();
  expect(await tab.visibility()).toBe("hidden");
  await visitor.pass(24 * INTERVAL_MS);
  expect(app.heartbeats).toHaveLength(1);

  await front.close();
  await tab.page.bringToFront();
  expect(await tab.visibility()).toBe("visible");
  await visitor.pass(1_000);
  expect(app.heartbeats).toHaveLength(2);
  // The heartbeats are longer apart than the idle timeout, so this is the same visitor's next visit.
  await tab.fact("Visits").getByText("2").waitFor();
  expect(await app.sessions()).toMatchObject([{ state: "active", visits: 2 }]);
});

test("after 24 missed heartbeats offline, one heartbeat and each waiting action are sent once", async () => {
  const app = await App.open();
  const visitor = await Visitor.come(app);
  const tab = await visitor.open();
  await tab.shows("active");
  await app.called("trackSession", 1);
  await visitor.goOffline(true);
  // The browser says so at once, and may be wrong; the socket, once it has heard nothing for a minute.
  await visitor.pass(2 * MINUTE_MS);
  await tab.shows("offline");
  for (const product of ["lamp", "chair", "teapot"]) {
    await tab.click(`View the ${product}`);
  }
  await visitor.pass(24 * INTERVAL_MS);
  expect(app.calls).toHaveLength(1);

  await visitor.goOffline(false);
  await visitor.reconnects((wait) => tab.shows("active", wait));
  await visitor.pass(INTERVAL_MS / 2);
  expect(app.heartbeats).toHaveLength(2);
  expect(app.of("trackUserAction")).toHaveLength(3);
  const rows = tab.card("Your session").locator("tbody tr");
  await rows.nth(2).waitFor();
  expect(await rows.locator("td:nth-child(2)").allTextContents()).toEqual([
    ...["teapot", "chair", "lamp"],
  ]);
});

test("a page tells the rest when it enters the back/forward cache, then nothing, and goes on when it is back", async () => {
  const app = await App.open();
  const visitor = await Visitor.come(app);
  const tab = await visitor.open();
  await tab.shows("active");
  await app.called("trackSession", 1);
  await visitor.pass(INTERVAL_MS / 2);
  await tab.page.evaluate(() => {
    addEventListener("pageshow", ({ persisted }) => {
      Object.assign(globalThis, { wasRestored: persisted });
    });
  });
  await tab.page.goto(`${app.url}/version`);
  await app.called("trackSession", 2);
  await visitor.pass(3 * INTERVAL_MS);
  expect(app.calls).toHaveLength(2);

  await tab.page.evaluate(() => history.back());
  await tab.page.waitForFunction("globalThis.wasRestored");
  await visitor.pass(LONGEST_MS);
  await tab.shows("active");
  expect(app.heartbeats).toHaveLength(3);
});

test("a restarted deployment gets the waiting calls, once", async () => {
  const app = await App.open();
  const visitor = await Visitor.come(app);
  const tab = await visitor.open();
  await tab.shows("active");
  await app.called("trackSession", 1);
  const anonymousId = await tab.anonymousId();
  await app.stop();
  await tab.shows("offline");
  await tab.click("View the lamp");
  await visitor.pass(3 * INTERVAL_MS);
  expect(app.calls).toHaveLength(1);

  await app.start();
  await visitor.reconnects((wait) => tab.shows("active", wait));
  await visitor.pass(INTERVAL_MS / 2);
  expect(app.calls.map(({ name }) => name).sort()).toEqual([
    ...["trackSession", "trackSession", "trackUserAction"],
  ]);
  expect(await app.sessions()).toMatchObject([{ anonymousId, visits: 1 }]);
});

test("a page loaded again with an action under way records each action once", async () => {
  const app = await App.open();
  const visitor = await Visitor.come(app);
  const tab = await visitor.open();
  await tab.shows("active");
  await app.called("trackSession", 1);
  await tab.slowDown();
  for (const product of ["lamp", "chair", "teapot"]) {
    await tab.click(`View the ${product}`);
  }
  await tab.page.reload();
  await tab.shows("active");
  await visitor.pass(INTERVAL_MS);
  await app.called("trackUserAction", 3);
  const { sessionId } = (await app.sessions())[0]!;
  const { actions } = await app.component.query("operator/show:timeline", {
    sessionId,
  });
  expect(actions.map(({ resourceId }) => resourceId).sort()).toEqual([
    ...["chair", "lamp", "teapot"],
  ]);
});

test("closing the last tab sends its last heartbeat and action, and asks no question", async () => {
  const app = await App.open();
  const visitor = await Visitor.come(app);
  const stays = await visitor.context.newPage();
  const tab = await visitor.open();
  await tab.shows("active");
  await app.called("trackSession", 1);
  // The next heartbeat, however late, is due in less than half an interval.
  await visitor.pass((INTERVAL_MS * 2) / 3);
  const sent: string[] = [];
  visitor.context.on("console", (message) => sent.push(message.text()));
  await tab.page.evaluate(() => {
    const { fetch } = globalThis;
    // On this machine most requests arrive anyway; only those that ask to be kept alive outlive a page.
    globalThis.fetch = (url, init) => {
      console.log(`keepalive: ${init?.keepalive}`);
      return fetch(url, init);
    };
  });
  await tab.click("View the lamp");
  expect(await tab.close()).toEqual([]);
  await app.called("trackUserAction", 1);
  await app.called("trackSession", 2);
  // The browser reports these requests by another way than the deployment.
  await expect.poll(() => sent).toEqual(["keepalive: true", "keepalive: true"]);

  // The check works: a page that does ask is noticed.
  const asking = await visitor.open();
  await asking.page.evaluate(() =>
    addEventListener("beforeunload", (event) => event.preventDefault()),
  );
  await asking.click("View the lamp");
  expect(await asking.close()).toEqual(["beforeunload"]);
  await stays.close();
});
