/** Support for tests of runs: rows for a run to find, and starting and driving runs. */
import { expect } from "vitest";
import { api } from "../../../convex/sessionTracker/_generated/api.js";
import type { Id } from "../../../convex/sessionTracker/_generated/dataModel.js";
import { countStates } from "../../../convex/sessionTracker/rows/counters.js";
import type { Run } from "../../../convex/sessionTracker/shared/runs/run.js";
import { DEFAULT_SETTINGS } from "../../../convex/sessionTracker/shared/settings.js";
import { HOUR_MS } from "../../../convex/sessionTracker/shared/times.js";
import type { Visit } from "../../../convex/sessionTracker/shared/visits.js";
import type { RunKind } from "../../../convex/sessionTracker/shared/runs/kinds.js";
import { advance, step } from "./clock.js";
import type { Component } from "./rows.js";

interface Seed {
  anonymousId: string;
  lastActive: number;
  actions?: number;
  /** Visits, an hour apart; each but the last one has a row. @default 1 */
  visits?: number;
}

/**
 * Seeds sessions as expiry leaves them. The rows are written directly, because an import looks each visitor up, and
 * a look-up in convex-test walks all rows.
 */
export async function seedExpired(t: Component, seeds: Seed[]): Promise<void> {
  await t.run(async (ctx) => {
    for (const { actions = 0, visits = 1, ...seed } of seeds) {
      const { anonymousId, lastActive } = seed;
      const session = await ctx.db.insert("sessions", {
        anonymousId,
        createdAt: lastActive - (visits - 1) * HOUR_MS,
        state: "expired",
        visits,
        actionCount: actions,
        engagedMs: 0,
        lastVisit: visitAt(lastActive),
        ...(visits === 1 ? {} : { visitRows: visits - 1 }),
        inactiveSince: lastActive,
      });
      const visitIds: Id<"visits">[] = [];
      for (let before = visits - 1; before > 0; before -= 1) {
        const visit = visitAt(lastActive - before * HOUR_MS);
        visitIds.push(await ctx.db.insert("visits", { session, ...visit }));
      }
      if (visits > 1) await ctx.db.patch("sessions", session, { visitIds });
      for (let at = lastActive - actions; at < lastActive; at += 1) {
        await ctx.db.insert("actions", { session, at, action: "click" });
      }
    }
    await countStates(ctx, { expired: seeds.length });
  });
}

/** Seeds sessions with a lease, however long idle, as if no run had come to them yet. */
export async function seedLeased(t: Component, seeds: Seed[]): Promise<void> {
  const { touchAfterMs, idleTimeoutMs } = DEFAULT_SETTINGS;
  await t.run(async (ctx) => {
    for (const { actions = 0, visits = 1, ...seed } of seeds) {
      const { anonymousId, lastActive } = seed;
      const before = lastActive - HOUR_MS;
      const session = await ctx.db.insert("sessions", {
        anonymousId,
        createdAt: visits === 1 ? lastActive : before,
        state: "active",
        visits,
        actionCount: 0,
        ...(visits === 1 ? {} : { engagedMs: 0, lastVisit: visitAt(before) }),
      });
      await ctx.db.insert("leases", {
        anonymousId,
        session,
        startedAt: lastActive,
        lastActive,
        actionCount: actions,
        touchAfterMs,
        idleTimeoutMs,
      });
      for (let at = lastActive - actions; at < lastActive; at += 1) {
        await ctx.db.insert("actions", { session, at, action: "click" });
      }
    }
    await countStates(ctx, { active: seeds.length });
  });
}

function visitAt(at: number): Visit {
  return {
    startedAt: at,
    endedAt: at,
    engagedMs: 0,
    actions: 0,
    entry: { path: "/" },
    exitPath: "/",
    why: "idle",
  };
}

/**
 * Makes all shards of the counters: a shard is made when it is first drawn, and so many draws leave none
 * out.
 */
export async function drawAllShards(t: Component): Promise<void> {
  await t.run(async (ctx) => {
    for (let i = 0; i < 300; i += 1) {
      const change = i % 2 === 0 ? 1 : -1;
      await countStates(ctx, { active: change, expired: change });
    }
  });
}

/** Seeds for `count` visitors, all last active at one moment. */
export function visitors(
  count: number,
  lastActive: number,
  prefix = "visitor",
): Seed[] {
  return Array.from({ length: count }, (_, i) => ({
    anonymousId: `${prefix}-${i}`,
    lastActive,
  }));
}

export async function startRun(
  t: Component,
  kind: RunKind,
  cutoff?: number,
): Promise<Id<"runs">> {
  const { runId, status } = await t.mutation(api.runs.control.start, {
    kind,
    actor: "tester",
    trigger: "operator",
    ...(cutoff === undefined ? {} : { cutoff }),
  });
  expect(status).toBe("started");
  await untilFirstPage(t, runId);
  return runId;
}

/** Lets a started run do its first page, which follows the start at once, in a transaction of its own. */
export async function untilFirstPage(
  t: Component,
  runId: string,
): Promise<void> {
  for (let steps = 0; steps < 10; steps += 1) {
    const { seq, status } = await readRun(t, runId);
    if (seq > 0 || status !== "running") return;
    await step(t);
  }
  throw new Error(`Run ${runId} does not begin.`);
}

export async function readRun(t: Component, runId: string): Promise<Run> {
  const run = await t.query(api.runs.ledger.get, { runId });
  if (run === null) throw new Error(`There is no run ${runId}.`);
  return run;
}

/** Lets the run go on to its end, and returns its row then. */
export async function finishRun(t: Component, runId: string): Promise<Run> {
  for (let seconds = 0; seconds < 300; seconds += 1) {
    const run = await readRun(t, runId);
    if (run.status !== "running") return run;
    await advance(t, 1_000);
  }
  throw new Error(`Run ${runId} does not finish.`);
}

/** Lets the run go on until it has done the number of pages. */
export async function runToPage(
  t: Component,
  runId: string,
  pages: number,
): Promise<Run> {
  for (let steps = 0; steps < 1_000; steps += 1) {
    const run = await readRun(t, runId);
    if (run.pages >= pages) return run;
    await step(t);
  }
  throw new Error(`Run ${runId} does not get to page ${pages}.`);
}

export async function setPageSize(
  t: Component,
  pageSize: number,
): Promise<void> {
  await t.mutation(api.settings.settings.change, {
    patch: { pageSize },
    actor: "tester",
  });
}

/** Makes the run stand still, as the job of its next page and its guard are lost. */
export async function loseLink(t: Component, runId: Id<"runs">): Promise<void> {
  await t.run(async (ctx) => {
    const run = await ctx.db.get("runs", runId);
    if (run === null) return;
    if (run.guard !== undefined) await ctx.scheduler.cancel(run.guard);
    await ctx.db.patch("runs", runId, { seq: run.seq + 1 });
  });
}
