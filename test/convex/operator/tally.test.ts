/**
 * Counting all sessions while they come, go and change: a tally is exact, and a repair never harms the
 * counters.
 */
import { expect, test, vi } from "vitest";
import type { Id } from "../../../convex/sessionTracker/_generated/dataModel.js";
import { countStates } from "../../../convex/sessionTracker/rows/counters.js";
import { Random } from "../../../embedded/test/support/random.js";
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
import {
  finishRun,
  seedExpired,
  seedLeased,
  startRun,
  visitors,
} from "../support/runKit.js";

const NOTHING = { active: 0, expired: 0, ended: 0 };

freshComponent();

type Done = NonNullable<(typeof api.operator.tally.page)["_returnType"]>;

/** @param between called before each page of the tally */
async function tally(
  fix: boolean,
  between: (page: number) => Promise<void> = () => Promise.resolve(),
): Promise<Done & { pages: number }> {
  const tallyId = await t.mutation(api.operator.tally.begin, {});
  for (let page = 0; ; page += 1) {
    await between(page);
    const done = await t.mutation(api.operator.tally.page, {
      tallyId,
      page,
      fix,
    });
    if (done !== null) return { ...done, pages: page + 1 };
  }
}

test("a tally of several pages counts all rows, and says how many the counters lack", async () => {
  // All sessions are created in one millisecond.
  await seedExpired(t, visitors(1_200, NOW));
  await t.mutation(api.visitors.heartbeat.beat, { anonymousId: "live" });
  const counted = { active: 1, expired: 1_200, ended: 0 };
  expect(await tally(false)).toEqual({
    ...{ counted, missing: NOTHING, fixed: false, pages: 3 },
  });
  await t.run((ctx) => countStates(ctx, { expired: -3, ended: 2 }));
  const missing = { active: 0, expired: 3, ended: -2 };
  expect(await tally(false)).toMatchObject({ missing, fixed: false });
  expect(await tally(true)).toMatchObject({ missing, fixed: true });
  await expectInvariants(t);
  expect(await tally(true)).toMatchObject({ missing: NOTHING, fixed: false });
});

test.each([1, 2, 3])(
  "a tally is exact while visitors, operators and runs change sessions between its pages, seed %i",
  async (seed) => {
    const random = new Random(seed);
    await seedExpired(t, visitors(700, NOW - DAY_MS, "gone"));
    await seedLeased(t, visitors(700, NOW, "live"));
    await seedLeased(t, visitors(50, NOW - HOUR_MS, "idle"));
    await seedExpired(t, visitors(400, NOW - 20 * DAY_MS, "old"));
    let next = 0;
    const traffic = async (page: number) => {
      for (let i = 0; i < 30; i += 1) {
        const anonymousId = `${random.chance(0.5) ? "gone" : "live"}-${random.below(700)}`;
        switch (random.below(5)) {
          case 0:
            await t.mutation(api.visitors.end.visit, { anonymousId });
            break;
          case 1:
            await t.mutation(api.visitors.forget.visitor, { anonymousId });
            break;
          case 2:
            next += 1;
            await t.mutation(api.visitors.heartbeat.beat, {
              anonymousId: `new-${next}`,
            });
            break;
          case 3:
            await t.mutation(api.operator.import.batch, {
              rows: [
                {
                  anonymousId: random.chance(0.5)
                    ? anonymousId
                    : `import-${page}-${i}`,
                  createdAt: NOW - 2 * DAY_MS,
                  lastActive: NOW - DAY_MS + i,
                },
              ],
            });
            break;
          default:
            await t.mutation(api.visitors.heartbeat.beat, { anonymousId });
        }
      }
      if (page === 2) await finishRun(t, await startRun(t, "expire"));
      if (page === 3) await finishRun(t, await startRun(t, "purge"));
    };
    expect(await tally(true, traffic)).toMatchObject({
      missing: NOTHING,
      fixed: false,
    });
    await expectInvariants(t);
    // Wrong counters are found and mended under the same traffic.
    await t.run((ctx) => countStates(ctx, { active: 5, ended: -4 }));
    expect(await tally(true, traffic)).toMatchObject({
      missing: { active: -5, expired: 0, ended: 4 },
      fixed: true,
    });
    await expectInvariants(t);
  },
  60_000,
);

test("a tally's page that is repeated counts nothing twice", async () => {
  await seedExpired(t, visitors(600, NOW));
  const tallyId = await t.mutation(api.operator.tally.begin, {});
  const page = (number: number) =>
    t.mutation(api.operator.tally.page, { tallyId, page: number, fix: true });
  await page(0);
  await page(0);
  const done = await page(1);
  expect(done).toMatchObject({
    counted: { expired: 600 },
    missing: NOTHING,
  });
  expect(await page(1)).toEqual(done);
});

test("a tally that was abandoned or replaced is refused", async () => {
  await seedExpired(t, visitors(600, NOW));
  const page = (tallyId: Id<"tallies">) =>
    t.mutation(api.operator.tally.page, { tallyId, page: 0, fix: true });
  const lost = { data: { kind: "tallyLost" } };
  const first = await t.mutation(api.operator.tally.begin, {});
  const second = await t.mutation(api.operator.tally.begin, {});
  await expect(page(first)).rejects.toMatchObject(lost);
  vi.setSystemTime(NOW + MINUTE_MS + 1);
  await expect(page(second)).rejects.toMatchObject(lost);
});
