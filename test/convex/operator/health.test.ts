/** Health: the questions that `doctor` asks of the component, and the repairs that it has done. */
import { Crons } from "@convex-dev/crons";
import { expect, test } from "vitest";
import { advance } from "../support/clock.js";
import {
  api,
  components,
  DAY_MS,
  freshComponent,
  HOUR_MS,
  internal,
  MINUTE_MS,
  NOW,
  t,
} from "../support/fresh.js";
import {
  finishRun,
  loseLink,
  readRun,
  seedExpired,
  setPageSize,
  startRun,
  visitors,
} from "../support/runKit.js";

freshComponent();

test("clock returns the deployment's time", async () => {
  expect(await t.mutation(api.operator.health.clock, {})).toBe(NOW);
});

test("probe reports an empty job as pending, then as finished", async () => {
  const workId = await t.mutation(api.operator.health.probe, {});
  expect(await t.query(api.operator.health.probed, { workId })).toBe("pending");
  await advance(t, 5_000);
  expect(await t.query(api.operator.health.probed, { workId })).toBe(
    "finished",
  );
});

test("schedules that are missing in crons, differ or are overdue are reported and repaired", async () => {
  expect(await inCrons()).toEqual({ expire: "missing", purge: "missing" });
  await t.mutation(internal.schedules.watchdog.check, {});
  expect(await inCrons()).toEqual({ expire: "same", purge: "same" });

  await t.mutation(async (ctx) => {
    const crons = new Crons(components.crons);
    await crons.delete(ctx, { name: "expire" });
    await crons.delete(ctx, { name: "purge" });
    await crons.register(
      ctx,
      { kind: "cron", cronspec: "0 5 * * *", tz: "UTC" },
      internal.schedules.dispatch.tick,
      { name: "purge" },
      "purge",
    );
  });
  expect(await inCrons()).toEqual({ expire: "missing", purge: "different" });
  await advance(t, 20 * MINUTE_MS);
  const [expire] = await t.query(api.operator.health.schedules, {});
  expect(expire?.overdueSince).toBe(NOW + 15 * MINUTE_MS);

  expect(await t.mutation(api.operator.health.repair, {})).toEqual([
    { kind: "scheduleRegistered", schedule: "expire" },
    { kind: "scheduleRegistered", schedule: "purge" },
  ]);
  expect(await inCrons()).toEqual({ expire: "same", purge: "same" });
  expect(await t.mutation(api.operator.health.repair, {})).toEqual([]);
});

test("repair restarts a stalled run that the watchdog has given up", async () => {
  await t.mutation(internal.schedules.watchdog.check, {});
  await setPageSize(t, 10);
  await seedExpired(t, visitors(30, NOW - 60 * DAY_MS));
  const runId = await startRun(t, "purge");
  await loseLink(t, runId);
  await t.run(async (ctx) => {
    const watchdog = await ctx.db
      .query("ticks")
      .withIndex("name", (q) => q.eq("name", "watchdog"))
      .unique();
    if (watchdog === null) throw new Error("The watchdog has no tick.");
    await ctx.db.patch("ticks", watchdog._id, {
      restarts: [NOW, NOW, NOW, NOW, NOW],
      gaveUp: { at: NOW, why: "five restarts" },
    });
  });
  await advance(t, HOUR_MS);
  await t.mutation(internal.schedules.watchdog.check, {});
  expect(
    (await t.query(api.operator.status.get, {})).watchdog.gaveUp,
  ).not.toBeNull();
  expect(await readRun(t, runId)).toMatchObject({ sessions: 10 });

  const done = await t.mutation(api.operator.health.repair, {});
  expect(done).toEqual([
    { kind: "fuseReplaced" },
    { kind: "runRestarted", runId, why: "stoodStill" },
  ]);
  expect(await finishRun(t, runId)).toMatchObject({ sessions: 30 });
  expect(
    (await t.query(api.operator.status.get, {})).watchdog.gaveUp,
  ).toBeNull();
});

async function inCrons() {
  const schedules = await t.query(api.operator.health.schedules, {});
  return Object.fromEntries(schedules.map((s) => [s.name, s.inCrons]));
}
