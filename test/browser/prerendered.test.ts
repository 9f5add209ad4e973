/** Pages that the browser loads before anybody asks for them: no tracker acts before somebody does. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { App } from "./support/app.js";
import { Gate } from "./support/gate.js";
import { Remote, type RemotePage } from "./support/remote.js";
import { appPath } from "./support/trackers.js";

const INTERVAL_MS = 5_000;

/** A visitor at a page with so many trackers, which has the browser prerender the next page. */
async function prerender(roots: number) {
  const app = await App.open();
  const gate = await Gate.before(app.url);
  const remote = await Remote.open();
  const pathOf = (trackers: number): string =>
    appPath(gate.url, { intervalMs: INTERVAL_MS, roots: trackers });
  const page = remote.page("first", pathOf(roots));
  const next = remote.page("next", pathOf(1));
  remote.start(page);
  await app.called("trackSession", roots);
  // With the answer comes what engaged time is counted for.
  const keys = async () => Object.keys(await stored(page));
  await expect.poll(keys).toHaveLength(3 * roots);
  const before = await stored(page);
  await page.evaluate((url) => {
    const rules = document.createElement("script");
    rules.type = "speculationrules";
    rules.textContent = JSON.stringify({
      prerender: [{ source: "list", urls: [url], eagerness: "immediate" }],
    });
    document.head.append(rules);
  }, next.address);
  await expect.poll(() => shown(next)).toBe("starting");
  await next.evaluate(() => globalThis.trackers[0]?.trackUserAction("read"));

  const asked = (name: string): number =>
    gate.asked.filter((one) => one.page === next.address && one.name === name)
      .length;
  const expectNothing = async (): Promise<void> => {
    expect(await isPrerendering(next)).toBe(true);
    expect(gate.asked.filter((one) => one.page === next.address)).toEqual([]);
    expect(app.of("trackUserAction")).toEqual([]);
    expect(await shown(next)).toBe("starting");
  };
  const activate = async (): Promise<void> => {
    await page.goTo(next);
    await expect.poll(() => isPrerendering(next)).toBe(false);
    // It was not loaded anew.
    expect(await activationStart(next)).toBeGreaterThan(0);
    await app.called("trackUserAction", 1);
    await expect.poll(() => shown(next)).toBe("active");
  };
  return { app, page, next, before, asked, expectNothing, activate };
}

test("a prerendered page does nothing while another tracks, and goes on for it once it is opened", async () => {
  const { app, page, before, asked, expectNothing, activate } =
    await prerender(1);
  const anonymousId = await page.evaluate(
    () => globalThis.trackers[0]?.anonymousId,
  );
  await app.called("trackSession", 3);
  await expectNothing();
  const keys = Object.keys(await stored(page));
  expect(keys.sort()).toEqual(Object.keys(before).sort());

  await activate();
  const beats = () => asked("trackSession");
  await expect.poll(beats, { timeout: 4 * INTERVAL_MS }).toBe(2);
  expect(asked("trackUserAction")).toBe(1);
  expect(app.of("trackUserAction")).toHaveLength(1);
  expect(await app.sessions()).toMatchObject([
    { anonymousId, lease: { actionCount: 1 } },
  ]);
});

test("a prerendered page of a visitor who is new starts one session when it is opened", async () => {
  const { app, next, before, asked, expectNothing, activate } =
    await prerender(0);
  await sleep(2 * INTERVAL_MS);
  await expectNothing();
  expect(app.calls).toEqual([]);
  expect(before).toEqual({});
  expect(await stored(next)).toEqual({});

  await activate();
  await app.called("trackSession", 1);
  expect(await app.sessions()).toMatchObject([
    { visits: 1, lease: { actionCount: 1 } },
  ]);
  await app.called("trackSession", 2);
  expect(app.calls).toHaveLength(3);
  expect(asked("trackSession")).toBe(2);
  expect(asked("trackUserAction")).toBe(1);
  expect(await app.sessions()).toHaveLength(1);
});

const isPrerendering = (page: RemotePage) =>
  page.evaluate(() => (document as { prerendering?: boolean }).prerendering);

const activationStart = (page: RemotePage) =>
  page.evaluate(() => {
    const [entry] = performance.getEntriesByType("navigation");
    return (entry as unknown as { activationStart: number }).activationStart;
  });

const stored = (page: RemotePage) => page.evaluate(() => ({ ...localStorage }));

const shown = (page: RemotePage) =>
  page.evaluate(() => document.querySelector("output")?.textContent);
