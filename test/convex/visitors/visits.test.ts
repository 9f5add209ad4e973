/**
 * Visits: what is kept of one, how much engaged time a report adds to it, when it closes, and what the figures of
 * the days make of it.
 */
import { describe, expect, test, vi } from "vitest";
import {
  isVisitReport,
  sourceOf,
  type VisitReport,
} from "../../../convex/sessionTracker/shared/visits.js";
import { readDays } from "../support/days.js";
import {
  api,
  DAY_MS,
  freshComponent,
  HOUR_MS,
  MINUTE_MS,
  t,
} from "../support/fresh.js";
import { expectInvariants } from "../support/rows.js";
import {
  act,
  beat,
  end,
  engaged,
  pass,
  rows,
  run,
  setMaximum,
  visitor,
} from "../support/visitKit.js";

const START = Date.UTC(2026, 0, 1);

freshComponent(START);

describe("a visit that closes", () => {
  test("keeps its start, its end, its engaged time, its actions, where it came from and where it ended", async () => {
    const entry = {
      path: "/pricing",
      referrer: "news.example.com",
      utmSource: "letter",
      utmMedium: "mail",
      utmCampaign: "spring",
      device: "mobile" as const,
    };
    await beat(entry);
    await act();
    pass(5 * MINUTE_MS);
    await beat({ engagedMs: 4 * MINUTE_MS, path: "/sign-up" });
    pass(MINUTE_MS);
    await end();
    const { session } = await rows();
    expect(session).toMatchObject({
      visits: 1,
      engagedMs: 4 * MINUTE_MS,
      firstEntry: entry,
      lastVisit: {
        startedAt: START,
        endedAt: START + 6 * MINUTE_MS,
        engagedMs: 4 * MINUTE_MS,
        actions: 1,
        entry,
        exitPath: "/sign-up",
        why: "ended",
      },
    });
  });

  test("is the session's last one, and the one before gets a row", async () => {
    for (let n = 0; n < 3; n += 1) {
      await beat({ path: `/${n}` });
      await end();
      pass(HOUR_MS);
    }
    const { session, visits } = await rows();
    expect(session).toMatchObject({
      visits: 3,
      visitRows: 2,
      firstEntry: { path: "/0" },
      lastVisit: { entry: { path: "/2" } },
    });
    expect(visits.map(({ entry }) => entry?.path)).toEqual(["/0", "/1"]);
  });

  test.each([
    ["a heartbeat that comes too late", () => beat()],
    ["an action that comes too late", () => act()],
    ["an expire run", () => run("expire")],
  ])("by %s ended when the visitor was last seen", async (_, close) => {
    await beat();
    pass(5 * MINUTE_MS);
    await beat();
    pass(DAY_MS);
    await close();
    const { session } = await rows();
    expect(session.lastVisit).toMatchObject({
      startedAt: START,
      endedAt: START + 5 * MINUTE_MS,
      why: "idle",
    });
  });
});

describe("a visit at its maximum", () => {
  test("is followed by the next at the next sign of life", async () => {
    await setMaximum(HOUR_MS);
    await beat({ path: "/" });
    for (let minute = 5; minute < 60; minute += 5) {
      pass(5 * MINUTE_MS);
      expect(await beat()).toMatchObject({ state: "touched" });
    }
    pass(5 * MINUTE_MS);
    expect(await beat({ path: "/late" })).toEqual({
      ok: true,
      sessionId: expect.any(String) as string,
      state: "revived",
      visitStartedAt: START + HOUR_MS,
    });
    const { session } = await rows();
    expect(session).toMatchObject({ visits: 2, state: "active" });
    expect(session.lastVisit).toMatchObject({
      endedAt: START + 55 * MINUTE_MS,
      why: "maximum",
    });
  });

  test("goes on under the setting that it began with", async () => {
    await setMaximum("never");
    await beat();
    await setMaximum(HOUR_MS);
    for (let n = 0; n < 30; n += 1) {
      pass(20 * MINUTE_MS);
      expect(await beat()).toMatchObject({ state: "touched" });
    }
  });
});

describe("engaged time", () => {
  test.each<[string, VisitReport, number]>([
    ["is taken as it is reported", { engagedMs: 90_000 }, 90_000],
    ["is the visit's that it names", { startedAt: START, engagedMs: 7 }, 7],
    ["of another visit is not taken", { startedAt: 1, engagedMs: 7 }, 0],
    ["is no more than the time that passed", { engagedMs: DAY_MS }, 120_000],
    ["is a whole number of ms", { engagedMs: 7.9 }, 7],
  ])("%s", async (_, report, expected) => {
    await beat();
    pass(2 * MINUTE_MS);
    await beat(report);
    expect(await engaged()).toBe(expected);
  });

  test("reported again, or late, adds nothing", async () => {
    await beat();
    pass(2 * MINUTE_MS);
    const report = { startedAt: START, engagedMs: 90_000 };
    await beat(report);
    pass(2 * MINUTE_MS);
    await beat(report);
    pass(2 * MINUTE_MS);
    await beat({ startedAt: START, engagedMs: 30_000 });
    expect(await engaged()).toBe(90_000);
  });

  test("that grows slower than the clock is taken whole, whatever came between", async () => {
    await beat();
    pass(4 * MINUTE_MS);
    await act();
    pass(MINUTE_MS);
    await beat();
    pass(MINUTE_MS);
    await beat({ engagedMs: 5 * MINUTE_MS });
    expect(await engaged()).toBe(5 * MINUTE_MS);
  });

  test("since the last that was taken is at most the time since then", async () => {
    await beat();
    pass(10 * MINUTE_MS);
    await beat({ engagedMs: MINUTE_MS });
    pass(MINUTE_MS);
    await beat({ engagedMs: 9 * MINUTE_MS });
    expect(await engaged()).toBe(2 * MINUTE_MS);
  });

  test("within touchAfter is written only where the page is left", async () => {
    await beat();
    pass(20_000);
    const report = { startedAt: START, engagedMs: 19_000 };
    expect(await beat(report)).toMatchObject({ state: "unchanged" });
    expect(await engaged()).toBe(0);
    const leaving = { ...report, isLeaving: true };
    expect(await beat(leaving)).toMatchObject({ state: "touched" });
    expect(await engaged()).toBe(19_000);
  });

  test("that a page which is left does not add to is not written", async () => {
    await beat({ path: "/" });
    pass(20_000);
    const leaving = { startedAt: START, engagedMs: 19_000, isLeaving: true };
    expect(await beat(leaving)).toMatchObject({ state: "touched" });
    pass(1_000);
    expect(await beat(leaving)).toMatchObject({ state: "unchanged" });
    const same = { path: "/", isLeaving: true };
    expect(await beat(same)).toMatchObject({ state: "unchanged" });
    const elsewhere = { path: "/prices", isLeaving: true };
    expect(await beat(elsewhere)).toMatchObject({ state: "touched" });
  });

  test("of a visit that an action has closed is still that visit's, once", async () => {
    await beat();
    pass(HOUR_MS);
    await act();
    const report = { startedAt: START, engagedMs: 7 * MINUTE_MS };
    for (let n = 0; n < 2; n += 1) {
      expect(await beat(report)).toMatchObject({
        state: "unchanged",
        visitStartedAt: START + HOUR_MS,
      });
    }
    expect(await engaged()).toBe(0);
    const { session } = await rows();
    expect(session).toMatchObject({
      engagedMs: 7 * MINUTE_MS,
      lastVisit: { endedAt: START + 7 * MINUTE_MS, engagedMs: 7 * MINUTE_MS },
    });
  });

  test("of the visit before ends that visit no later than the one under way began", async () => {
    await beat();
    pass(HOUR_MS);
    await act();
    pass(20 * MINUTE_MS);
    await beat({ startedAt: START, engagedMs: 75 * MINUTE_MS });
    const { session, lease } = await rows();
    expect(lease?.startedAt).toBe(START + HOUR_MS);
    expect(session.lastVisit).toMatchObject({
      endedAt: START + HOUR_MS,
      engagedMs: HOUR_MS,
    });
  });

  test("that comes with the end of the visit is taken", async () => {
    await beat();
    pass(2 * MINUTE_MS);
    await end({ engagedMs: 100_000 });
    const { session } = await rows();
    expect(session.lastVisit).toMatchObject({ engagedMs: 100_000 });
  });

  test("is not what a clock that was ahead makes of it", async () => {
    vi.setSystemTime(START + DAY_MS);
    await beat();
    vi.setSystemTime(START);
    await beat({ engagedMs: HOUR_MS });
    expect(await engaged()).toBe(0);
  });

  test("goes on to be taken once a clock that was ahead is set right", async () => {
    vi.setSystemTime(START + DAY_MS);
    await beat();
    pass(2 * MINUTE_MS);
    await beat({ engagedMs: 2 * MINUTE_MS });
    vi.setSystemTime(START);
    await beat({ engagedMs: 3 * MINUTE_MS });
    pass(2 * MINUTE_MS);
    await beat({ engagedMs: 5 * MINUTE_MS });
    expect(await engaged()).toBe(4 * MINUTE_MS);
  });

  test("is no more than the length of a visit that a clock set back has shortened", async () => {
    vi.setSystemTime(START + DAY_MS);
    await beat();
    pass(2 * MINUTE_MS);
    await beat({ engagedMs: 2 * MINUTE_MS });
    vi.setSystemTime(START);
    await end();
    const { session } = await rows();
    expect(session.lastVisit).toMatchObject({ engagedMs: 0 });
    await expectInvariants(t);
    expect((await readDays(t))["2026-01-01"]).toMatchObject({ engagedMs: 0 });
  });
});

describe("the figures of a day", () => {
  test("are those of the visits that began on it, by UTC", async () => {
    vi.setSystemTime(START + DAY_MS - MINUTE_MS);
    await beat();
    pass(2 * MINUTE_MS);
    await beat({ engagedMs: 2 * MINUTE_MS });
    await end();
    pass(1);
    await beat();
    await end();
    expect(await readDays(t)).toEqual({
      "2026-01-01": {
        newVisitors: 1,
        visits: 1,
        bounces: 0,
        engagedMs: 2 * MINUTE_MS,
        actions: 0,
      },
      "2026-01-02": {
        newVisitors: 0,
        visits: 1,
        bounces: 1,
        engagedMs: 0,
        actions: 0,
      },
    });
  });

  test.each([
    ["less than 10 s and no action", 9_999, false, 1],
    ["10 s", 10_000, false, 0],
    ["an action", 0, true, 0],
  ])("count a visit of %s as a bounce or not", async (_, ms, acts, bounces) => {
    await beat();
    if (acts) await act();
    pass(2 * MINUTE_MS);
    await end({ engagedMs: ms });
    expect((await readDays(t))["2026-01-01"]).toMatchObject({ bounces });
  });

  test("stay when the visitor is forgotten, whose visit under way they count", async () => {
    await beat();
    await end();
    await beat();
    await act();
    await t.mutation(api.visitors.forget.visitor, visitor);
    const { sessions, leases, visits, actions } = await expectInvariants(t);
    expect([sessions, leases, visits, actions]).toEqual([[], [], [], []]);
    expect(await readDays(t)).toEqual({
      "2026-01-01": {
        newVisitors: 1,
        visits: 2,
        bounces: 1,
        engagedMs: 0,
        actions: 1,
      },
    });
  });

  test("stay when the session is purged, with all its visits", async () => {
    for (let n = 0; n < 4; n += 1) {
      await beat();
      await end();
      pass(HOUR_MS);
    }
    const before = await readDays(t);
    pass(15 * DAY_MS);
    await run("purge");
    const { sessions, visits } = await expectInvariants(t);
    expect([sessions, visits]).toEqual([[], []]);
    expect(await readDays(t)).toEqual(before);
  });
});

describe("a report", () => {
  test.each<[string, VisitReport]>([
    ["a path without its slash", { path: "pricing" }],
    ["a path with a query", { path: "/?token=secret" }],
    ["a path with a fragment", { path: "/#top" }],
    ["a URL", { path: "https://example.com/" }],
    ["a path that is too long", { path: `/${"p".repeat(512)}` }],
    ["a referrer that is a URL", { referrer: "https://example.com" }],
    ["a referrer with a port", { referrer: "example.com:8080" }],
    ["an IPv4 address", { referrer: "192.168.0.1" }],
    ["an IPv6 address", { referrer: "[::1]" }],
    ["an empty referrer", { referrer: "" }],
    ["an empty utm field", { utmSource: "" }],
    ["a utm field that is too long", { utmCampaign: "c".repeat(129) }],
    ["negative engaged time", { engagedMs: -1 }],
    ["endless engaged time", { engagedMs: Infinity }],
    ["a start that is no number", { startedAt: NaN }],
  ])("with %s is refused, and nothing is written", async (_, report) => {
    const refused = { ok: false, reason: "invalidVisit" };
    expect(await beat(report)).toEqual(refused);
    expect((await expectInvariants(t)).sessions).toEqual([]);
  });

  test.each<VisitReport>([
    { path: `/${"p".repeat(511)}` },
    { path: "/日本語/ü" },
    { referrer: "localhost" },
    { referrer: "xn--bcher-kva.example" },
    { utmMedium: "m".repeat(128) },
  ])("%j is taken", (report) => {
    expect(isVisitReport(report)).toBe(true);
  });

  test.each([
    [undefined, "direct"],
    [{ path: "/" }, "direct"],
    [{ referrer: "news.example.com" }, "news.example.com"],
    [{ referrer: "news.example.com", utmSource: "letter" }, "letter"],
  ])("of the entry %j names the source %s", (entry, source) => {
    expect(sourceOf(entry)).toBe(source);
  });
});
