/** The calls that a hook owes for people who were erased are made up for by the watchdog. */
import { createFunctionHandle, makeFunctionReference } from "convex/server";
import { beforeEach, expect, test, vi } from "vitest";
import { advance } from "../support/clock.js";
import { setUpWithFaults } from "../support/faults.js";
import {
  api,
  DAY_MS,
  fakeClock,
  HOUR_MS,
  internal,
  MINUTE_MS,
  NOW,
} from "../support/fresh.js";
import type { Component } from "../support/rows.js";

const GONE = "function://;shop:renamedLongAgo";
const EVERY_MS = 15 * MINUTE_MS;

let t: Component;
fakeClock(NOW);
beforeEach(async () => {
  t = await setUpWithFaults();
});

test("once the hook works again one look has it called for all who are owed", async () => {
  await setHook(GONE);
  await forgetMany(50);
  await look();
  const before = await debts();
  expect(before).toHaveLength(50);
  // No more than twenty fail in a look.
  expect(before.filter(({ tries }) => tries === 1)).toHaveLength(20);
  await mend();
  await look();
  expect(await debts()).toEqual([]);
});

test("a hook that stays gone is called less and less often", async () => {
  await setHook(GONE);
  await forgetMany(1);
  const tried: number[] = [];
  while (Date.now() < NOW + DAY_MS / 2) {
    await look();
    const [debt] = await debts();
    if (debt?.tries === tried.length + 1) tried.push(debt.triedAt);
    expect(debt?.error).toContain("shop:renamedLongAgo");
    expect(debt?.nextTryAt).toBeLessThan(Date.now() + 6 * HOUR_MS);
  }
  const waits = tried.map((at, n) => (at - (tried[n - 1] ?? at)) / EVERY_MS);
  expect(waits.map(Math.round)).toEqual([0, 1, 2, 3, 6, 11, 22]);
});

test("one visitor whose call fails keeps nobody else's from being made up for", async () => {
  await setHook(GONE);
  await forget("poison");
  await forgetMany(5);
  await mend();
  await look();
  expect(await debts()).toMatchObject([
    { tries: 1, error: expect.stringContaining("poison refused") as string },
  ]);
});

test("without any hook a debt waits, untried", async () => {
  await setHook(GONE);
  await forgetMany(1);
  await setHook(null);
  await look();
  expect(await debts()).toMatchObject([{ tries: 0, nextTryAt: null }]);
});

test("a debt that a clock which was ahead tried is tried again now", async () => {
  await setHook(GONE);
  vi.setSystemTime(NOW + 400 * DAY_MS);
  await forgetMany(1);
  await look();
  vi.setSystemTime(NOW);
  await mend();
  await look();
  expect(await debts()).toEqual([]);
});

test("a failure for visitors is forgotten a day after the last", async () => {
  await t.mutation(api.settings.settings.setHooks, { onStarted: GONE });
  await t.mutation(api.visitors.heartbeat.beat, { anonymousId: "ann" });
  vi.setSystemTime(NOW + DAY_MS);
  await t.mutation(internal.schedules.watchdog.check, {});
  expect((await hooks())[0]?.failure).toMatchObject({ since: NOW, at: NOW });
  vi.setSystemTime(NOW + DAY_MS + 1);
  await t.mutation(internal.schedules.watchdog.check, {});
  expect((await hooks())[0]?.failure).toBeNull();
});

// ── Helpers ─────────────────────────────────────────────────────────────────

/** The watchdog's look, and all calls that follow from it. */
async function look(): Promise<void> {
  await t.mutation(internal.schedules.watchdog.check, {});
  await advance(t, EVERY_MS);
}

async function forget(anonymousId: string): Promise<void> {
  await t.mutation(api.visitors.heartbeat.beat, { anonymousId });
  await t.mutation(api.visitors.forget.visitor, { anonymousId });
}

async function forgetMany(count: number): Promise<void> {
  for (let n = 0; n < count; n++) await forget(`visitor-${n}`);
}

function setHook(onPurged: string | null) {
  return t.mutation(api.settings.settings.setHooks, { onPurged });
}

/** Deploys the hook again; it refuses nobody but poison. */
function mend() {
  return t.mutation(async (ctx) => {
    const onPurged = await createFunctionHandle(
      makeFunctionReference<"mutation">("faults:refusePoison"),
    );
    await ctx.runMutation(api.settings.settings.setHooks, { onPurged });
  });
}

async function debts() {
  return (await t.query(api.operator.hooks.debts, {})).debts;
}

function hooks() {
  return t.query(api.operator.hooks.list, {});
}
