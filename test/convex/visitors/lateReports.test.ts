/** Engaged time that a page reports once its visit is over, as after a network was away or a machine slept. */
import { describe, expect, test, vi } from "vitest";
import { readDays } from "../support/days.js";
import {
  DAY_MS,
  freshComponent,
  HOUR_MS,
  MINUTE_MS,
  t,
} from "../support/fresh.js";
import {
  act,
  beat,
  end,
  engaged,
  pass,
  rows,
  run,
} from "../support/visitKit.js";

const START = Date.UTC(2026, 0, 1);

freshComponent(START);

describe("engaged time", () => {
  test("of a visit that has meanwhile become idle is that visit's", async () => {
    await beat();
    pass(5 * MINUTE_MS);
    await beat();
    pass(HOUR_MS);
    await beat({ startedAt: START, engagedMs: 3 * MINUTE_MS });
    expect(await engaged()).toBe(0);
    const { session } = await rows();
    expect(session.lastVisit).toMatchObject({ engagedMs: 3 * MINUTE_MS });
    expect(session.engagedMs).toBe(3 * MINUTE_MS);
  });

  test("of a visit that a run has closed meanwhile is that visit's and its day's", async () => {
    await beat();
    pass(5 * MINUTE_MS);
    await beat();
    pass(HOUR_MS);
    await run("expire");
    const figures = { newVisitors: 1, visits: 1, actions: 0 };
    expect(await readDays(t)).toEqual({
      "2026-01-01": { ...figures, bounces: 1, engagedMs: 0 },
    });
    await beat({ startedAt: START, engagedMs: 4 * MINUTE_MS });
    const { session } = await rows();
    expect(session.lastVisit).toMatchObject({
      endedAt: START + 5 * MINUTE_MS,
      engagedMs: 4 * MINUTE_MS,
    });
    expect(await readDays(t)).toEqual({
      "2026-01-01": { ...figures, bounces: 0, engagedMs: 4 * MINUTE_MS },
    });
  });

  describe.each([
    ["that a heartbeat closes", async () => {}, beat],
    ["that a run has closed", () => run("expire"), beat],
    ["that the visitor ends late", async () => {}, end],
    ["that a run has closed and the visitor ends", () => run("expire"), end],
  ])("of a visit %s, beyond its last sign of life", (_, close, tell) => {
    test.each([
      ["lets it end so much later", 7 * MINUTE_MS, 7 * MINUTE_MS],
      ["is no more than has passed since its start", DAY_MS, 70 * MINUTE_MS],
    ])("%s", async (_is, engagedMs, expected) => {
      await beat();
      pass(5 * MINUTE_MS);
      await beat({ engagedMs: 4 * MINUTE_MS });
      pass(HOUR_MS);
      await close();
      vi.setSystemTime(START + 70 * MINUTE_MS);
      await tell({ startedAt: START, engagedMs });
      const { session } = await rows();
      expect(session.lastVisit).toMatchObject({
        startedAt: START,
        endedAt: START + expected,
        engagedMs: expected,
      });
      expect((await readDays(t))["2026-01-01"]).toMatchObject({
        visits: 1,
        engagedMs: expected,
      });
    });

    test("is no more than the maximum of a visit", async () => {
      await beat();
      pass(HOUR_MS);
      await close();
      vi.setSystemTime(START + 7 * DAY_MS);
      await tell({ startedAt: START, engagedMs: 7 * DAY_MS });
      const { session } = await rows();
      expect(session).toMatchObject({
        engagedMs: DAY_MS,
        lastVisit: { endedAt: START + DAY_MS, engagedMs: DAY_MS },
      });
    });
  });

  test("of a visit before the one under way ends before that began", async () => {
    await beat();
    pass(5 * MINUTE_MS);
    await beat();
    pass(HOUR_MS);
    await act();
    pass(20 * MINUTE_MS);
    await beat({ startedAt: START, engagedMs: 80 * MINUTE_MS });
    const { session, lease } = await rows();
    expect(lease).toMatchObject({ startedAt: START + 65 * MINUTE_MS });
    expect(session.lastVisit).toMatchObject({
      endedAt: START + 65 * MINUTE_MS,
      engagedMs: 65 * MINUTE_MS,
    });
  });

  test("that names no visit is of none that is over, whether or not a run has come by", async () => {
    for (const closeFirst of [false, true]) {
      await beat();
      pass(5 * MINUTE_MS);
      await beat();
      pass(HOUR_MS);
      if (closeFirst) await run("expire");
      await beat({ engagedMs: 3 * MINUTE_MS });
      const { session } = await rows();
      expect(session.lastVisit).toMatchObject({ engagedMs: 0 });
      await end();
    }
  });

  test("that comes with the end of a visit which a run has closed meanwhile is that visit's", async () => {
    await beat();
    pass(5 * MINUTE_MS);
    await beat();
    pass(HOUR_MS);
    await run("expire");
    const report = { startedAt: START, engagedMs: 3 * MINUTE_MS };
    expect(await end(report)).toMatchObject({ ended: false });
    expect(await end(report)).toMatchObject({ ended: false });
    const { session } = await rows();
    expect(session.lastVisit).toMatchObject({ engagedMs: 3 * MINUTE_MS });
    expect(session.engagedMs).toBe(3 * MINUTE_MS);
    expect((await readDays(t))["2026-01-01"]).toMatchObject({
      bounces: 0,
      engagedMs: 3 * MINUTE_MS,
    });
  });
});
