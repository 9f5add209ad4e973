/** A purge takes visits and actions before their session, where they have a shorter retention. */
import { expect, test, vi } from "vitest";
import type { Doc } from "../../../convex/sessionTracker/_generated/dataModel.js";
import type { OwnCutoffs } from "../../../convex/sessionTracker/shared/runs/run.js";
import type { Policy } from "../../../convex/sessionTracker/shared/settings.js";
import type { Visit } from "../../../convex/sessionTracker/shared/visits.js";
import { countStates } from "../../../convex/sessionTracker/rows/counters.js";
import { anythingDue } from "../../../convex/sessionTracker/runs/due.js";
import { expectInvariants, type Component } from "../support/rows.js";
import {
  api,
  DAY_MS,
  fakeClock,
  HOUR_MS,
  MINUTE_MS,
} from "../support/fresh.js";
import { finishRun, readRun, runToPage } from "../support/runKit.js";
import { setUpComponent } from "../support/setup.js";

const NOW = Date.UTC(2026, 2, 1);
fakeClock(NOW);

const OF_KINDS = {
  retentionDays: 30,
  visitRetentionDays: 10,
  actionRetentionDays: 5,
};
const by = { actor: "tester", trigger: "operator" as const };

test.each([
  ["in one go", {}, {}],
  ["page by page", { pageSize: 3 }, {}],
  ["a session a page", { pageSize: 1 }, {}],
  ["at a rate", {}, { ratePerSecond: 20 }],
  ["over maxima", { pageSize: 4 }, { maxSessions: 7 }],
])(
  "%s a purge takes exactly what the preview counts, and counts stay exact",
  async (_, settings, bounds) => {
    const t = setUpComponent();
    await seed(t, 40, 1);
    await setPolicy(t, { ...OF_KINDS, ...settings });
    const before = await readAll(t);
    const due = dueOf(before);
    const found = await preview(t);
    expect(found).toEqual(due.counts);
    expect(due.counts.byRetention.actions).toBeGreaterThan(20);
    expect(due.counts.byRetention.visits).toBeGreaterThan(10);

    const { runId } = await t.mutation(api.runs.control.start, {
      kind: "purge",
      ...by,
      ...bounds,
    });
    let run = await finishRun(t, runId);
    while (run.status === "maxReached") {
      await t.mutation(api.runs.control.resume, { runId, actor: "tester" });
      run = await finishRun(t, runId);
    }
    expect(run).toMatchObject({
      status: "completed",
      cutoff: NOW - 30 * DAY_MS,
      cutoffs: { visits: NOW - 10 * DAY_MS, actions: NOW - 5 * DAY_MS },
      sessions: due.counts.sessions,
      visits: due.counts.visits + due.counts.byRetention.visits,
      actions: due.counts.actions + due.counts.byRetention.actions,
      quarantined: 0,
    });
    expect(idsOf(await readAll(t))).toEqual(due.left);
    await expectCounts(t);
    expect(await preview(t, run)).toEqual(NOTHING);
  },
);

test("a purge that is canceled amid actions, and resumed later, goes on with its frozen cutoffs", async () => {
  const t = setUpComponent();
  await seed(t, 40, 2);
  await setPolicy(t, { ...OF_KINDS, pageSize: 2 });
  const due = dueOf(await readAll(t));
  const start = { kind: "purge" as const, ...by };
  const { runId } = await t.mutation(api.runs.control.start, start);
  for (let pages = 1; ; pages += 1) {
    const { cursor } = await runToPage(t, runId, pages);
    if (cursor?.phase === "actions") break;
  }
  await t.mutation(api.runs.control.cancel, { runId, actor: "tester" });
  await expectCounts(t);
  vi.setSystemTime(NOW + DAY_MS);
  await t.mutation(api.runs.control.resume, { runId, actor: "tester" });
  const run = await finishRun(t, runId);
  expect(run.status).toBe("completed");
  expect(idsOf(await readAll(t))).toEqual(due.left);
  expect(run.actions).toBe(due.counts.actions + due.counts.byRetention.actions);
  await expectCounts(t);
});

test("a resume keeps what a retention that was raised meanwhile keeps", async () => {
  const t = setUpComponent();
  await seed(t, 40, 3);
  await setPolicy(t, { ...OF_KINDS, pageSize: 1 });
  const start = { kind: "purge" as const, ...by };
  const { runId } = await t.mutation(api.runs.control.start, start);
  await runToPage(t, runId, 1);
  await t.mutation(api.runs.control.cancel, { runId, actor: "tester" });
  const { actions } = await readAll(t);
  await setPolicy(t, {
    actionRetentionDays: "session",
    visitRetentionDays: 20,
  });
  await t.mutation(api.runs.control.resume, { runId, actor: "tester" });
  expect(await finishRun(t, runId)).toMatchObject({
    status: "completed",
    cutoffs: { visits: NOW - 20 * DAY_MS },
  });
  const after = await readAll(t);
  const ids = new Set(after.sessions.map(({ _id }) => _id));
  const kept = actions.filter(({ session }) => ids.has(session));
  expect(after.actions).toHaveLength(kept.length);
  await expectCounts(t);
});

test("sessions that are kept for ever lose visits and actions by age, and a tick finds them due", async () => {
  const t = setUpComponent();
  await seed(t, 20, 4);
  await setPolicy(t, { retentionDays: "never", actionRetentionDays: 5 });
  const before = await readAll(t);
  const old = before.actions.filter(({ at }) => at < NOW - 5 * DAY_MS);
  expect(await isDue(t)).toBe(true);
  const request = { kind: "purge" as const, ...by };
  const { runId } = await t.mutation(api.runs.control.start, request);
  expect(await finishRun(t, runId)).toMatchObject({
    status: "completed",
    cutoff: 0,
    sessions: 0,
    visits: 0,
    actions: old.length,
  });
  const after = await readAll(t);
  expect(after.sessions).toHaveLength(before.sessions.length);
  expect(after.visits).toHaveLength(before.visits.length);
  await expectCounts(t);
});

test("a visit under way keeps its number of actions, and so does its day, though they go while it lasts", async () => {
  const t = setUpComponent();
  await setPolicy(t, { actionRetentionDays: 1 / 24 });
  const anonymousId = "visitor-1";
  const record = () =>
    t.mutation(api.visitors.action.record, { anonymousId, action: "click" });
  for (let minutes = 0; minutes < 100; minutes += 10) {
    vi.setSystemTime(NOW + minutes * MINUTE_MS);
    await record();
  }
  const now = NOW + 90 * MINUTE_MS;
  const purge = { kind: "purge" as const, ...by };
  const { runId } = await t.mutation(api.runs.control.start, purge);
  // Those of the first half hour; the one of an hour ago is not older than an hour.
  expect(await finishRun(t, runId)).toMatchObject({ actions: 3, sessions: 0 });
  await expectInvariants(t);
  vi.setSystemTime(now + HOUR_MS);
  await t.mutation(api.visitors.end.visit, { anonymousId });
  const { sessions } = await expectInvariants(t);
  expect(sessions).toMatchObject([
    { actionCount: 7, lastVisit: { actions: 10 } },
  ]);
  const days = await t.run((ctx) => ctx.db.query("days").collect());
  expect(days).toMatchObject([{ visits: 1, actions: 10 }]);
});

test("a visitor who comes back is found again by age once the next visit is over", async () => {
  const t = setUpComponent();
  await setPolicy(t, { visitRetentionDays: 1 });
  const anonymousId = "visitor-1";
  const visit = async () => {
    await t.mutation(api.visitors.heartbeat.beat, { anonymousId });
    await t.mutation(api.visitors.end.visit, { anonymousId });
  };
  const purge = async () => {
    const request = { kind: "purge" as const, ...by };
    const { runId } = await t.mutation(api.runs.control.start, request);
    return await finishRun(t, runId);
  };
  await visit();
  for (const days of [2, 4]) {
    vi.setSystemTime(NOW + days * DAY_MS);
    expect(await purge()).toMatchObject({ visits: 1, sessions: 0 });
    expect(await purge()).toMatchObject({ visits: 0, sessions: 0 });
    const { sessions } = await expectInvariants(t);
    expect(sessions[0]?.lastVisit).toBeUndefined();
    await visit();
  }
  const { sessions } = await expectInvariants(t);
  expect(sessions).toMatchObject([{ visits: 3 }]);
  expect(sessions[0]?.isStripped).toBeUndefined();
});

test("unset, a run says nothing of them and a tick finds nothing", async () => {
  const t = setUpComponent();
  await seed(t, 10, 5, 20);
  await setPolicy(t, { retentionDays: 30 });
  expect(await isDue(t)).toBe(false);
  const { runId } = await t.mutation(api.runs.control.start, {
    kind: "purge",
    ...by,
  });
  const run = await finishRun(t, runId);
  expect(run).toMatchObject({ sessions: 0, visits: 0, actions: 0, pages: 1 });
  expect(run.cutoffs).toBeUndefined();
  await setPolicy(t, { actionRetentionDays: 5 });
  expect(await isDue(t)).toBe(true);
});

test("an archived purge takes nothing by age", async () => {
  const t = setUpComponent();
  await seed(t, 10, 6, 20);
  await setPolicy(t, OF_KINDS);
  const before = await readAll(t);
  const { runId } = await t.mutation(api.runs.control.start, {
    kind: "purge",
    ...by,
    archive: { file: "a.jsonl.gz", archiver: "secret" },
  });
  expect((await readRun(t, runId)).cutoffs).toBeUndefined();
  expect(await readAll(t)).toEqual(before);
});

// ── Helpers ─────────────────────────────────────────────────────────────────

interface All {
  sessions: Doc<"sessions">[];
  leases: Doc<"leases">[];
  visits: Doc<"visits">[];
  actions: Doc<"actions">[];
}

function readAll(t: Component): Promise<All> {
  return t.run(async (ctx) => ({
    sessions: await ctx.db.query("sessions").collect(),
    leases: await ctx.db.query("leases").collect(),
    visits: await ctx.db.query("visits").collect(),
    actions: await ctx.db.query("actions").collect(),
  }));
}

/** Whether the schedule's tick would start a purge. */
function isDue(t: Component): Promise<boolean> {
  return t.run((ctx) => anythingDue(ctx, "purge", Date.now()));
}

async function setPolicy(t: Component, patch: Partial<Policy>) {
  await t.mutation(api.settings.settings.change, { patch, actor: "tester" });
}

/** Sessions with visits and actions at random times of the last days, each at its own visit's time. */
async function seed(t: Component, count: number, seeded: number, days = 40) {
  const random = randomFrom(seeded);
  const ago = (most: number) => Math.floor(random() * most * DAY_MS);
  await t.run(async (ctx) => {
    const counts = { active: 0, expired: 0 };
    for (let i = 0; i < count; i += 1) {
      const anonymousId = `visitor-${i}`;
      const isActive = random() < 0.3;
      // Some leases are stale, as if no run had come by.
      const lastActive = NOW - ago(isActive && random() < 0.7 ? 0.01 : days);
      const past = Math.floor(random() * 4);
      const ends = [lastActive];
      for (let n = 0; n < past; n += 1) {
        ends.unshift((ends[0] ?? 0) - HOUR_MS - ago(6));
      }
      const visits = ends.slice(0, past).map(visitAt);
      const last = isActive ? visits.pop() : visitAt(lastActive);
      const session = await ctx.db.insert("sessions", {
        anonymousId,
        createdAt: lastActive,
        state: isActive ? "active" : "expired",
        visits: past + 1,
        visitRows: visits.length,
        actionCount: 0,
        ...(last === undefined || random() < 0.1 ? {} : { lastVisit: last }),
        ...(isActive ? {} : { inactiveSince: lastActive }),
      });
      let actionCount = 0;
      for (const { endedAt } of [...visits, ...(last ? [last] : [])]) {
        actionCount += await act(ctx, session, endedAt, random);
      }
      await ctx.db.patch("sessions", session, { actionCount });
      const visitIds = [];
      for (const visit of visits) {
        visitIds.push(await ctx.db.insert("visits", { session, ...visit }));
      }
      // Sessions name their rows while they are few.
      if (random() < 0.7) await ctx.db.patch("sessions", session, { visitIds });
      counts[isActive ? "active" : "expired"] += 1;
      if (!isActive) continue;
      await ctx.db.insert("leases", {
        anonymousId,
        session,
        lastActive,
        startedAt: lastActive - HOUR_MS / 2,
        actionCount: await act(ctx, session, lastActive, random),
        touchAfterMs: MINUTE_MS,
        idleTimeoutMs: 30 * MINUTE_MS,
      });
    }
    await countStates(ctx, counts);
  });
}

type Ctx = Parameters<Parameters<Component["run"]>[0]>[0];

async function act(
  ctx: Ctx,
  session: Doc<"sessions">["_id"],
  until: number,
  random: () => number,
): Promise<number> {
  const count = Math.floor(random() * 4);
  for (let i = 0; i < count; i += 1) {
    await ctx.db.insert("actions", { session, at: until - i, action: "click" });
  }
  return count;
}

function visitAt(endedAt: number): Visit {
  const startedAt = endedAt - HOUR_MS / 2;
  return { startedAt, endedAt, engagedMs: 0, actions: 0, why: "idle" };
}

function randomFrom(seeded: number): () => number {
  let state = seeded;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

const NOTHING = {
  sessions: 0,
  visits: 0,
  actions: 0,
  byRetention: { visits: 0, actions: 0 },
};

/** All pages of a preview, counted together. */
async function preview(
  t: Component,
  of: { cutoff?: number; cutoffs?: OwnCutoffs } = {},
) {
  const sum = structuredClone(NOTHING);
  const { cutoff: asked, cutoffs: ofKinds } = of;
  let page = await t.query(api.runs.preview.purge, {
    ...(asked === undefined ? {} : { cutoff: asked }),
    ...(ofKinds === undefined ? {} : { cutoffs: ofKinds }),
  });
  for (;;) {
    sum.sessions += page.sessions;
    sum.visits += page.visits;
    sum.actions += page.actions;
    sum.byRetention.visits += page.byRetention.visits;
    sum.byRetention.actions += page.byRetention.actions;
    const { cursor, cutoff, cutoffs } = page;
    if (cursor === null) return sum;
    page = await t.query(api.runs.preview.purge, {
      cursor,
      cutoff,
      ...(cutoffs === undefined ? {} : { cutoffs }),
    });
  }
}

/** What is due by the rules alone, row by row. */
function dueOf({ sessions, leases, visits, actions }: All) {
  const lastActive = new Map(
    leases.map((row) => [row.session, row.lastActive]),
  );
  const goes = new Set(
    sessions
      .filter(
        ({ _id, inactiveSince }) =>
          (inactiveSince ?? lastActive.get(_id) ?? NOW) < NOW - 30 * DAY_MS,
      )
      .map(({ _id }) => _id),
  );
  const isOld = {
    visit: ({ endedAt }: { endedAt: number }) => endedAt < NOW - 10 * DAY_MS,
    action: ({ at }: { at: number }) => at < NOW - 5 * DAY_MS,
  };
  const stay = <Row extends { session: Doc<"sessions">["_id"] }>(rows: Row[]) =>
    rows.filter(({ session }) => !goes.has(session));
  const kept = sessions.filter(({ _id }) => !goes.has(_id));
  const stripped = kept.filter(
    ({ inactiveSince, lastVisit }) =>
      inactiveSince !== undefined && lastVisit && isOld.visit(lastVisit),
  );
  const oldVisits = stay(visits).filter(isOld.visit);
  const oldActions = stay(actions).filter(isOld.action);
  const withLast = sessions.filter(
    ({ _id, lastVisit }) => goes.has(_id) && lastVisit !== undefined,
  );
  const closing = leases.filter(({ session }) => goes.has(session));
  return {
    counts: {
      sessions: goes.size,
      visits:
        visits.length - stay(visits).length + withLast.length + closing.length,
      actions: actions.length - stay(actions).length,
      byRetention: {
        visits: oldVisits.length + stripped.length,
        actions: oldActions.length,
      },
    },
    left: idsOf({
      sessions: kept.map((row) => {
        if (!stripped.includes(row)) return row;
        const { lastVisit: _, ...rest } = row;
        return rest;
      }),
      visits: stay(visits).filter((row) => !isOld.visit(row)),
      actions: stay(actions).filter((row) => !isOld.action(row)),
    }),
  };
}

function idsOf({ sessions, visits, actions }: Omit<All, "leases">) {
  return {
    sessions: sessions.map(({ _id, lastVisit }) => [_id, lastVisit?.endedAt]),
    visits: visits.map(({ _id }) => _id),
    actions: actions.map(({ _id }) => _id),
  };
}

/** The invariants, and that sessions count their rows of visits. */
async function expectCounts(t: Component) {
  await expectInvariants(t);
  const { sessions, visits } = await readAll(t);
  for (const { _id, visitRows = 0, visitIds } of sessions) {
    const rows = visits.filter(({ session }) => session === _id);
    expect(rows).toHaveLength(visitRows);
    if (visitIds) expect(visitIds).toEqual(rows.map((row) => row._id));
  }
}
