/** The ledger: how runs start, stop and go on, and previews of runs. */
import type { FunctionReturnType } from "convex/server";
import { describe, expect, test, vi } from "vitest";
import { advance } from "../support/clock.js";
import {
  api,
  DAY_MS,
  freshComponent,
  HOUR_MS,
  MINUTE_MS,
  NOW,
  t,
} from "../support/fresh.js";
import { expectInvariants, readRows } from "../support/rows.js";
import {
  finishRun,
  readRun,
  runToPage,
  seedExpired,
  seedLeased,
  setPageSize,
  startRun,
  untilFirstPage,
  visitors,
} from "../support/runKit.js";
import type { Cursor } from "../../../convex/sessionTracker/shared/runs/run.js";
import { DEFAULT_SETTINGS } from "../../../convex/sessionTracker/shared/settings.js";
import type { RunKind } from "../../../convex/sessionTracker/shared/runs/kinds.js";

const RETENTION_MS = 14 * DAY_MS;
const by = { actor: "tester", trigger: "operator" as const };

freshComponent();

describe("start", () => {
  test.each([
    { kind: "purge", cutoff: NOW - RETENTION_MS },
    { kind: "expire", cutoff: NOW - DEFAULT_SETTINGS.idleTimeoutMs },
  ] as const)("$kind takes its cutoff from the settings", async (expected) => {
    const runId = await startRun(t, expected.kind);
    expect(await readRun(t, runId)).toMatchObject({
      ...expected,
      ...by,
      status: "completed",
    });
  });

  test.each([0, NOW - 40 * DAY_MS, NOW - DEFAULT_SETTINGS.idleTimeoutMs])(
    "takes the cutoff %i",
    async (cutoff) => {
      const started = await t.mutation(api.runs.control.start, {
        kind: "purge",
        cutoff,
        ...by,
      });
      expect(started).toMatchObject({ cutoff, status: "started" });
    },
  );

  test.each([NOW + 1, -1, NaN, Infinity])(
    "refuses the cutoff %d and starts nothing",
    async (cutoff) => {
      await expect(
        t.mutation(api.runs.control.start, { kind: "purge", cutoff, ...by }),
      ).rejects.toMatchObject({ data: { kind: "invalidCutoff", now: NOW } });
      expect(await t.query(api.runs.ledger.list, {})).toEqual([]);
    },
  );

  test("needs a cutoff where the retention is never", async () => {
    const patch = { retentionDays: "never" as const };
    await t.mutation(api.settings.settings.change, { patch, actor: "tester" });
    await expect(
      t.mutation(api.runs.control.start, { kind: "purge", ...by }),
    ).rejects.toMatchObject({ data: { kind: "retentionNever" } });
    await startRun(t, "purge", NOW - DAY_MS);
    await startRun(t, "expire");
  });

  test.each([-1, 0, 1])(
    "purges what was last active strictly before the cutoff (%i ms)",
    async (offset) => {
      await seedExpired(t, visitors(1, NOW - RETENTION_MS + offset));
      await startRun(t, "purge");
      const { sessions } = await expectInvariants(t);
      expect(sessions).toHaveLength(offset < 0 ? 0 : 1);
    },
  );

  test.each([-1, 0, 1])(
    "expires what was idle longer than the timeout (%i ms)",
    async (offset) => {
      const lastActive = NOW - DEFAULT_SETTINGS.idleTimeoutMs + offset;
      await seedLeased(t, visitors(1, lastActive));
      await startRun(t, "expire");
      const { sessions } = await expectInvariants(t);
      expect(sessions[0]).toMatchObject(
        offset < 0
          ? { state: "expired", inactiveSince: lastActive }
          : { state: "active" },
      );
    },
  );

  test("allows one run of each kind at a time", async () => {
    await setPageSize(t, 1);
    await seedExpired(t, visitors(3, NOW - 20 * DAY_MS));
    const runId = await startRun(t, "purge");
    vi.setSystemTime(NOW + MINUTE_MS);
    expect(
      await t.mutation(api.runs.control.start, { kind: "purge", ...by }),
    ).toEqual({
      runId,
      cutoff: NOW - RETENTION_MS,
      status: "alreadyRunning",
    });
    await startRun(t, "expire");
    expect(await finishRun(t, runId)).toMatchObject({
      status: "completed",
      sessions: 3,
    });
    expect(await startRun(t, "purge")).not.toBe(runId);
  });

  test("with a token that was used returns its run, also once that is done", async () => {
    const request = { kind: "purge" as const, ...by, token: "try-1" };
    const first = await t.mutation(api.runs.control.start, request);
    await untilFirstPage(t, first.runId);
    vi.setSystemTime(NOW + HOUR_MS);
    expect(await t.mutation(api.runs.control.start, request)).toEqual(first);
    expect(await t.query(api.runs.ledger.list, {})).toHaveLength(1);

    const other = { ...request, token: "try-2" };
    expect((await t.mutation(api.runs.control.start, other)).runId).not.toBe(
      first.runId,
    );
  });

  test("fixes the cutoff for the whole run", async () => {
    await setPageSize(t, 1);
    await seedExpired(t, visitors(2, NOW - RETENTION_MS - 1, "due"));
    await seedExpired(t, visitors(2, NOW - RETENTION_MS + 1, "later"));
    const runId = await startRun(t, "purge");
    vi.setSystemTime(NOW + HOUR_MS);
    const run = await finishRun(t, runId);
    expect(run).toMatchObject({ cutoff: NOW - RETENTION_MS, sessions: 2 });
    const { sessions } = await expectInvariants(t);
    expect(sessions.map((row) => row.anonymousId)).toEqual([
      "later-0",
      "later-1",
    ]);
  });
});

describe("list and get", () => {
  test("return the newest runs first, by kind, and from a cursor on", async () => {
    const started: { kind: RunKind; at: number }[] = [];
    for (const kind of ["expire", "purge", "expire", "expire"] as const) {
      started.unshift({ kind, at: Date.now() });
      await startRun(t, kind);
      vi.setSystemTime(Date.now() + MINUTE_MS);
    }
    const seen = async (args: Parameters<typeof listRuns>[0]) =>
      (await listRuns(args)).map(({ kind, startedAt: at }) => ({ kind, at }));
    const listRuns = (args: { kind?: RunKind; limit?: number }) =>
      t.query(api.runs.ledger.list, args);

    expect(await seen({})).toEqual(started);
    expect(await seen({ limit: 2 })).toEqual(started.slice(0, 2));
    expect(await seen({ kind: "purge" })).toEqual([started[2]]);
    for (const limit of [0, 201, 1.5]) {
      await expect(listRuns({ limit })).rejects.toMatchObject({
        data: { kind: "invalidArgument", argument: "limit" },
      });
    }
  });

  test("return each run once, also where runs share a millisecond", async () => {
    const ids: string[] = [];
    for (let index = 0; index < 7; index += 1) {
      const runId = await startRun(t, index % 3 === 0 ? "purge" : "expire");
      await t.finishInProgressScheduledFunctions();
      ids.unshift(runId);
      await t.run(async (ctx) => {
        const id = ctx.db.normalizeId("runs", runId);
        if (id === null) throw new Error(`No run ${runId}.`);
        await ctx.db.patch("runs", id, { status: "completed", startedAt: NOW });
      });
    }
    const all = async (limit: number, kind?: RunKind) => {
      const pages: string[][] = [];
      let cursor: string | null = null;
      do {
        const page: FunctionReturnType<typeof api.runs.ledger.page> =
          await t.query(api.runs.ledger.page, {
            limit,
            cursor,
            ...(kind === undefined ? {} : { kind }),
          });
        pages.push(page.runs.map(({ runId }) => runId));
        cursor = page.cursor;
      } while (cursor !== null);
      return pages;
    };
    expect((await all(2)).map((page) => page.length)).toEqual([2, 2, 2, 1]);
    expect((await all(2)).flat()).toEqual(ids);
    expect((await all(7)).flat()).toEqual(ids);
    const purges = ids.filter((_id, index) => index % 3 === 0);
    expect((await all(1, "purge")).flat()).toEqual(purges);
    for (const args of [{ limit: 0 }, { limit: 201 }]) {
      await expect(t.query(api.runs.ledger.page, args)).rejects.toMatchObject({
        data: { kind: "invalidArgument", argument: "limit" },
      });
    }
    await expect(
      t.query(api.runs.ledger.page, { limit: 1, cursor: "yesterday" }),
    ).rejects.toMatchObject({ data: { argument: "cursor" } });
  });

  test("answer an unknown run by null, where cancel and resume fail", async () => {
    expect(
      await t.query(api.runs.ledger.get, { runId: "nonsense" }),
    ).toBeNull();
    const args = { runId: "nonsense", actor: "tester" };
    for (const change of [api.runs.control.cancel, api.runs.control.resume]) {
      await expect(t.mutation(change, args)).rejects.toMatchObject({
        data: { kind: "runNotFound", runId: "nonsense" },
      });
    }
  });
});

describe("cancel and resume", () => {
  test("take effect before the next page, and go on at the cursor", async () => {
    await setPageSize(t, 2);
    await seedExpired(t, visitors(113, NOW - 20 * DAY_MS));
    const runId = await startRun(t, "purge");
    // The run has done its first page, and the pages of its first job.
    await runToPage(t, runId, 51);
    const args = { runId, actor: "ann", reason: "too early" };
    expect(await t.mutation(api.runs.control.cancel, args)).toEqual({
      canceled: true,
      status: "canceled",
    });
    await advance(t, MINUTE_MS);
    expect(await readRun(t, runId)).toMatchObject({
      status: "canceled",
      pages: 51,
      sessions: 102,
      finishedAt: expect.any(Number) as number,
      errors: [{ message: "Canceled by ann: too early" }],
    });
    expect((await expectInvariants(t)).sessions).toHaveLength(11);
    expect(await t.mutation(api.runs.control.cancel, args)).toEqual({
      canceled: false,
      status: "canceled",
    });

    // The run meets no row twice: a row put behind the cursor waits for the next run.
    await seedExpired(t, visitors(1, NOW - 30 * DAY_MS, "behind"));
    expect(
      await t.mutation(api.runs.control.resume, { runId, actor: "ann" }),
    ).toEqual({
      resumed: true,
      status: "running",
    });
    expect((await readRun(t, runId)).finishedAt).toBeUndefined();
    expect(await finishRun(t, runId)).toMatchObject({
      status: "completed",
      cutoff: NOW - RETENTION_MS,
      sessions: 113,
    });
    const { sessions } = await expectInvariants(t);
    expect(sessions.map((row) => row.anonymousId)).toEqual(["behind-0"]);
    expect(
      await t.mutation(api.runs.control.resume, { runId, actor: "ann" }),
    ).toEqual({
      resumed: false,
      status: "completed",
    });
  });

  test("resume is refused while another run of the kind is running", async () => {
    await setPageSize(t, 1);
    await seedExpired(t, visitors(5, NOW - 20 * DAY_MS));
    const first = await startRun(t, "purge");
    await t.mutation(api.runs.control.cancel, { runId: first, actor: "ann" });
    const second = await startRun(t, "purge");
    await expect(
      t.mutation(api.runs.control.resume, { runId: first, actor: "ann" }),
    ).rejects.toMatchObject({
      data: { kind: "alreadyRunning", runId: second },
    });
  });

  test("a resumed run is in status, however many runs came after it", async () => {
    await setPageSize(t, 1);
    await seedExpired(t, visitors(4, NOW - 20 * DAY_MS));
    const resumed = await startRun(t, "purge");
    await t.mutation(api.runs.control.cancel, { runId: resumed, actor: "ann" });
    vi.setSystemTime(NOW + MINUTE_MS);
    await startRun(t, "purge", 0);
    vi.setSystemTime(NOW + 2 * MINUTE_MS);
    const last = await startRun(t, "purge", 0);
    await t.mutation(api.runs.control.resume, { runId: resumed, actor: "ann" });
    const { runs } = await t.query(api.operator.status.get, {});
    expect(runs.map(({ runId, status }) => ({ runId, status }))).toEqual([
      { runId: resumed, status: "running" },
      { runId: last, status: "completed" },
    ]);
  });
});

describe("preview", () => {
  test("counts over several pages the sessions that the purge then deletes", async () => {
    const cutoff = NOW - RETENTION_MS;
    await seedLeased(t, visitors(2_100, cutoff - HOUR_MS, "leased"));
    await seedLeased(t, [
      { anonymousId: "busy", lastActive: cutoff - 1, actions: 5 },
      { anonymousId: "live", lastActive: cutoff, actions: 5 },
    ]);
    await seedExpired(t, visitors(2_100, cutoff - DAY_MS, "expired"));
    await seedExpired(t, [
      { anonymousId: "oldest", lastActive: cutoff - 2 * DAY_MS, actions: 3 },
      { anonymousId: "kept", lastActive: cutoff, actions: 3 },
    ]);

    const before = await readRows(t);
    const promised = await previewAll(cutoff);
    expect(promised).toEqual({
      sessions: 4_202,
      actions: 8,
      oldest: cutoff - 2 * DAY_MS,
      newest: cutoff - 1,
      calls: 4,
    });
    expect(await readRows(t)).toEqual(before);

    const run = await finishRun(t, await startRun(t, "purge", cutoff));
    expect(run).toMatchObject({
      status: "completed",
      sessions: promised.sessions,
      actions: promised.actions,
      leases: 2_101,
      errors: [],
    });
    const { sessions } = await expectInvariants(t);
    expect(sessions.map((row) => row.anonymousId)).toEqual(["live", "kept"]);
  });

  async function previewAll(cutoff: number) {
    const total = { sessions: 0, actions: 0, oldest: Infinity, newest: 0 };
    let calls = 0;
    let cursor: Cursor | null = null;
    do {
      const page: {
        sessions: number;
        actions: number;
        oldest: number | null;
        newest: number | null;
        cursor: Cursor | null;
      } = await t.query(api.runs.preview.purge, { cutoff, cursor });
      total.sessions += page.sessions;
      total.actions += page.actions;
      total.oldest = Math.min(total.oldest, page.oldest ?? Infinity);
      total.newest = Math.max(total.newest, page.newest ?? 0);
      cursor = page.cursor;
      calls += 1;
    } while (cursor !== null);
    return { ...total, calls };
  }
});
