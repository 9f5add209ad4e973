/** Ending the sessions of a filter by a run: which it ends, which it blocks, and what it leaves alone. */
import { describe, expect, test, vi } from "vitest";
import {
  doMany,
  previewMany,
  sessionOf,
  startMany,
  statesOf,
} from "../../support/manyKit.js";
import {
  api,
  DAY_MS,
  freshComponent,
  HOUR_MS,
  MINUTE_MS,
  NOW,
  t,
} from "../../support/fresh.js";
import { expectInvariants, readRows } from "../../support/rows.js";
import {
  finishRun,
  readRun,
  seedExpired,
  seedLeased,
  setPageSize,
  visitors,
} from "../../support/runKit.js";

freshComponent();

describe("without a block", () => {
  test("ends the visits under way of a user, and keeps the reason", async () => {
    await arrive("a", "ada");
    await arrive("b", "ada");
    await arrive("c", "bob");
    await seedExpired(t, visitors(1, NOW - DAY_MS, "old"));
    vi.setSystemTime(NOW + MINUTE_MS);
    const asked = { filter: { userId: "ada" }, reason: "signed out" };
    expect(
      await previewMany(t, { kind: "end", filter: asked.filter }),
    ).toMatchObject({ sessions: 2, underWay: 2 });
    const run = await doMany(t, "end", asked);
    expect(run).toMatchObject({
      status: "completed",
      kind: "end",
      filter: { userId: "ada" },
      cutoff: NOW + MINUTE_MS,
      sessions: 2,
      leases: 2,
      pages: 1,
    });
    expect(await statesOf(t)).toEqual({
      ...{ a: "ended", b: "ended", c: "active", "old-0": "expired" },
    });
    expect(await sessionOf(t, "a")).toMatchObject({
      endReason: "signed out",
      inactiveSince: NOW + MINUTE_MS,
    });
    await expectInvariants(t);
    // The next sign of life starts the next visit.
    expect(await beat("a")).toMatchObject({ ok: true, state: "revived" });
  });

  test("ends an idle visit at its last activity, and no visit that is over", async () => {
    await seedLeased(t, visitors(3, NOW - DAY_MS, "idle"));
    await seedExpired(t, visitors(3, NOW - DAY_MS, "expired"));
    await seedLeased(t, visitors(3, NOW, "here"));
    const filter = { activeBefore: { agoMs: 12 * HOUR_MS } };
    const run = await doMany(t, "end", { filter });
    expect(run).toMatchObject({ sessions: 3, status: "completed" });
    expect(run.filter).toEqual({ activeBefore: NOW - 12 * HOUR_MS });
    expect(await sessionOf(t, "idle-0")).toMatchObject({
      state: "ended",
      inactiveSince: NOW - DAY_MS,
    });
    const { leases } = await expectInvariants(t);
    expect(leases).toHaveLength(3);
  });
});

describe("with a block", () => {
  test("also blocks sessions that are not active, and none for shorter than it is", async () => {
    await arrive("a", "ada");
    await arrive("b", "ada");
    await arrive("c", "ada");
    await arrive("mine", "ada");
    await t.mutation(api.visitors.end.visit, { anonymousId: "b" });
    await t.mutation(api.visitors.block.end, {
      session: { anonymousId: "c" },
      block: "forever",
    });
    const exceptSessionId = (await sessionOf(t, "mine"))._id;
    const asked = {
      filter: { userId: "ada", exceptSessionId },
      block: { forMs: DAY_MS },
    };
    expect(await previewMany(t, { kind: "end", ...asked })).toMatchObject({
      sessions: 2,
      underWay: 1,
      blockedUntil: NOW + DAY_MS,
      byState: { active: 1, expired: 0, ended: 1 },
    });
    const run = await doMany(t, "end", asked);
    expect(run).toMatchObject({ sessions: 2, leases: 1 });
    expect(run.blockedUntil).toBe(NOW + DAY_MS);
    const blocks = (await expectInvariants(t)).sessions.map(
      ({ anonymousId, blockedUntil }) => [anonymousId, blockedUntil],
    );
    expect(Object.fromEntries(blocks)).toEqual({
      ...{ a: NOW + DAY_MS, b: NOW + DAY_MS },
      ...{ c: "forever", mine: undefined },
    });
    expect(await beat("a")).toMatchObject({ ok: false, reason: "revoked" });
    expect(await beat("mine")).toMatchObject({ ok: true });
    // Again: everybody is blocked at least as long.
    expect(
      await doMany(t, "end", { ...asked, block: { forMs: HOUR_MS } }),
    ).toMatchObject({ sessions: 0, status: "completed" });
  });

  test.each([
    [{ state: "expired" as const }, ["idle", "expired"]],
    [{ state: "ended" as const }, ["ended"]],
    [{ state: "active" as const }, ["here"]],
    [{ activeAfter: NOW - HOUR_MS }, ["here"]],
    [{ activeBefore: NOW - HOUR_MS }, ["idle", "expired", "ended"]],
    [{ createdBefore: NOW - HOUR_MS }, ["idle", "expired", "ended"]],
    [{ createdAfter: NOW - HOUR_MS }, ["here"]],
    [
      { createdAfter: NOW - 3 * DAY_MS, activeBefore: NOW - 2 * DAY_MS },
      ["ended"],
    ],
    [{ state: "expired" as const, activeAfter: NOW - DAY_MS }, ["idle"]],
  ])("%j takes %j", async (filter, taken) => {
    await seedLeased(t, visitors(2, NOW, "here"));
    await seedLeased(t, visitors(2, NOW - 20 * HOUR_MS, "idle"));
    await seedExpired(t, visitors(2, NOW - 28 * HOUR_MS, "expired"));
    await seedLeased(t, visitors(2, NOW - 2.5 * DAY_MS, "ended"));
    for (const anonymousId of ["ended-0", "ended-1"]) {
      await t.mutation(api.visitors.end.visit, { anonymousId });
    }
    const asked = { filter, block: "forever" as const };
    const preview = await previewMany(t, { kind: "end", ...asked });
    const run = await doMany(t, "end", asked);
    expect(run.sessions).toBe(preview.sessions);
    expect(run.leases).toBe(preview.underWay);
    const { sessions } = await expectInvariants(t);
    const blocked = sessions
      .filter(({ blockedUntil }) => blockedUntil === "forever")
      .map(({ anonymousId }) => anonymousId)
      .toSorted();
    const expected = taken.flatMap((name) => [`${name}-0`, `${name}-1`]);
    expect(blocked).toEqual(expected.toSorted());
  });
});

test("takes thousands that share all their times, each once, over many pages", async () => {
  await setPageSize(t, 100);
  await seedLeased(t, visitors(700, NOW - HOUR_MS, "idle"));
  await seedExpired(t, visitors(1_300, NOW - HOUR_MS, "expired"));
  await seedExpired(t, visitors(200, NOW, "other"));
  const asked = {
    filter: { activeBefore: NOW - MINUTE_MS },
    block: "forever" as const,
  };
  const preview = await previewMany(t, { kind: "end", ...asked });
  expect(preview).toMatchObject({ sessions: 2_000, underWay: 700 });
  expect(preview.pages).toBeGreaterThan(1);
  const run = await doMany(t, "end", { ...asked, expected: 2_000 });
  expect(run).toMatchObject({ sessions: 2_000, leases: 700 });
  expect(run.pages).toBeGreaterThanOrEqual(20);
  await expectInvariants(t);
});

test("who comes back while the run goes on is judged as they are when it comes to them", async () => {
  await setPageSize(t, 10);
  await seedLeased(t, visitors(40, NOW - HOUR_MS, "idle"));
  const filter = { activeBefore: NOW - MINUTE_MS };
  const runId = await startMany(t, "end", { filter });
  expect(await readRun(t, runId)).toMatchObject({ sessions: 10 });
  // One has been ended already, another is yet to come.
  await beat("idle-0");
  await beat("idle-39");
  expect(await finishRun(t, runId)).toMatchObject({ sessions: 39 });
  const { leases } = await readRows(t);
  expect(leases.map(({ anonymousId }) => anonymousId).toSorted()).toEqual([
    "idle-0",
    "idle-39",
  ]);
});

// ── Helpers ─────────────────────────────────────────────────────────────────

async function arrive(anonymousId: string, userId: string): Promise<void> {
  await beat(anonymousId);
  await t.mutation(api.visitors.link.user, { anonymousId, userId });
}

function beat(anonymousId: string) {
  return t.mutation(api.visitors.heartbeat.beat, { anonymousId });
}
