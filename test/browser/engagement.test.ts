/** Engaged time: of five minutes reading, ten in another tab and two back, the seven that somebody was there. */
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import {
  DAY_MS,
  HOUR_MS,
  MINUTE_MS,
} from "../../convex/sessionTracker/shared/times.js";
import { App } from "./support/app.js";
import type { Tab } from "./support/tab.js";
import { allShow, appPath } from "./support/trackers.js";
import { Visitor } from "./support/visitor.js";

const SECOND_MS = 1_000;
const READING_MS = 5 * MINUTE_MS;
const AWAY_MS = 10 * MINUTE_MS;
const BACK_MS = 2 * MINUTE_MS;
/** The first of that, within which a page that is back says so, and the last, after which it is closed. */
const MOMENT_MS = SECOND_MS;
const REST_MS = BACK_MS - 2 * MOMENT_MS;
const ENGAGED_MS = READING_MS + BACK_MS;

describe("one visit of seven minutes", () => {
  test("ends as its tab is closed", async () => {
    const { app, visitor, path } = await arrive();
    const tab = await openPage(visitor, path);
    await visitor.pass(READING_MS);
    await lookAway(app, visitor, [tab]);
    await visitor.pass(REST_MS);
    await leave(visitor, tab);
    await expectVisits(app, visitor, [ENGAGED_MS]);
  });

  test("outlives a crash of its page", async () => {
    const { app, visitor, path } = await arrive();
    const crashing = await openPage(visitor, path);
    await visitor.pass(READING_MS / 2);
    await crashing.crash();
    const tab = await openPage(visitor, path);
    await visitor.pass(READING_MS / 2);
    await lookAway(app, visitor, [tab]);
    await visitor.pass(REST_MS);
    await leave(visitor, tab);
    await expectVisits(app, visitor, [ENGAGED_MS]);
  });

  test("is read in two tabs side by side, and no moment counts twice", async () => {
    const { app, visitor, path } = await arrive();
    const tabs = await visitor.openWindows(2, path);
    for (const tab of tabs) await allShow(tab, "active");
    await visitor.pass(READING_MS);
    await lookAway(app, visitor, tabs);
    await visitor.pass(REST_MS / 2);
    const [first, last] = tabs;
    await first!.close();
    await visitor.pass(REST_MS / 2);
    await leave(visitor, last!);
    // Both count at the same instants of the driven clock, so that one may undo what the other wrote.
    const toleranceMs = 2 * SECOND_MS;
    await expectVisits(app, visitor, [ENGAGED_MS], { toleranceMs });
  });

  test.each([
    { what: "pages that the back/forward cache takes", isCached: true },
    { what: "pages that it does not take", isCached: false },
  ])("goes on over four loads of $what, and back", async ({ isCached }) => {
    const { app, visitor, path } = await arrive();
    if (!isCached) await visitor.context.addInitScript(preventCaching);
    await visitor.context.addInitScript(noteCaching);
    const tab = await openPage(visitor, path);
    for (const page of [2, 3, 4]) {
      await visitor.pass(READING_MS / 4);
      await tab.page.goto(`${visitor.origin}${path}&page=${page}`);
      await allShow(tab, "active");
    }
    await visitor.pass(READING_MS / 4);
    await lookAway(app, visitor, [tab]);
    await visitor.pass(REST_MS / 2);
    await tab.page.goBack({ waitUntil: "commit" });
    await passConnecting(app, visitor, tab, REST_MS / 2);
    expect(await wasCached(tab)).toBe(isCached);
    await leave(visitor, tab);
    await expectVisits(app, visitor, [ENGAGED_MS]);
  });
});

describe("a laptop that sleeps for an hour", () => {
  test.each(["goes on", "stands still"])(
    "whose pages' clock %s meanwhile leaves one visit, if the idle timeout is longer",
    async (pageClock) => {
      const { app, visitor, path } = await arrive();
      const idleTimeoutMs = 2 * HOUR_MS;
      await app.component.mutation("settings/settings:change", {
        patch: { idleTimeoutMs },
        actor: "test",
      });
      await sleepWhileReading(app, visitor, path, pageClock === "goes on");
      await expectVisits(app, visitor, [ENGAGED_MS], { idleTimeoutMs });
    },
  );

  test("makes two visits of one by the default, which are as long together", async () => {
    const { app, visitor, path } = await arrive();
    await sleepWhileReading(app, visitor, path, true);
    await expectVisits(app, visitor, [
      READING_MS / 2,
      ENGAGED_MS - READING_MS / 2,
    ]);
  });
});

test("a visit with the network away at the end gets the rest when the visitor comes back", async () => {
  const { app, visitor, path } = await arrive();
  const tab = await openPage(visitor, path);
  await visitor.pass(READING_MS);
  await lookAway(app, visitor, [tab]);
  await visitor.goOffline(true);
  await visitor.pass(REST_MS);
  await leave(visitor, tab);
  // It has closed meanwhile.
  await visitor.pass(HOUR_MS);
  expect((await figures(app)).visits).toBe(1);
  await visitor.goOffline(false);
  const next = await openPage(visitor, path);
  await visitor.pass(MINUTE_MS - MOMENT_MS);
  await leave(visitor, next);
  await expectVisits(app, visitor, [ENGAGED_MS, MINUTE_MS]);
});

// ── Helpers ─────────────────────────────────────────────────────────────────

/** A visitor's browser, which has yet to open the page at the path. */
async function arrive() {
  const app = await App.open();
  const visitor = await Visitor.come(app);
  return { app, visitor, path: appPath(app.url) };
}

async function openPage(visitor: Visitor, path: string): Promise<Tab> {
  const tab = await visitor.open(path);
  await allShow(tab, "active");
  await visitor.settle();
  return tab;
}

/** Has ten minutes pass with a page of another site in front of each tab, and the first moment back. */
async function lookAway(
  app: App,
  visitor: Visitor,
  tabs: Tab[],
): Promise<void> {
  const others: Page[] = [];
  for (const { page } of tabs) {
    const opened = visitor.context.waitForEvent("page");
    // In the same window, as by a link.
    await page.evaluate((url) => {
      open(url, "_blank", "noopener");
    }, `${app.url}/version`);
    others.push(await opened);
  }
  for (const tab of tabs) expect(await tab.visibility()).toBe("hidden");
  await visitor.pass(AWAY_MS);
  const beats = app.heartbeats.length;
  for (const { page } of tabs) await page.bringToFront();
  for (const tab of tabs) expect(await tab.visibility()).toBe("visible");
  await visitor.pass(MOMENT_MS);
  await app.called("trackSession", beats + 1);
  await visitor.settle();
}

/**
 * Closes a tab after its last second, which passes by itself: a page is ahead of the deployment within each step
 * of time, and a heartbeat in the last one of many seconds would not be taken whole.
 */
async function leave(visitor: Visitor, tab: Tab): Promise<void> {
  await visitor.pass(MOMENT_MS);
  expect(await tab.close()).toEqual([]);
}

/** Two and a half minutes before and four and a half after an hour of sleep, in which nobody looks away. */
async function sleepWhileReading(
  app: App,
  visitor: Visitor,
  path: string,
  isCounted: boolean,
): Promise<void> {
  const tab = await openPage(visitor, path);
  await visitor.pass(READING_MS / 2);
  await visitor.sleep(HOUR_MS, isCounted);
  await passConnecting(app, visitor, tab, READING_MS / 2 + REST_MS + MOMENT_MS);
  await leave(visitor, tab);
}

/** Has so much time pass in which the page connects again, for which it needs some of it. */
async function passConnecting(
  app: App,
  visitor: Visitor,
  tab: Tab,
  ms: number,
): Promise<void> {
  const start = app.passedMs;
  await visitor.reconnects((wait) => allShow(tab, "active", wait));
  await visitor.pass(ms - (app.passedMs - start));
}

/** Keeps pages out of the back/forward cache. */
function preventCaching(): void {
  addEventListener("unload", () => {});
}

function noteCaching(): void {
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted) Object.assign(globalThis, { wasRestored: true });
  });
}

/** Whether the page came back from the back/forward cache. */
function wasCached({ page }: Tab): Promise<boolean> {
  return page.evaluate(() => "wasRestored" in globalThis);
}

/** Expects visits of so much engaged time, give or take a second, once all are closed; newest last. */
async function expectVisits(
  app: App,
  visitor: Visitor,
  engagedMs: number[],
  { idleTimeoutMs = 30 * MINUTE_MS, toleranceMs = SECOND_MS } = {},
): Promise<void> {
  const isSo = (found: number[]) =>
    found.length === engagedMs.length &&
    found.every((ms, n) => Math.abs(ms - engagedMs[n]!) <= toleranceMs);
  // What a page sends as it goes is still on its way.
  await expect.poll(() => engaged(app)).toSatisfy(isSo);
  const told = await engaged(app);
  // Then the visits are over, and a run comes by, which does so every 15 minutes.
  await visitor.pass(idleTimeoutMs + 16 * MINUTE_MS);
  await expect
    .poll(() => figures(app))
    .toEqual({ visits: told.length, engagedMs: sum(told) });
  expect(await engaged(app)).toEqual(told);
}

/** The engaged time of the one visitor's visits in ms, oldest first. */
async function engaged(app: App): Promise<number[]> {
  const [session, ...others] = await app.sessions();
  expect(others).toEqual([]);
  const { visits } = await app.component.query("operator/visits:list", {
    session: { sessionId: session!.sessionId },
    limit: 10,
    cursor: null,
  });
  return visits.map(({ engagedMs }) => engagedMs).reverse();
}

/** What all closed visits came to. */
async function figures(app: App) {
  const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, 10);
  const now = app.clock.now();
  const days = await app.component.query("operator/stats:days", {
    from: dayOf(now - DAY_MS),
    to: dayOf(now),
  });
  return {
    visits: sum(days.map((day) => day.visits)),
    engagedMs: sum(days.map((day) => day.engagedMs)),
  };
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
