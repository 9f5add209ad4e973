/**
 * Walks over rows that share the time they are walked by, and that of their creation too. convex-test creates
 * each row a thousandth of a millisecond after the last, which a double cannot tell in the year 2600;
 * where the clocks of an engine can (the embedded one's can), the rows share the first time only, and
 * `test/embedded/sharedTimes.test.ts` imports rows that share both.
 */
import { expect, test } from "vitest";
import { removeFaults, setUpWithFaults } from "../support/faults.js";
import { api, DAY_MS, freshComponent, t } from "../support/fresh.js";
import { expectInvariants, readRows } from "../support/rows.js";
import {
  finishRun,
  seedExpired,
  seedLeased,
  setPageSize,
  startRun,
  visitors,
} from "../support/runKit.js";

const NOW = Date.UTC(2600, 2, 1);
const OLD = NOW - 30 * DAY_MS;

freshComponent(NOW, setUpWithFaults);

test.each(["expire", "purge"] as const)(
  "a run of %s takes every row behind the rows set aside",
  async (kind) => {
    await setPageSize(t, 4);
    const seed = kind === "expire" ? seedLeased : seedExpired;
    await seed(t, [
      ...visitors(8, OLD, "poison"),
      ...visitors(20, OLD),
      ...visitors(8, OLD, "poison-too"),
    ]);
    const run = await finishRun(t, await startRun(t, kind));
    expect(run).toMatchObject({
      status: "completed",
      sessions: 20,
      quarantined: 16,
    });
    await expectInvariants(t);
  },
);

test("the run's errors name each row set aside once", async () => {
  await setPageSize(t, 1);
  await seedExpired(t, visitors(15, OLD, "poison"));
  const run = await finishRun(t, await startRun(t, "purge"));
  const { sessions } = await readRows(t);
  const set = (ids: (string | undefined)[]) => new Set(ids);
  expect(set(run.errors.map((error) => error.sessionId))).toEqual(
    set(sessions.map((row) => row._id)),
  );
  expect(run).toMatchObject({ status: "completed", quarantined: 15 });
});

test("a preview of several pages counts each session once", async () => {
  await removeFaults(t);
  await seedLeased(t, visitors(2_300, OLD, "leased"));
  await seedExpired(t, visitors(2_300, OLD));
  const seen = { sessions: 0, calls: 0 };
  type Preview = (typeof api.runs.preview.purge)["_returnType"];
  let cursor: Preview["cursor"] = null;
  do {
    const page: Preview = await t.query(api.runs.preview.purge, {
      cutoff: NOW - DAY_MS,
      cursor,
    });
    seen.sessions += page.sessions;
    seen.calls += 1;
    cursor = page.cursor;
  } while (cursor !== null && seen.calls < 20);
  expect(seen.sessions).toBe(4_600);
}, 60_000);

test.each(["asc", "desc"] as const)(
  "a list, an exact count and a user's sessions have each session once, %s",
  async (order) => {
    const link = { userId: "ada" };
    await seedExpired(t, visitors(30, OLD));
    await seedLeased(t, visitors(30, OLD, "leased"));
    await t.run(async (ctx) => {
      for (const { _id } of await ctx.db.query("sessions").collect()) {
        await ctx.db.patch("sessions", _id, link);
      }
    });
    const { sessions } = await readRows(t);
    const wanted = sessions.map((row) => row.anonymousId).sort();
    for (const filter of [{}, link]) {
      for (const sort of ["created", "active"] as const) {
        const found = await listAll({ filter, sort, order, limit: 7 });
        expect(found.toSorted()).toEqual(wanted);
      }
    }
  },
);

test("a timeline has each action of one moment once", async () => {
  await seedExpired(t, [{ anonymousId: "busy", lastActive: OLD }]);
  const [session] = (await readRows(t)).sessions;
  if (session === undefined) throw new Error("No session.");
  const names = Array.from({ length: 25 }, (_, i) => `action-${i + 10}`);
  await t.run(async (ctx) => {
    for (const action of names) {
      await ctx.db.insert("actions", { session: session._id, at: OLD, action });
    }
  });
  const found: string[] = [];
  let cursor: string | null = null;
  do {
    const page: (typeof api.operator.show.timeline)["_returnType"] =
      await t.query(api.operator.show.timeline, {
        sessionId: session._id,
        limit: 4,
        cursor,
      });
    found.push(...page.actions.map(({ action }) => action));
    cursor = page.cursor;
  } while (cursor !== null);
  expect(found.toSorted()).toEqual(names);
});

async function listAll(
  query: (typeof api.operator.search.page)["_args"],
): Promise<string[]> {
  const found: string[] = [];
  let cursor: string | null = null;
  do {
    const page: (typeof api.operator.search.page)["_returnType"] =
      await t.query(api.operator.search.page, { ...query, cursor });
    found.push(...page.sessions.map((row) => row.anonymousId));
    cursor = page.cursor;
  } while (cursor !== null);
  return found;
}
