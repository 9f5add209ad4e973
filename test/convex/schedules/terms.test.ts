/** Jitter, windows and pause on failure as operators set them, and what comes of them. */
import type { FunctionArgs } from "convex/server";
import { describe, expect, test, vi } from "vitest";
import { advance } from "../support/clock.js";
import {
  api,
  DAY_MS,
  freshComponent,
  HOUR_MS,
  internal,
  MINUTE_MS,
  NOW,
  t,
} from "../support/fresh.js";
import {
  checkWatchdog,
  purgesOf,
  setUpWithRefill,
} from "../support/fireKit.js";
import type { RunStatus } from "../../../convex/sessionTracker/shared/runs/run.js";

const at = (iso: string) => Date.parse(iso);
const actor = "tester";

/** Purges find one session each time. */
freshComponent(NOW, setUpWithRefill);

type Terms = Partial<
  Omit<FunctionArgs<typeof api.schedules.change.set>, "actor" | "name">
>;

function set(terms: Terms) {
  return t.mutation(api.schedules.change.set, {
    name: "purge",
    ...terms,
    actor,
  });
}

async function purge() {
  const schedules = await t.query(api.schedules.show.list, {});
  const found = schedules.find(({ name }) => name === "purge");
  if (found === undefined) throw new Error("No purge schedule.");
  return found;
}

describe("set", () => {
  test("keeps what is left out, and takes away what is null", async () => {
    const window = { opens: "01:00", closes: "05:00" };
    await set({ jitterMs: MINUTE_MS, window, pauseOnFailure: 3 });
    await set({ spec: "0 4 * * *" });
    expect(await purge()).toMatchObject({
      ...{ spec: "0 4 * * *", jitterMs: MINUTE_MS, window, pauseOnFailure: 3 },
    });
    await set({ jitterMs: null, window: null });
    const changed = await purge();
    expect(changed).toMatchObject({ spec: "0 4 * * *", pauseOnFailure: 3 });
    expect(changed).not.toHaveProperty("jitterMs");
    expect(changed).not.toHaveProperty("window");
    const [entry] = await t.query(api.settings.settings.log, { limit: 1 });
    expect(entry).toMatchObject({
      before: { schedules: { purge: { window } } },
      after: { schedules: { purge: { pauseOnFailure: 3 } } },
    });
  });

  test.each<{ terms: Terms; field: string; says: string }>([
    { terms: { jitterMs: 999 }, field: "jitterMs", says: "got 999" },
    { terms: { jitterMs: DAY_MS + 1 }, field: "jitterMs", says: "to a day" },
    { terms: { pauseOnFailure: 0 }, field: "pauseOnFailure", says: "from 1" },
    { terms: { pauseOnFailure: 1.5 }, field: "pauseOnFailure", says: "1.5" },
    {
      terms: { window: { opens: "1:00", closes: "05:00" } },
      field: "window",
      says: "two times of the day",
    },
    {
      terms: { window: { opens: "01:00", closes: "24:00" } },
      field: "window",
      says: "two times of the day",
    },
    {
      terms: { window: { opens: "01:00", closes: "01:00" } },
      field: "window",
      says: "opens when it closes",
    },
    {
      terms: { window: { opens: "02:25", closes: "02:39" } },
      field: "window",
      says: "open for 14 minutes",
    },
    {
      terms: { window: { opens: "03:00", closes: "05:00" } },
      field: "window",
      says: '"30 2 * * *" never fires within the window 03:00-05:00',
    },
  ])("refuses $terms", async ({ terms, field, says }) => {
    await set({ spec: "30 2 * * *" });
    const before = await purge();
    const refusal = {
      data: {
        kind: "invalidSchedule",
        field,
        message: expect.stringContaining(says) as string,
      },
    };
    await expect(set(terms)).rejects.toMatchObject(refusal);
    expect(await purge()).toEqual(before);
  });

  test("refuses a spec that never fires within the window that there is", async () => {
    await set({
      spec: "30 2 * * *",
      window: { opens: "22:00", closes: "03:00" },
    });
    await expect(set({ spec: "0 3 * * *" })).rejects.toMatchObject({
      data: { kind: "invalidSchedule", field: "window" },
    });
    await set({ spec: "0 23 * * *" });
  });
});

describe("jitter", () => {
  test("puts a fire off, as status and preview say, and nobody asks for it twice", async () => {
    await set({ spec: "30 2 * * *", jitterMs: HOUR_MS });
    const { nextAt } = await purge();
    const due = at("2026-03-01T02:30Z");
    expect(nextAt).toBeGreaterThan(due);
    expect(nextAt).toBeLessThan(due + HOUR_MS);
    const { fires } = await t.query(api.schedules.show.preview, {
      name: "purge",
      count: 3,
    });
    expect(fires[0]).toBe(nextAt);
    await advance(t, due + 1 - NOW);
    // Once it is due it is the next one still.
    expect(await purge()).toMatchObject({ nextAt, lastAt: null });
    for (let look = 0; look < 3; look += 1) await checkWatchdog(t);
    await advance(t, 3 * DAY_MS - (Date.now() - NOW));
    expect(await purgesOf(t)).toEqual(
      fires.map((fire) => new Date(fire).toISOString()),
    );
  });

  test("of a fire that is put off may change, and its run comes once", async () => {
    await set({ spec: "30 2 * * *", jitterMs: HOUR_MS });
    await advance(t, at("2026-03-01T02:30:01Z") - NOW);
    await set({ jitterMs: 2 * HOUR_MS });
    const { nextAt } = await purge();
    await set({ pauseOnFailure: 2 });
    expect((await purge()).nextAt).toBe(nextAt);
    await advance(t, 12 * HOUR_MS);
    expect(await purgesOf(t)).toEqual([new Date(nextAt ?? 0).toISOString()]);
  });

  test("taken away starts the run of a fire that it had put off", async () => {
    await set({ spec: "30 2 * * *", jitterMs: HOUR_MS });
    await advance(t, at("2026-03-01T02:30:01Z") - NOW);
    await set({ jitterMs: null });
    await advance(t, 12 * HOUR_MS);
    expect(await purgesOf(t)).toEqual(["2026-03-01T02:30:01.000Z"]);
  });

  test("does not lose the fire that it has put off when the spec changes", async () => {
    await set({ spec: "30 2 * * *", jitterMs: HOUR_MS });
    await advance(t, at("2026-03-01T02:30:01Z") - NOW);
    await set({ spec: "0 20 * * *", jitterMs: null });
    await advance(t, 20 * HOUR_MS);
    expect(await purgesOf(t)).toEqual([
      "2026-03-01T02:30:01.000Z",
      "2026-03-01T20:00:00.000Z",
    ]);
  });

  test("a pause covers fires by the time when they are due", async () => {
    await set({ spec: "30 2 * * *", jitterMs: HOUR_MS });
    const { nextAt } = await purge();
    await t.mutation(api.schedules.change.pause, {
      ...{ name: "purge", reason: "audit", actor },
      until: at("2026-03-01T02:30:01Z"),
    });
    expect((await purge()).nextAt).toBeGreaterThan(at("2026-03-02T02:30Z"));
    await advance(t, DAY_MS);
    expect(await purgesOf(t)).toEqual([]);
    expect(nextAt).toBeLessThan(NOW + DAY_MS);
  });
});

describe("pause on failure", () => {
  /** A run of the schedule that ended so. */
  async function ran(status: RunStatus, trigger: "schedule" | "operator") {
    const runId = await t.run(async (ctx) => {
      const startedAt = Date.now();
      return await ctx.db.insert("runs", {
        ...{ kind: "purge", trigger, actor: trigger, status, cutoff: 0 },
        ...{ cursor: null, seq: 1, pageSize: 1, pages: 1, sessions: 0 },
        ...{ leases: 0, actions: 0, quarantined: 0, failuresInARow: 0 },
        errors: [{ at: startedAt, message: "onPurged is gone\n at line 1" }],
        ...{ startedAt, progressAt: startedAt, finishedAt: startedAt },
      });
    });
    vi.setSystemTime(Date.now() + MINUTE_MS);
    return runId;
  }

  test("pauses at the next look after so many in a row, says why, and starts anew once resumed", async () => {
    await set({ spec: "30 2 * * *", pauseOnFailure: 2 });
    await ran("failed", "schedule");
    await ran("completed", "schedule");
    await ran("failed", "schedule");
    await ran("canceled", "schedule");
    await ran("failed", "operator");
    await checkWatchdog(t);
    expect((await purge()).paused).toBeNull();
    const runId = await ran("failed", "schedule");
    await checkWatchdog(t);
    const reason = `2 of its runs in a row failed, the last one ${runId}: onPurged is gone`;
    expect((await purge()).paused).toMatchObject({ reason, actor: "schedule" });
    const [entry] = await t.query(api.settings.settings.log, { limit: 1 });
    expect(entry).toMatchObject({ actor: "schedule", reason });
    await advance(t, DAY_MS);
    expect(await purgesOf(t)).toHaveLength(6);

    await t.mutation(api.schedules.change.resume, { name: "purge", actor });
    await ran("failed", "schedule");
    await checkWatchdog(t);
    expect((await purge()).paused).toBeNull();
    await ran("failed", "schedule");
    await t.mutation(internal.schedules.dispatch.tick, { name: "purge" });
    expect((await purge()).paused).not.toBeNull();
  });
});
