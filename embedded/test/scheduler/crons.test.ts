import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readCrons } from "../../src/scheduler/crons.js";
import { Engine, valueOf, type ComponentSource } from "../support/engine.js";
import { FakeClock } from "../support/fakeClock.js";

const TICKS = `
  import { queryGeneric as query, mutationGeneric as mutation, actionGeneric as action, internalMutationGeneric as internalMutation, makeFunctionReference } from "convex/server";
  import { v } from "convex/values";
  export const tick = internalMutation({ args: { name: v.string() }, handler: async (ctx, { name }) => { await ctx.db.insert("ticks", { name, at: Date.now() }); } });
  export const ticks = query({ args: {}, handler: async (ctx) => (await ctx.db.query("ticks").collect()).map(({ name, at }) => [name, at]) });
  export const fails = internalMutation({ args: {}, handler: async () => { throw new Error("cron failed"); } });
  export const slow = action({ args: {}, handler: async (ctx) => {
    await ctx.runMutation(makeFunctionReference("ticks:tick"), { name: "slow" });
    await new Promise((resolve) => setTimeout(resolve, 150_000));
  } });
`;

const START = Date.UTC(2026, 0, 1, 12, 0, 0);
const MINUTE = 60_000;

function appWith(...crons: string[]): ComponentSource {
  const source = `
    import { cronJobs, makeFunctionReference } from "convex/server";
    const crons = cronJobs();
    const tick = makeFunctionReference("ticks:tick");
    ${crons.join("\n")}
    export default crons;
  `;
  return { modules: { ticks: TICKS, crons: source } };
}
const EVERY_MINUTE =
  'crons.interval("minutely", { minutes: 1 }, tick, { name: "m" });';
const DAILY =
  'crons.daily("daily", { hourUTC: 13, minuteUTC: 0 }, tick, { name: "d" });';

let clock: FakeClock;
let engine: Engine;
beforeEach(() => {
  clock = new FakeClock(START);
});
afterEach(() => engine.remove());

async function open(app: ComponentSource): Promise<void> {
  engine = await Engine.open(app, { clock });
  await engine.scheduler.whenIdle();
}
async function advance(ms: number, step = ms): Promise<void> {
  for (let passed = 0; passed < ms; passed += step) {
    clock.advance(step);
    await engine.scheduler.whenIdle();
  }
}
/** Times of the runs, in minutes after the start. */
async function ticks(componentPath = ""): Promise<unknown[]> {
  const all = valueOf(
    await engine.query("ticks:ticks", {}, { componentPath }),
  ) as [string, number][];
  return all.map(([name, at]) => [name, (at - START) / MINUTE]);
}

it("runs an interval at once and then by its interval", async () => {
  await open(appWith(EVERY_MINUTE));
  await advance(3 * MINUTE, MINUTE / 2);
  expect(await ticks()).toEqual([
    ["m", 0],
    ["m", 1],
    ["m", 2],
    ["m", 3],
  ]);
  expect(engine.events.filter(({ source }) => source === "cron")).toHaveLength(
    4,
  );
});

it("runs other schedules at their first time", async () => {
  await open(
    appWith(DAILY, 'crons.cron("quarter", "15 * * * *", tick, { name: "q" });'),
  );
  await advance(60 * MINUTE, 15 * MINUTE);
  expect(await ticks()).toEqual([
    ["q", 15],
    ["d", 60],
  ]);
});

it("goes on after a run that failed", async () => {
  await open(
    appWith(
      'crons.interval("bad", { minutes: 1 }, makeFunctionReference("ticks:fails"));',
    ),
  );
  await advance(2 * MINUTE, MINUTE);
  expect(engine.events.map(({ ok, source }) => [ok, source])).toEqual(
    Array(3).fill([false, "cron"]),
  );
});

it("never overlaps its own run, and skips fires missed during a long one", async () => {
  const slow =
    'crons.interval("slow", { minutes: 1 }, makeFunctionReference("ticks:slow"));';
  engine = await Engine.open(appWith(slow), { clock });
  for (let minute = 0; minute < 6; minute += 0.5) {
    await settled();
    clock.advance(MINUTE / 2);
  }
  await settled();
  expect(await ticks()).toEqual([
    ["slow", 0],
    ["slow", 3],
    ["slow", 6],
  ]);
  // Lets the last run end.
  clock.advance(150_000);
});

/** Waits until the action has set its timer or nothing runs. */
async function settled(): Promise<void> {
  const stands = () => clock.timersUntil(clock.now() + 150_000) > 0;
  while (!stands()) {
    await new Promise(setImmediate);
  }
}

describe("after a time in which the deployment was down", () => {
  it.each([
    [
      "an interval",
      EVERY_MINUTE,
      [
        ["m", 0],
        ["m", 361],
        ["m", 362],
      ],
    ],
    ["a daily cron", DAILY, [["d", 361]]],
  ])("%s runs once and then at its next time", async (_, cron, expected) => {
    await open(appWith(cron));
    await engine.close();
    clock = new FakeClock(START + 361 * MINUTE);
    engine = await Engine.open(appWith(cron), {
      clock,
      dataDir: engine.dataDir,
    });
    await engine.scheduler.whenIdle();
    await advance(MINUTE);
    expect(await ticks()).toEqual(expected);
  });
});

describe("a push", () => {
  const diffOf = async (app: ComponentSource, componentPath = "") => {
    const diffs = await engine.deploy(app);
    await engine.scheduler.whenIdle();
    return diffs.get(componentPath);
  };

  it("adds, updates and deletes by identifier", async () => {
    await open(appWith(EVERY_MINUTE));
    expect(await diffOf(appWith(EVERY_MINUTE))).toEqual({
      added: [],
      updated: [],
      deleted: [],
    });
    expect(
      await diffOf(
        appWith(EVERY_MINUTE.replace("minutes: 1", "minutes: 5"), DAILY),
      ),
    ).toEqual({
      added: ["daily"],
      updated: ["minutely"],
      deleted: [],
    });
    expect(await diffOf(appWith())).toEqual({
      added: [],
      updated: [],
      deleted: ["daily", "minutely"],
    });
    const before = await ticks();
    await advance(24 * 60 * MINUTE);
    expect(await ticks()).toEqual(before);
  });

  it("keeps the time of a cron whose arguments change but not its schedule", async () => {
    await open(appWith(EVERY_MINUTE));
    await advance(MINUTE / 2);
    expect(
      (await diffOf(appWith(EVERY_MINUTE.replace('"m"', '"new"'))))?.updated,
    ).toEqual(["minutely"]);
    await advance(MINUTE / 2);
    expect(await ticks()).toEqual([
      ["m", 0],
      ["new", 1],
    ]);
  });

  it("runs components' crons beside the app's", async () => {
    await open({
      ...appWith(DAILY),
      children: { child: appWith(EVERY_MINUTE) },
    });
    await advance(MINUTE);
    expect(await ticks("child")).toEqual([
      ["m", 0],
      ["m", 1],
    ]);
    expect(await ticks()).toEqual([]);
    const tx = engine.database.read();
    expect(readCrons(tx, "").map(({ identifier }) => identifier)).toEqual([
      "daily",
    ]);
    expect(
      readCrons(tx)
        .map(({ identifier }) => identifier)
        .sort(),
    ).toEqual(["daily", "minutely"]);
    tx.release();
  });
});
