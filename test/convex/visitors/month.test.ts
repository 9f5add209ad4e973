/**
 * A month of 300 visitors through the functions that visitors and runs call. What they did is planned before, so that
 * what it comes to can be counted from the plan, without any rule of the component.
 */
import { expect, test, vi } from "vitest";
import { Random } from "../../../embedded/test/support/random.js";
import { readDays } from "../support/days.js";
import {
  api,
  DAY_MS,
  freshComponent,
  HOUR_MS,
  MINUTE_MS,
  t,
} from "../support/fresh.js";
import { expectInvariants, type Rows } from "../support/rows.js";
import { finishRun, startRun } from "../support/runKit.js";

const START = Date.UTC(2026, 0, 1);
const VISITORS = 300;
const DAYS = 30;
/** A visit that begins on the last day is over by then. */
const END = START + (DAYS + 1) * DAY_MS;

freshComponent(START);

test("days, visits and sessions are those of an independent count, before and after forgets, imports and purges by kind", async () => {
  const plan = planMonth(new Random(12));
  await live(plan);
  const figures = figuresOf(plan.flatMap(({ visits }) => visits));
  expect(await readDays(t)).toEqual(figures);
  expect(visitsOf(await expectInvariants(t))).toEqual(expectedVisits(plan));

  const forgotten = plan.filter((_, n) => n % 15 === 0);
  for (const { anonymousId } of forgotten) {
    await t.mutation(api.visitors.forget.visitor, { anonymousId });
  }
  const known = plan.filter((visitor) => !forgotten.includes(visitor));
  expect(await readDays(t)).toEqual(figures);
  expect(visitsOf(await expectInvariants(t))).toEqual(expectedVisits(known));

  const newcomers = planMonth(new Random(13)).slice(0, 40);
  const imported = newcomers.map((visitor) => ({
    ...visitor,
    anonymousId: `imported-${visitor.anonymousId}`,
  }));
  await t.mutation(api.operator.import.batch, { rows: imported.map(toRow) });
  // The days of visits that were elsewhere come with the lines of days.
  expect(await readDays(t)).toEqual(figures);
  const all = [...known, ...imported];
  expect(visitsOf(await expectInvariants(t))).toEqual(expectedVisits(all));

  const patch = { visitRetentionDays: 7, actionRetentionDays: 3 };
  await t.mutation(api.settings.settings.change, { patch, actor: "ada" });
  await finishRun(t, await startRun(t, "purge"));
  const now = Date.now();
  const kept = all.filter(({ visits }) => isYoung(visits.at(-1)!, 14, now));
  expect(kept.length).toBeLessThan(all.length - 50);
  const rows = await expectInvariants(t);
  expect(visitsOf(rows)).toEqual(
    expectedVisits(kept, (visit) => isYoung(visit, 7, now)),
  );
  const lived = kept.filter((visitor) => !imported.includes(visitor));
  const actions = actionsOf(lived, now - 3 * DAY_MS);
  expect(rows.actions).toHaveLength(actions);
  expect(await readDays(t)).toEqual(figures);
}, 120_000);

// ── The plan ────────────────────────────────────────────────────────────────

interface PlannedVisit {
  startedAt: number;
  endedAt: number;
  engagedMs: number;
  actions: number;
  isFirst: boolean;
  why: "idle" | "ended";
}

interface PlannedVisitor {
  anonymousId: string;
  visits: PlannedVisit[];
  events: Event[];
}

interface Event {
  at: number;
  does: "beat" | "act" | "end";
  /** Engaged time of the visit so far, in ms. */
  engagedMs: number;
}

function planMonth(random: Random): PlannedVisitor[] {
  return Array.from({ length: VISITORS }, (_, n) => {
    const visitor: PlannedVisitor = {
      anonymousId: `visitor-${n}`,
      visits: [],
      events: [],
    };
    let at = START + random.below(25 * DAY_MS);
    // Some come once, some again and again, some no more.
    const lastAt = START + random.below(DAYS * DAY_MS);
    while (visitor.visits.length === 0 || at < lastAt) {
      const visit = planVisit(random, visitor, at);
      // The next visit begins once the last one is over, whatever runs do.
      at = visit.endedAt + HOUR_MS + random.below(12 * DAY_MS);
    }
    return visitor;
  });
}

/** Up to ten heartbeats a few minutes apart, of which the visitor was there for a part; some with an action. */
function planVisit(
  random: Random,
  { visits, events }: PlannedVisitor,
  startedAt: number,
): PlannedVisit {
  const visit: PlannedVisit = {
    startedAt,
    endedAt: startedAt,
    engagedMs: 0,
    actions: 0,
    isFirst: visits.length === 0,
    why: random.pick(["idle", "idle", "ended"]),
  };
  const say = (does: Event["does"]) => {
    events.push({ at: visit.endedAt, does, engagedMs: visit.engagedMs });
  };
  say("beat");
  for (let beats = random.below(10); beats > 0; beats -= 1) {
    const gapMs = random.pick([MINUTE_MS, 5 * MINUTE_MS, 20 * MINUTE_MS]);
    visit.endedAt += gapMs;
    visit.engagedMs += random.below(gapMs);
    say("beat");
    if (random.below(4) > 0) continue;
    visit.actions += 1;
    say("act");
  }
  if (visit.why === "ended") say("end");
  visits.push(visit);
  return visit;
}

/** Everything in the order of time, with an expire run every six hours; the last one once all are idle. */
async function live(plan: PlannedVisitor[]): Promise<void> {
  const events = plan.flatMap(({ anonymousId, events }) =>
    events.map((event) => ({ anonymousId, ...event })),
  );
  events.sort((a, b) => a.at - b.at);
  let nextRun = START + 6 * HOUR_MS;
  for (const { anonymousId, at, does, engagedMs } of events) {
    while (nextRun <= at) {
      vi.setSystemTime(nextRun);
      await finishRun(t, await startRun(t, "expire"));
      nextRun += 6 * HOUR_MS;
    }
    // A run takes some moments of the clock.
    vi.setSystemTime(Math.max(at, Date.now()));
    const visit = { engagedMs, path: "/" };
    const call = { anonymousId, visit };
    if (does === "beat") await t.mutation(api.visitors.heartbeat.beat, call);
    else if (does === "end") await t.mutation(api.visitors.end.visit, call);
    else {
      const action = { anonymousId, action: "click" };
      await t.mutation(api.visitors.action.record, action);
    }
  }
  vi.setSystemTime(END);
  await finishRun(t, await startRun(t, "expire"));
}

// ── The count ───────────────────────────────────────────────────────────────

function figuresOf(visits: PlannedVisit[]) {
  const days: Awaited<ReturnType<typeof readDays>> = {};
  for (const { startedAt, engagedMs, actions, isFirst } of visits) {
    const day = new Date(startedAt).toISOString().slice(0, 10);
    const before = days[day];
    days[day] = {
      newVisitors: (before?.newVisitors ?? 0) + (isFirst ? 1 : 0),
      visits: (before?.visits ?? 0) + 1,
      bounces:
        (before?.bounces ?? 0) + (engagedMs < 10_000 && actions === 0 ? 1 : 0),
      engagedMs: (before?.engagedMs ?? 0) + engagedMs,
      actions: (before?.actions ?? 0) + actions,
    };
  }
  return days;
}

function expectedVisits(
  plan: PlannedVisitor[],
  isKept: (visit: PlannedVisit) => boolean = () => true,
) {
  return Object.fromEntries(
    plan.map(({ anonymousId, visits }) => [
      anonymousId,
      visits.filter(isKept).map(({ isFirst, ...visit }) => visit),
    ]),
  );
}

function isYoung({ endedAt }: PlannedVisit, days: number, now: number) {
  return endedAt >= now - days * DAY_MS;
}

function actionsOf(plan: PlannedVisitor[], since: number): number {
  return plan
    .flatMap(({ events }) => events)
    .filter(({ does, at }) => does === "act" && at >= since).length;
}

/** The visitor as another deployment exports it, without the actions. */
function toRow({ anonymousId, visits }: PlannedVisitor) {
  return {
    anonymousId,
    createdAt: visits[0]!.startedAt,
    lastActive: visits.at(-1)!.endedAt,
    visits: visits.length,
    finishedVisits: visits.map(({ isFirst, ...visit }) => visit),
  };
}

function visitsOf({ sessions, visits }: Rows) {
  return Object.fromEntries(
    sessions.map(({ _id, anonymousId, lastVisit }) => [
      anonymousId,
      [...visits.filter(({ session }) => session === _id), lastVisit]
        .filter((visit) => visit !== undefined)
        .map(({ startedAt, endedAt, engagedMs, actions, why }) => {
          return { startedAt, endedAt, engagedMs, actions, why };
        })
        .toSorted((a, b) => a.startedAt - b.startedAt),
    ]),
  );
}
