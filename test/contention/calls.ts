/**
 * Calls of the component that may be under way at once, each about a visitor, or about rows, of its own: a conflict
 * between two of them is of their own making.
 */
import {
  type FunctionReference,
  type FunctionVisibility,
  getFunctionAddress,
} from "convex/server";
import { convexToJson, type Value } from "convex/values";
import { vi } from "vitest";
import { deploymentOf } from "../../embedded/test/conformance/adapter/convexTest.js";
import type { Footprint } from "../../embedded/test/conformance/adapter/footprint.js";
import type { RunKind } from "../../convex/sessionTracker/shared/runs/kinds.js";
import {
  api,
  DAY_MS,
  HOUR_MS,
  internal,
  MINUTE_MS,
  NOW,
  t,
} from "../convex/support/fresh.js";
import {
  drawAllShards,
  runToPage,
  seedExpired,
  seedLeased,
  setPageSize,
  visitors,
} from "../convex/support/runKit.js";

/** How many visitors there are for each kind of call. */
export const VISITORS = 40;

type Mutation = FunctionReference<"mutation", FunctionVisibility>;

export interface Call {
  /** In the words of the tables. */
  name: string;
  /** Runs the call for a visitor, and takes it back. */
  observe: (visitor: number) => Promise<Footprint>;
}

/** The calls of visitors, by themselves or by what their page sends. */
export async function visitorCalls(): Promise<Call[]> {
  const { heartbeat, action, end, link, forget } = api.visitors;
  const seed = async (name: string, ago: number) => {
    await seedLeased(t, visitors(VISITORS, NOW - ago, name));
  };
  await seed("fresh", 10_000);
  await seed("stale", 90_000);
  await seed("reports", 90_000);
  await seed("over", 40 * MINUTE_MS);
  await seed("acts", 10_000);
  await seed("leaves", 10_000);
  await seed("signs-in", 10_000);
  await seed("forgotten", 10_000);
  await seedExpired(t, visitors(VISITORS, NOW - DAY_MS, "returns"));
  const of = (name: string) => (i: number) => ({ anonymousId: `${name}-${i}` });
  return [
    call("heartbeat", heartbeat.beat, of("fresh")),
    call("heartbeat that writes", heartbeat.beat, of("stale")),
    call("heartbeat of a page that is left", heartbeat.beat, (i) => ({
      ...of("reports")(i),
      visit: { engagedMs: 30_000, path: "/left", isLeaving: true },
    })),
    call("first visit", heartbeat.beat, of("new")),
    call("next visit, after expiry", heartbeat.beat, of("returns")),
    call("next visit, before a run came by", heartbeat.beat, of("over")),
    call("action", action.record, (i) => ({
      ...of("acts")(i),
      action: "click",
    })),
    call("end of a visit", end.visit, of("leaves")),
    call("link to a user", link.user, (i) => ({
      ...of("signs-in")(i),
      userId: `user-${i}`,
    })),
    call("forget of oneself", forget.visitor, of("forgotten")),
  ];
}

/** Calls of operators and of the app's own code, about one visitor or one user each. */
export async function singleCalls(): Promise<Call[]> {
  await seedLeased(t, visitors(VISITORS, NOW - 10_000, "blocked"));
  await seedLeased(t, visitors(VISITORS, NOW - 10_000, "of-user"));
  for (let i = 0; i < VISITORS; i += 1) await linkTo("of-user", i);
  return [
    call("block of a visitor", api.visitors.block.end, (i) => ({
      session: { anonymousId: `blocked-${i}` },
      block: "forever",
    })),
    call("end of all of a user", api.runs.many.ofUser.end, (i) => ({
      userId: `user-of-of-user-${i}`,
    })),
  ];
}

/** What works on many rows at once: pages of runs, calls of an import. */
export async function manyCalls(): Promise<Call[]> {
  const idle = visitors(4 * PAGE_SIZE, NOW - 2 * HOUR_MS, "idle");
  await seedLeased(t, idle);
  const old = visitors(4 * PAGE_SIZE, NOW - 20 * DAY_MS, "old");
  await seedExpired(
    t,
    old.map((one) => ({ ...one, actions: 2 })),
  );
  await seedLeased(t, visitors(3, NOW, "banned"));
  await seedExpired(t, visitors(3, NOW - DAY_MS, "left"));
  for (let i = 0; i < 3; i += 1) {
    await linkTo("banned", i, "banned");
    await linkTo("left", i, "left");
  }
  const calls = [
    await page("expire", { pagesBefore: 1 }),
    await page("purge", { pagesBefore: 1 }),
    await page("end", { asked: { filter: { userId: "banned" } } }),
    await page("forget", { asked: { filter: { userId: "left" } } }),
  ];
  calls.push(
    call("import of sessions", api.operator.import.batch, (i) => ({
      rows: Array.from({ length: 20 }, (_, row) => ({
        anonymousId: `imported-${i}-${row}`,
        createdAt: NOW - 3 * DAY_MS,
        lastActive: NOW - 2 * DAY_MS,
      })),
    })),
  );
  return calls;
}

/** What looks after the deployment. */
export function careCalls(): Call[] {
  return [
    call("tick", internal.schedules.dispatch.tick, () => ({ name: "expire" })),
    call("watchdog", internal.schedules.watchdog.check, () => ({})),
    call("change of settings", api.settings.settings.change, () => ({
      patch: { maxActionsPerMinute: 100 },
      actor: "tester",
    })),
  ];
}

const PAGE_SIZE = 50;

/**
 * A component as visitors and runs have used it for a while: with all shards of its counters and of the limiter, with
 * the day's rows, with workpool at work, and pages of 50 sessions.
 */
export async function setUpUsed(): Promise<void> {
  // Long enough ago for the limiter to let in as many again.
  vi.setSystemTime(NOW - 5 * MINUTE_MS);
  await setPageSize(t, PAGE_SIZE);
  await drawAllShards(t);
  await t.mutation(internal.schedules.watchdog.check, {});
  for (let i = 0; i < 300; i += 1) {
    const anonymousId = `earlier-${i}`;
    await t.mutation(api.visitors.heartbeat.beat, { anonymousId });
    if (i < 100) await t.mutation(api.visitors.end.visit, { anonymousId });
  }
  // The first erasure makes the salt of the digests.
  await t.mutation(api.visitors.forget.visitor, { anonymousId: "earlier-0" });
  vi.setSystemTime(NOW);
}

/** The page that a run which was just started is to do next: its first, or one after it, as most are. */
export async function page(
  kind: RunKind,
  {
    asked = {},
    pagesBefore = 0,
  }: { asked?: object; pagesBefore?: number } = {},
): Promise<Call> {
  const { runId, status } = await t.mutation(api.runs.control.start, {
    ...{ kind, actor: "tester", trigger: "operator" as const },
    ...asked,
  });
  if (status !== "started") throw new Error(`The ${kind} was not started.`);
  const { seq } = await runToPage(t, runId, pagesBefore);
  return call(`page of ${kind}`, internal.runs.chain.page, () => ({
    runId,
    seq,
  }));
}

export function call(
  name: string,
  mutation: Mutation,
  args: (visitor: number) => Record<string, Value>,
): Call {
  const deployment = deploymentOf(t);
  const address = getFunctionAddress(mutation);
  const observe = (visitor: number) =>
    deployment.observe(address, convexToJson(args(visitor)));
  return { name, observe };
}

async function linkTo(
  prefix: string,
  i: number,
  userId = `user-of-${prefix}-${i}`,
): Promise<void> {
  const anonymousId = `${prefix}-${i}`;
  await t.mutation(api.visitors.link.user, { anonymousId, userId });
}
