/** Importing visits and the figures of days: what merges, what closes, what is counted, and what is refused. */
import { describe, expect, test, vi } from "vitest";
import { MAX_IMPORT_DAYS } from "../../../convex/sessionTracker/shared/limits.js";
import type { ImportRow } from "../../../convex/sessionTracker/operator/import.js";
import type { Visit } from "../../../convex/sessionTracker/shared/visits.js";
import {
  api,
  DAY_MS,
  freshComponent,
  HOUR_MS,
  MINUTE_MS,
  NOW,
  t,
} from "../support/fresh.js";
import { expectInvariants } from "../support/rows.js";
import { finishRun, startRun } from "../support/runKit.js";

const LONG_AGO = NOW - 20 * DAY_MS;

freshComponent();

/** A visit of ten minutes, so many hours before `LONG_AGO`, with a minute of engaged time. */
function visitAt(hoursBefore: number, more: Partial<Visit> = {}): Visit {
  const startedAt = LONG_AGO - hoursBefore * HOUR_MS - 10 * MINUTE_MS;
  return {
    startedAt,
    endedAt: startedAt + 10 * MINUTE_MS,
    engagedMs: MINUTE_MS,
    actions: 0,
    entry: { path: "/", utmSource: "news", device: "desktop" },
    exitPath: "/pricing",
    why: "idle",
    ...more,
  };
}

/** Imports rows of a visitor "v" who was last there long ago, each with the given fields. */
function importRows(...rows: Partial<ImportRow>[]) {
  return t.mutation(api.operator.import.batch, {
    rows: rows.map((row) => ({
      anonymousId: "v",
      createdAt: LONG_AGO - 30 * DAY_MS,
      lastActive: LONG_AGO,
      ...row,
    })),
  });
}

/** Checks what holds of the visits of all sessions, and returns the rows. */
async function visitRows() {
  const { sessions, leases } = await expectInvariants(t);
  const visits = await t.run((ctx) => ctx.db.query("visits").collect());
  for (const session of sessions) {
    const { _id, lastVisit, visitRows = 0 } = session;
    const rows = visits.filter((visit) => visit.session === _id);
    expect(rows).toHaveLength(visitRows);
    const starts = rows.map(({ startedAt }) => startedAt);
    if (starts.length > 0) {
      expect(lastVisit?.startedAt).toBeGreaterThan(Math.max(...starts));
    }
    const known =
      visitRows +
      (lastVisit === undefined ? 0 : 1) +
      leases.filter((lease) => lease.session === _id).length;
    expect(session.visits).toBeGreaterThanOrEqual(known);
  }
  return { sessions, leases, visits };
}

const days = async () =>
  (await t.query(api.operator.export.days, { after: null })).map(
    ({ visits, newVisitors, engagedMs }) => ({
      visits,
      newVisitors,
      engagedMs,
    }),
  );

describe("finished visits", () => {
  test.each([
    ["in one row", [[2, 1, 0]]],
    ["in one row, in no order", [[0, 2, 1]]],
    ["in several rows", [[2], [1, 0]]],
    ["in several rows, the latest first", [[0], [2, 1], [1, 0]]],
  ])("are united: %s", async (_, rows) => {
    const given = rows.map((hours) => ({
      visits: 3,
      finishedVisits: hours.map((hour) => visitAt(hour)),
    }));
    for (const row of given) await importRows(row);
    const { sessions, visits } = await visitRows();
    expect(sessions).toMatchObject([
      {
        state: "expired",
        visits: 3,
        visitRows: 2,
        lastVisit: visitAt(0),
        engagedMs: 3 * MINUTE_MS,
      },
    ]);
    expect(visits.toSorted((a, b) => a.startedAt - b.startedAt)).toMatchObject([
      visitAt(2),
      visitAt(1),
    ]);
    expect(await importRows(...given)).toMatchObject({
      merged: 0,
      unchanged: given.length,
      visits: 0,
    });
    expect(await days()).toEqual([]);
  });

  test("of a start that is known become the longer one", async () => {
    const short = visitAt(0, { endedAt: visitAt(0).endedAt - 1, engagedMs: 7 });
    await importRows({ finishedVisits: [visitAt(1), short] });
    await importRows({ finishedVisits: [visitAt(0)] });
    await importRows({ finishedVisits: [visitAt(1), short] });
    const { sessions } = await visitRows();
    expect(sessions).toMatchObject([
      { visits: 2, lastVisit: visitAt(0), engagedMs: 2 * MINUTE_MS },
    ]);
  });

  test("of a start that is known become the longer one where a later visit followed, too", async () => {
    const short = visitAt(2, { endedAt: visitAt(2).endedAt - 1, engagedMs: 7 });
    await importRows({ finishedVisits: [short, visitAt(0)] });
    await importRows({ finishedVisits: [visitAt(2)] });
    const { sessions, visits } = await visitRows();
    expect(sessions).toMatchObject([{ visits: 2, engagedMs: 2 * MINUTE_MS }]);
    expect(visits).toMatchObject([visitAt(2)]);
  });

  test("that the session counts without having them add nothing to its engaged time", async () => {
    await importRows({ visits: 5, engagedMs: 9 * MINUTE_MS });
    await importRows({ finishedVisits: [visitAt(1), visitAt(0)] });
    const { sessions } = await visitRows();
    expect(sessions).toMatchObject([
      { visits: 5, visitRows: 1, engagedMs: 9 * MINUTE_MS },
    ]);
  });

  test("without one under way say that the visitor has gone, however recently", async () => {
    const endedAt = NOW - MINUTE_MS;
    const recent = visitAt(0, { startedAt: endedAt - HOUR_MS, endedAt });
    await importRows({ lastActive: endedAt, finishedVisits: [recent] });
    const { sessions, leases } = await visitRows();
    expect(sessions).toMatchObject([{ state: "expired", visits: 1 }]);
    expect(leases).toEqual([]);
  });

  test("keep where the first of them came from", async () => {
    const firstEntry = { path: "/first", referrer: "news.example.com" };
    await importRows({ firstEntry });
    await importRows({ firstEntry: { path: "/other" } });
    await importRows({
      createdAt: LONG_AGO - 40 * DAY_MS,
      firstEntry: { path: "/earliest" },
    });
    const { sessions } = await visitRows();
    expect(sessions).toMatchObject([{ firstEntry: { path: "/earliest" } }]);
  });

  test("bring where the first came from, and the user, to a session that knows neither", async () => {
    await importRows({});
    await importRows({ firstEntry: { path: "/first" }, userId: "ada" });
    await importRows({ firstEntry: { path: "/other" }, userId: "bob" });
    const { sessions } = await visitRows();
    expect(sessions).toMatchObject([
      { firstEntry: { path: "/first" }, userId: "ada" },
    ]);
  });
});

describe("a visit under way", () => {
  const startedAt = NOW - 20 * MINUTE_MS;
  const lastActive = NOW - 10 * MINUTE_MS;
  const visitUnderWay = {
    startedAt,
    engagedMs: 4 * MINUTE_MS,
    engagedAt: lastActive,
    actions: 2,
    entry: { path: "/in" },
    path: "/now",
  };
  const row = {
    createdAt: startedAt,
    lastActive,
    visitUnderWay,
    firstEntry: { path: "/in" },
    actions: [
      { at: startedAt, action: "look" },
      { at: lastActive, action: "buy" },
    ],
  };

  test("goes on as that visit, and takes no more engaged time than has passed", async () => {
    await importRows(row);
    await importRows(row);
    const { sessions, leases } = await visitRows();
    expect(sessions).toMatchObject([
      { state: "active", visits: 1, actionCount: 0 },
    ]);
    expect(leases).toMatchObject([
      { startedAt, lastActive, actionCount: 2, entry: { path: "/in" } },
    ]);
    expect(
      await t.mutation(api.visitors.heartbeat.beat, {
        anonymousId: "v",
        visit: { startedAt, engagedMs: HOUR_MS, path: "/next" },
      }),
    ).toMatchObject({ state: "touched", visitStartedAt: startedAt });
    await t.mutation(api.visitors.end.visit, { anonymousId: "v" });
    const { sessions: ended } = await visitRows();
    expect(ended).toMatchObject([
      {
        state: "ended",
        actionCount: 2,
        lastVisit: {
          startedAt,
          endedAt: NOW,
          engagedMs: 14 * MINUTE_MS,
          actions: 2,
          entry: { path: "/in" },
          exitPath: "/next",
          why: "ended",
        },
      },
    ]);
    expect(await days()).toEqual([
      { visits: 1, newVisitors: 1, engagedMs: 14 * MINUTE_MS },
    ]);
  });

  test("that is idle is closed, and counted, by the next run; the same row again changes nothing", async () => {
    vi.setSystemTime(NOW + HOUR_MS);
    await importRows(row);
    await finishRun(t, await startRun(t, "expire"));
    const { sessions } = await visitRows();
    const lastVisit = {
      startedAt,
      endedAt: lastActive,
      engagedMs: 4 * MINUTE_MS,
      actions: 2,
      entry: { path: "/in" },
      exitPath: "/now",
      why: "idle",
    };
    expect(sessions).toMatchObject([{ state: "expired", lastVisit }]);
    const before = await days();
    expect(before).toEqual([
      { visits: 1, newVisitors: 1, engagedMs: 4 * MINUTE_MS },
    ]);
    expect(await importRows(row)).toMatchObject({ unchanged: 1 });
    expect(await days()).toEqual(before);
    expect((await visitRows()).sessions).toEqual(sessions);
  });

  test("closes by the row that has it as finished, whose day counts it", async () => {
    await importRows(row);
    const { engagedAt: _, path, ...of } = visitUnderWay;
    const finished = { ...of, endedAt: NOW - 1, why: "ended" as const };
    const ended = { ...row, lastActive: NOW - 1, ended: {} };
    const { visitUnderWay: __, ...rest } = ended;
    await importRows({ ...rest, finishedVisits: [finished] });
    const { sessions, leases } = await visitRows();
    expect(leases).toEqual([]);
    expect(sessions).toMatchObject([
      { state: "ended", visits: 1, actionCount: 2, lastVisit: finished },
    ]);
    expect(await days()).toEqual([]);
  });

  test("that no run has closed yet is kept and counted where the row begins the next", async () => {
    await importRows(row);
    vi.setSystemTime(NOW + 2 * HOUR_MS);
    await importRows({ lastActive: NOW + 2 * HOUR_MS });
    const { sessions, leases } = await visitRows();
    expect(sessions).toMatchObject([
      {
        state: "active",
        visits: 2,
        actionCount: 2,
        engagedMs: 4 * MINUTE_MS,
        lastVisit: { startedAt, endedAt: lastActive, why: "idle" },
      },
    ]);
    expect(leases).toMatchObject([{ startedAt: NOW + 2 * HOUR_MS }]);
    expect(leases[0]).not.toHaveProperty("engagedMs");
    expect(await days()).toEqual([
      { visits: 1, newVisitors: 1, engagedMs: 4 * MINUTE_MS },
    ]);
  });

  test("ends when the row of an earlier version says so", async () => {
    await importRows(row);
    await importRows({ lastActive: NOW, ended: { reason: "bye" } });
    const { sessions } = await visitRows();
    expect(sessions).toMatchObject([
      { state: "ended", lastVisit: { startedAt, endedAt: NOW, why: "ended" } },
    ]);
    expect(await days()).toMatchObject([{ visits: 1 }]);
  });

  test("counts its actions also where they come by themselves", async () => {
    const { actions, ...withoutActions } = row;
    await importRows(withoutActions);
    const early = { at: startedAt - 1, action: "early" };
    await t.mutation(api.operator.importActions.add, {
      anonymousId: "v",
      actions: [early, ...actions],
      after: null,
      isOfVisit: true,
    });
    const { sessions, leases } = await visitRows();
    expect(sessions).toMatchObject([{ actionCount: 1 }]);
    expect(leases).toMatchObject([{ actionCount: 2 }]);
  });
});

describe("a row with a bad visit is refused:", () => {
  const open = { startedAt: LONG_AGO, engagedMs: 0, actions: 0 };
  test.each<[string, Partial<ImportRow>]>([
    ["lies before its startedAt", one({ endedAt: visitAt(0).startedAt - 1 })],
    ["is more than the visit took", one({ engagedMs: 11 * MINUTE_MS })],
    ["lies in the future", one({ endedAt: NOW + HOUR_MS })],
    [
      "overlaps the one that starts at",
      { finishedVisits: [visitAt(0.1), visitAt(0)] },
    ],
    ["finishedVisits[0].entry.path", one({ entry: { path: "/a?b=c" } })],
    ["finishedVisits[0].exitPath", one({ exitPath: "no slash" })],
    [
      "entry.referrer must be the name",
      one({ entry: { referrer: "1.2.3.4" } }),
    ],
    ["entry.utmSource must have 1", one({ entry: { utmSource: "" } })],
    ["finishedVisits[0].actions must be a whole", one({ actions: -1 })],
    ["firstEntry.path", { firstEntry: { path: "#" } }],
    ["engagedMs must be a number", { engagedMs: -1 }],
    [
      "visitUnderWay.startedAt",
      { visitUnderWay: { ...open, startedAt: LONG_AGO + 1 } },
    ],
    [
      "is more than the visit has taken",
      { visitUnderWay: { ...open, engagedMs: 1 } },
    ],
    ["the row says that the visitor ended", { visitUnderWay: open, ended: {} }],
    ["finishedVisits[0].startedAt must be a time", one({ startedAt: -1 })],
    ["finishedVisits[0].endedAt must be a time", one({ endedAt: -1 })],
    ["finishedVisits[0].engagedMs must be a number", one({ engagedMs: -1 })],
    [
      "visitUnderWay.startedAt must be a time",
      { visitUnderWay: { ...open, startedAt: -1 } },
    ],
    [
      "does not lie between startedAt",
      { visitUnderWay: { ...open, engagedAt: LONG_AGO - 1 } },
    ],
    ["visits must be a whole number from 1", { visits: 0 }],
  ])("%s", async (problem, bad) => {
    await expect(
      importRows({}, { anonymousId: "w", ...bad }),
    ).rejects.toMatchObject({
      data: {
        kind: "invalidRow",
        index: 1,
        problem: expect.stringContaining(problem) as string,
      },
    });
    expect((await visitRows()).sessions).toEqual([]);
  });

  function one(bad: Partial<Visit>): Partial<ImportRow> {
    return { finishedVisits: [visitAt(0, bad)] };
  }
});

describe("figures of days", () => {
  const counts = { newVisitors: 1, bounces: 0, actions: 4 };
  const line = { day: "2026-02-28", visits: 3, engagedMs: 9_000, ...counts };
  const importDays = (...given: (typeof line)[]) =>
    t.mutation(api.operator.importDays.batch, { days: given });
  const allDays = () => t.query(api.operator.export.days, { after: null });

  test("are raised to those of a file, which again changes nothing", async () => {
    expect(await importDays(line)).toEqual({ changed: 1, unchanged: 0 });
    expect(await allDays()).toEqual([line]);
    expect(await importDays(line)).toEqual({ changed: 0, unchanged: 1 });
    expect(await importDays({ ...line, visits: 2, actions: 5 })).toEqual({
      changed: 1,
      unchanged: 0,
    });
    expect(await allDays()).toEqual([{ ...line, actions: 5 }]);
  });

  test("keep what is counted after the import, also when it is repeated", async () => {
    await importDays({ ...line, day: "2026-03-01" });
    await t.mutation(api.visitors.heartbeat.beat, { anonymousId: "v" });
    await t.mutation(api.visitors.end.visit, { anonymousId: "v" });
    const after = await allDays();
    expect(after).toMatchObject([{ visits: 4, newVisitors: 2 }]);
    await importDays({ ...line, day: "2026-03-01" });
    expect(await allDays()).toEqual(after);
  });

  test.each([
    ["day must be a UTC day", { day: "2026-02-30" }],
    ["day must be a UTC day", { day: "last Tuesday" }],
    ["engagedMs must be a number", { engagedMs: -1 }],
    ["lies in the future", { day: "2026-03-02" }],
    ["visits must be a whole number", { visits: 1.5 }],
    ["bounces (4) are more than visits (3)", { bounces: 4 }],
  ])("that are wrong are refused: %s", async (problem, bad) => {
    await expect(importDays(line, { ...line, ...bad })).rejects.toMatchObject({
      data: {
        kind: "invalidRow",
        index: 1,
        problem: expect.stringContaining(problem) as string,
      },
    });
    expect(await allDays()).toEqual([]);
  });

  test("are exported in pages, and too many in one call are refused", async () => {
    const many = Array.from({ length: MAX_IMPORT_DAYS + 1 }, (_, n) => ({
      ...line,
      day: new Date(NOW - (n + 1) * DAY_MS).toISOString().slice(0, 10),
    }));
    await expect(importDays(...many)).rejects.toMatchObject({
      data: { kind: "batchTooLarge" },
    });
    await importDays(...many.slice(1));
    expect(await allDays()).toHaveLength(MAX_IMPORT_DAYS);
  });
});
