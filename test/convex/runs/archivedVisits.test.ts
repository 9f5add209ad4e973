/** The visits of archived sessions: exactly those are deleted that the archive has. */
import { describe, expect, test } from "vitest";
import type { Visit } from "../../../convex/sessionTracker/shared/visits.js";
import { countStates } from "../../../convex/sessionTracker/rows/counters.js";
import {
  drive,
  nextPage,
  purgePage,
  startArchivedPurge,
} from "../support/archiveKit.js";
import { api, DAY_MS, freshComponent, NOW, t } from "../support/fresh.js";
import { expectInvariants } from "../support/rows.js";
import { readRun, setPageSize } from "../support/runKit.js";

const OLD = NOW - 20 * DAY_MS;

freshComponent();

const visitRows = () => t.run((ctx) => ctx.db.query("visits").collect());

/** The n-th visit of a visitor, of 400 ms and a second apart, the last of which ended at `OLD`. */
function visitAt(n: number, count: number): Visit {
  const endedAt = OLD - (count - n - 1) * 1_000;
  return {
    startedAt: endedAt - 400,
    endedAt,
    engagedMs: 100 + n,
    actions: 0,
    entry: { path: `/${n}`, device: "mobile" },
    why: "idle",
  };
}

/** Seeds an expired session with so many visits, the last of them in the session, and actions. */
function seed(anonymousId: string, count: number, actions = 0) {
  return t.run(async (ctx) => {
    const visits = Array.from({ length: count }, (_, n) => visitAt(n, count));
    const lastVisit = visits.at(-1);
    const session = await ctx.db.insert("sessions", {
      anonymousId,
      createdAt: OLD - DAY_MS,
      state: "expired",
      visits: Math.max(1, count),
      actionCount: actions,
      inactiveSince: OLD,
      ...(lastVisit === undefined ? {} : { lastVisit }),
      ...(count > 1 ? { visitRows: count - 1 } : {}),
      engagedMs: visits.reduce((sum, { engagedMs }) => sum + engagedMs, 0),
    });
    for (const visit of visits.slice(0, -1)) {
      await ctx.db.insert("visits", { session, ...visit });
    }
    for (let n = 0; n < actions; n += 1) {
      await ctx.db.insert("actions", { session, at: OLD - n, action: "look" });
    }
    await countStates(ctx, { expired: 1 });
    return visits;
  });
}

describe("the visits of a session", () => {
  test("are archived and deleted with it, over as many pages as they take", async () => {
    await setPageSize(t, 4);
    const of = {
      none: await seed("none", 0, 2),
      one: await seed("one", 1),
      three: await seed("three", 3, 1),
      many: await seed("many", 50, 20),
    };
    const link = await startArchivedPurge();
    const archived = await drive(link);

    expect((await expectInvariants(t)).sessions).toEqual([]);
    expect(await visitRows()).toEqual([]);
    expect(await readRun(t, link.runId)).toMatchObject({
      status: "completed",
      sessions: 4,
      actions: 23,
    });
    for (const [anonymousId, visits] of Object.entries(of)) {
      const pieces = archived.filter(
        ({ session }) => session.anonymousId === anonymousId,
      );
      const last = pieces.at(-1);
      expect(pieces.flatMap((piece) => piece.visits)).toEqual(
        visits.slice(0, -1),
      );
      expect(last?.session.lastVisit).toEqual(visits.at(-1));
      expect(pieces.filter(({ isComplete }) => isComplete)).toEqual([last]);
    }
    expect(
      archived.filter(({ session }) => session.anonymousId === "many").length,
    ).toBeGreaterThan(3);
  });

  test("stay with those that were not archived yet where the run is canceled amid them", async () => {
    await setPageSize(t, 4);
    const visits = await seed("many", 50, 3);
    const link = await startArchivedPurge();
    const archived = await drive(link, 2);
    await t.mutation(api.runs.control.cancel, {
      runId: link.runId,
      actor: "ann",
    });
    const gone = archived.flatMap((piece) => piece.visits);
    expect(gone.length).toBeGreaterThan(0);
    const left = await visitRows();
    expect([...gone, ...left]).toMatchObject(visits.slice(0, -1));
    const { sessions } = await expectInvariants(t);
    expect(sessions).toMatchObject([
      { visitRows: left.length, lastVisit: visits.at(-1), visits: 50 },
    ]);
  });

  test("keep their session where there are more than were archived", async () => {
    await seed("grown", 3);
    const link = await startArchivedPurge();
    await drive(link, 1);
    const page = await nextPage(link);
    await t.run(async (ctx) => {
      const session = await ctx.db.query("sessions").unique();
      if (session === null) throw new Error("There is no session.");
      const late = visitAt(0, 9);
      await ctx.db.insert("visits", { session: session._id, ...late });
      await ctx.db.patch("sessions", session._id, { visitRows: 3 });
    });
    expect(await purgePage(link, page)).toMatchObject({
      sessions: 0,
      stayed: [{ why: "changed" }],
    });
    expect(await visitRows()).toHaveLength(3);
  });

  test("are not deleted by an archiver that has not archived them", async () => {
    await seed("three", 3);
    const link = await startArchivedPurge();
    await drive(link, 1);
    const { sessions, ...page } = await nextPage(link);
    const without = sessions.map((whole) => ({ ...whole, visits: [] }));
    expect(await purgePage(link, { ...page, sessions: without })).toMatchObject(
      { purged: false, sessions: 0 },
    );
    expect(await visitRows()).toHaveLength(2);
    expect((await expectInvariants(t)).sessions).toHaveLength(1);
  });
});
