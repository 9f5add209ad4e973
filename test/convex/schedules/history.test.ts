/** What is remembered of fires: those that did nothing, too, and no more than the newest. */
import { describe, expect, test, vi } from "vitest";
import type { FunctionArgs } from "convex/server";
import { advance } from "../support/clock.js";
import {
  api,
  DAY_MS,
  freshComponent,
  HOUR_MS,
  MINUTE_MS,
  NOW,
  t,
  takeComponent,
} from "../support/fresh.js";
import {
  checkWatchdog,
  purgesOf,
  setUpWithRefill,
} from "../support/fireKit.js";
import { remember } from "../../../convex/sessionTracker/schedules/history.js";
import type { FireRecord } from "../../../convex/sessionTracker/shared/fires/fire.js";
import { setUpComponent } from "../support/setup.js";
import { record } from "../support/recorder.js";
import { loseLink, startRun } from "../support/runKit.js";

const at = (iso: string) => Date.parse(iso);
const actor = "tester";

/** Purges find one session each time. */
freshComponent(NOW, setUpWithRefill);

type Terms = Omit<FunctionArgs<typeof api.schedules.change.set>, "actor">;

function set(terms: Terms) {
  return t.mutation(api.schedules.change.set, { ...terms, actor });
}

async function fires(name: "expire" | "purge" = "purge", limit = 50) {
  const page = await t.query(api.schedules.history.page, { name, limit });
  return page.fires;
}

/** The fires, newest first, as outcome, first and last due time, and count. */
async function told(name: "expire" | "purge" = "purge") {
  return (await fires(name)).map(
    ({ outcome, firstDueAt, dueAt, count }) =>
      `${outcome} ${iso(firstDueAt)} ${iso(dueAt)} ${count}`,
  );
}

const iso = (ms: number) => new Date(ms).toISOString().slice(0, 16);

test("a new spec owes nothing that it would have had before it was set", async () => {
  await set({ name: "purge", spec: "30 2 * * *" });
  await advance(t, 10 * HOUR_MS + 30_000);
  const before = await told();
  await set({ name: "purge", spec: "* * * * *" });
  expect(await told()).toEqual(before);
  await advance(t, MINUTE_MS);
  expect(await told()).toHaveLength(before.length + 1);
});

test("fires in a row that did nothing are one row that counts them; those that started runs are told one by one", async () => {
  await set({ name: "purge", spec: "30 2 * * *" });
  await set({ name: "expire", spec: "0 * * * *" });
  await advance(t, 2 * DAY_MS + MINUTE_MS);
  expect(await told()).toEqual([
    "started 2026-03-02T02:30 2026-03-02T02:30 1",
    "started 2026-03-01T02:30 2026-03-01T02:30 1",
  ]);
  expect(await told("expire")).toEqual([
    "nothingDue 2026-03-01T01:00 2026-03-03T00:00 48",
  ]);
  const [newest] = await fires();
  expect(newest).toMatchObject({
    name: "purge",
    at: at("2026-03-02T02:30Z"),
    run: { status: "completed", sessions: 1 },
  });
});

test("says why nothing was started: paused, outside of the window", async () => {
  await set({
    name: "purge",
    spec: "30 2,14 * * *",
    window: { opens: "02:00", closes: "06:00" },
  });
  await t.mutation(api.schedules.change.pause, {
    ...{ name: "purge", reason: "audit", actor },
    until: at("2026-03-02T00:00Z"),
  });
  await advance(t, DAY_MS + 16 * HOUR_MS);
  expect(await told()).toEqual([
    "outsideWindow 2026-03-02T14:30 2026-03-02T14:30 1",
    "started 2026-03-02T02:30 2026-03-02T02:30 1",
    "paused 2026-03-01T02:30 2026-03-01T14:30 2",
  ]);
});

test("names the run that was still going", async () => {
  await set({ name: "purge", spec: "30 2 * * *" });
  const runId = await startRun(t, "purge");
  await t.run(async (ctx) => {
    await ctx.db.patch("runs", runId, { status: "running", seq: 99 });
  });
  await loseLink(t, runId);
  await advance(t, 2 * DAY_MS + 3 * HOUR_MS);
  expect(await fires()).toMatchObject([
    { outcome: "alreadyRunning", count: 3, runId, run: { status: "running" } },
  ]);
});

describe("after a stop", () => {
  test("the fires that were missed are one row, and the one that was answered for them another", async () => {
    await set({ name: "purge", spec: "30 2 * * *" });
    await advance(t, 2 * HOUR_MS);
    vi.setSystemTime(at("2026-03-08T09:00Z"));
    await checkWatchdog(t);
    expect(await told()).toEqual([
      "started 2026-03-08T02:30 2026-03-08T02:30 1",
      "missed 2026-03-01T02:30 2026-03-07T02:30 7",
    ]);
    await advance(t, MINUTE_MS);
    expect(await purgesOf(t)).toHaveLength(1);
  });

  test("of a year a schedule of every minute is answered for at once", async () => {
    await set({ name: "purge", spec: "* * * * *" });
    vi.setSystemTime(at("2027-03-01T00:00Z"));
    await checkWatchdog(t);
    const [newest, missed] = await fires();
    expect(newest).toMatchObject({ outcome: "started", count: 1 });
    expect(newest?.dueAt).toBe(at("2027-03-01T00:00Z"));
    expect(missed).toMatchObject({ outcome: "missed", count: 10_000 });
    await advance(t, 2 * MINUTE_MS);
    expect((await fires())[0]?.dueAt).toBeGreaterThan(at("2027-03-01T00:00Z"));
  });

  test("one that comes when its window has closed starts a run that waits for the next", async () => {
    await set({
      name: "purge",
      spec: "30 2 * * *",
      window: { opens: "01:00", closes: "05:00" },
    });
    await advance(t, 2 * HOUR_MS);
    vi.setSystemTime(at("2026-03-01T09:00Z"));
    await checkWatchdog(t);
    await advance(t, HOUR_MS);
    const opensAt = at("2026-03-02T01:00Z");
    expect(await fires()).toMatchObject([
      {
        outcome: "waitingForWindow",
        run: { status: "running", sessions: 0, waitingUntil: opensAt },
      },
    ]);
    await advance(t, DAY_MS);
    expect(await fires()).toMatchObject([
      { outcome: "started", dueAt: at("2026-03-02T02:30Z") },
      {
        outcome: "waitingForWindow",
        run: { status: "completed", sessions: 1 },
      },
    ]);
  });
});

test("a fire that finds nothing due costs no document more than its tick, and one more where the outcome changes", async () => {
  await set({ name: "expire", spec: "0 * * * *" });
  await advance(t, 2 * HOUR_MS);
  const ticks = async () => {
    const { transactions } = await record(() => advance(t, HOUR_MS));
    return transactions
      .filter(({ name }) => name === "schedules/dispatch:tick")
      .map(({ documentsWritten }) => documentsWritten);
  };
  const nothing = await ticks();
  await t.mutation(api.schedules.change.pause, {
    ...{ name: "expire", reason: "audit", actor },
  });
  const changed = await ticks();
  const same = await ticks();
  expect(nothing).toHaveLength(1);
  expect([changed, same]).toEqual([[(nothing[0] ?? 0) + 1], nothing]);
});

test("the newest 500 rows of each schedule stay, and a list goes on where its page ended", async () => {
  takeComponent(setUpComponent());
  await t.run(async (ctx) => {
    for (const name of ["purge", "expire"] as const) {
      let last: FireRecord | undefined;
      for (let i = 1; i <= 520; i += 1) {
        const dueAt = NOW + i * (name === "purge" ? 2 : 3) * MINUTE_MS;
        last = await remember(ctx, name, last, {
          ...{ outcome: "paused", reason: `the ${i}th`, count: 1 },
          ...{ dueAt, firstDueAt: dueAt, at: dueAt },
        });
      }
      await ctx.db.insert("ticks", { name, ...(last && { last }) });
    }
  });
  const found = await fires("purge", 200);
  expect(found).toHaveLength(200);
  expect(found[0]).toMatchObject({ reason: "the 520th" });
  const seen: string[] = [];
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof pageFrom>> = await pageFrom(cursor);
    seen.push(...page.fires.map(({ name, seq }) => `${name} ${seq}`));
    expect(page.cursor ?? "").not.toContain("Infinity");
    cursor = page.cursor;
  } while (cursor !== null);
  expect(new Set(seen).size).toBe(seen.length);
  expect(seen.filter((one) => one.startsWith("purge"))).toHaveLength(501);
  expect(seen).toHaveLength(1_002);
});

function pageFrom(cursor: string | null) {
  return t.query(api.schedules.history.page, { limit: 120, cursor });
}

test.each(["", "1", "a:b", "1:2:3"])(
  "refuses the cursor %j",
  async (cursor) => {
    await expect(
      t.query(api.schedules.history.page, { limit: 5, cursor }),
    ).rejects.toMatchObject({
      data: { kind: "invalidArgument", argument: "cursor" },
    });
  },
);
