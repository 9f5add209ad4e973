/**
 * Runs over the sessions of a filter, and visitors whom the filter does not take: those who came after the run had
 * started, and those whom it leaves out. None of them waits for such a run, nor keeps it from getting on.
 */
import { beforeEach, describe, expect, test, vi } from "vitest";
import { Random } from "../../embedded/test/support/random.js";
import type { FilteredKind } from "../../convex/sessionTracker/shared/runs/kinds.js";
import {
  api,
  DAY_MS,
  freshComponent,
  HOUR_MS,
  MINUTE_MS,
  NOW,
  t,
} from "../convex/support/fresh.js";
import { seedExpired, seedLeased, visitors } from "../convex/support/runKit.js";
import type { Asked } from "../convex/support/manyKit.js";
import { call, page, setUpUsed, VISITORS, type Call } from "./calls.js";
import { contention, observeAll } from "./pairs.js";

const LATER = NOW + 5 * MINUTE_MS;
const DUE = 5;

freshComponent();
beforeEach(async () => {
  await setUpUsed();
});

const filters: {
  filter: NonNullable<Asked["filter"]>;
  /** Whether it takes visitors who have come for days and are there now. */
  takesRegulars: boolean;
}[] = [
  { filter: { activeAfter: { agoMs: HOUR_MS } }, takesRegulars: true },
  { filter: { activeBefore: { agoMs: HOUR_MS } }, takesRegulars: false },
  { filter: { createdBefore: { agoMs: 0 } }, takesRegulars: true },
  { filter: { createdAfter: { agoMs: DAY_MS } }, takesRegulars: false },
  { filter: { state: "active" }, takesRegulars: true },
  { filter: { state: "expired" }, takesRegulars: false },
  { filter: { state: "ended" }, takesRegulars: false },
  { filter: { userId: "banned" }, takesRegulars: false },
];

const runs: { what: string; kind: FilteredKind; asked: Partial<Asked> }[] = [
  { what: "ends", kind: "end", asked: {} },
  { what: "blocks", kind: "end", asked: { block: "forever" } },
  { what: "forgets", kind: "forget", asked: {} },
];

describe.each(runs)("a run that $what", ({ kind, asked }) => {
  const isPossible = ({ filter }: (typeof filters)[number]) =>
    // Without a block there is nothing to end.
    filter.state !== "ended" || kind === "forget" || asked.block !== undefined;
  test.each(filters.filter(isPossible))(
    "those of $filter waits for no heartbeat, first visit or action",
    async ({ filter, takesRegulars }) => {
      await seedDue();
      if (!takesRegulars) await seedRegulars();
      const ofRun = await page(kind, { asked: { ...asked, filter } });
      vi.setSystemTime(LATER);
      const others = await newcomers();
      if (!takesRegulars) others.push(...regulars());
      expect(await conflicts(ofRun, others)).toEqual([]);
    },
  );
});

async function conflicts(ofRun: Call, others: Call[]) {
  const random = new Random(1);
  const observed = await observeAll(others, 1);
  const footprint = await ofRun.observe(0);
  expect(footprint.writes.length).toBeGreaterThan(0);
  observed.set(
    ofRun.name,
    Array.from({ length: VISITORS }, () => [footprint]),
  );
  const options = { random, pairs: 100 };
  return others
    .flatMap(({ name }) => [
      contention(observed, ofRun.name, name, options),
      contention(observed, name, ofRun.name, options),
    ])
    .filter(({ perThousand }) => perThousand > 0);
}

/** One or more for each filter. */
async function seedDue(): Promise<void> {
  const at = NOW - 2 * HOUR_MS;
  await seedLeased(t, visitors(DUE, at, "idle"));
  await seedLeased(t, visitors(DUE, NOW - 10_000, "here"));
  await seedExpired(t, visitors(DUE, at, "gone"));
  for (let i = 0; i < DUE; i += 1) {
    const anonymousId = `ended-${i}`;
    await t.mutation(api.visitors.heartbeat.beat, { anonymousId });
    await t.mutation(api.visitors.end.visit, { anonymousId });
    const banned = { anonymousId: `banned-${i}`, userId: "banned" };
    await t.mutation(api.visitors.link.user, banned);
  }
}

/** Those who have come since the run started. */
async function newcomers(): Promise<Call[]> {
  await seedLeased(t, visitors(VISITORS, LATER - 10_000, "newcomer"));
  await seedLeased(t, visitors(VISITORS, LATER - 90_000, "new-stale"));
  const { heartbeat, action } = api.visitors;
  return [
    call("heartbeat", heartbeat.beat, of("newcomer")),
    call("heartbeat that writes", heartbeat.beat, of("new-stale")),
    call("first visit", heartbeat.beat, of("newest")),
    call("action", action.record, (i) => ({
      ...of("newcomer")(i),
      action: "click",
    })),
  ];
}

/** Those who have come for days, and are there now. */
async function seedRegulars(): Promise<void> {
  const seeds = visitors(VISITORS, LATER - 90_000, "regular");
  await seedLeased(t, seeds);
  await t.run(async (ctx) => {
    for (const session of await ctx.db.query("sessions").collect()) {
      if (!session.anonymousId.startsWith("regular")) continue;
      const createdAt = NOW - 3 * DAY_MS;
      await ctx.db.patch("sessions", session._id, { createdAt });
    }
  });
}

function regulars(): Call[] {
  const { heartbeat, action } = api.visitors;
  return [
    call("heartbeat of a regular", heartbeat.beat, of("regular")),
    call("action of a regular", action.record, (i) => ({
      ...of("regular")(i),
      action: "click",
    })),
  ];
}

function of(name: string) {
  return (i: number) => ({ anonymousId: `${name}-${i}` });
}
