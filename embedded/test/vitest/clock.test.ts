/** A clock that a test turns: scheduled functions, crons, sleeping actions and pools of work, each at its own time. */
import {
  afterAll,
  beforeAll,
  beforeEach,
  expect,
  onTestFinished,
  test,
  vi,
} from "vitest";
import { testDeployment, type TestDeployment } from "../../src/vitest/index.js";
import { AppFolder, jobs, messages, type DataModel } from "./app.js";

const NOW = Date.UTC(2026, 2, 1, 12);
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

let app: AppFolder;
let t: TestDeployment<DataModel>;

beforeAll(async () => {
  app = await AppFolder.create();
}, 120_000);
afterAll(() => app.remove());
beforeEach(async () => {
  t = await testDeployment<DataModel>({ app: app.folder, now: NOW });
}, 120_000);

/** What ran, and how many minutes after the start. */
async function ticks(): Promise<string[]> {
  const found = await t.query(jobs.ticks);
  return found.map(({ name, at }) => `${name} ${(at - NOW) / MINUTE_MS}`);
}

test("the time stands until it is turned", async () => {
  expect(await t.query(messages.now)).toBe(NOW);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(await t.query(messages.now)).toBe(NOW);
  await t.clock.advance("1h30m");
  expect(await t.query(messages.now)).toBe(NOW + 90 * MINUTE_MS);
  await t.clock.advanceTo("2026-03-02T00:00:00Z");
  expect(t.clock.now()).toBe(Date.UTC(2026, 2, 2));
});

test("lengths and moments that are none are refused", async () => {
  expect(() => t.clock.advance("soon")).toThrow('"soon" is no length of time');
  expect(() => t.clock.advance(-1)).toThrow("is no length of time");
  expect(() => t.clock.advanceTo("never")).toThrow("is no moment");
  await expect(t.clock.advanceTo(NOW - 1)).rejects.toThrow("does not go back");
});

test("scheduled functions run when they are due, and not earlier", async () => {
  await t.mutation(jobs.later, { name: "second", delayMs: 2 * MINUTE_MS });
  await t.mutation(jobs.later, { name: "first", delayMs: MINUTE_MS });
  await t.clock.advance("59s");
  expect(await ticks()).toEqual([]);
  await t.clock.advance("1s");
  expect(await ticks()).toEqual(["first 1"]);
  await t.clock.advance("14m");
  expect(await ticks()).toEqual(["first 1", "second 2", "hourly 15"]);
});

test("what is due at once needs no turn", async () => {
  await t.mutation(jobs.later, { name: "now", delayMs: 0 });
  await t.clock.settle();
  expect(await ticks()).toEqual(["now 0"]);
});

test("each function of a chain runs at its own time", async () => {
  await t.mutation(jobs.chain, { left: 5 });
  await t.clock.advance("10m");
  expect(await ticks()).toEqual([0, 1, 2, 3, 4].map((n) => `chain ${n}`));
});

test("actions sleep by the clock, whoever called them", async () => {
  const called = t.action(jobs.sleepy, { ms: MINUTE_MS });
  await t.clock.advance("90s");
  expect(await ticks()).toEqual(["first 1"]);
  await t.clock.advance("90s");
  await called;
  expect(await ticks()).toEqual(["first 1", "second 2"]);

  await t.mutation(jobs.sleepLater, { ms: MINUTE_MS });
  await t.clock.advance("10m");
  expect((await ticks()).slice(2)).toEqual(["first 5", "second 6"]);
});

test("an action that somebody waits for while the time stands is told of", async () => {
  const warned = vi.spyOn(console, "warn").mockReturnValue();
  onTestFinished(() => warned.mockRestore());
  const called = t.action(jobs.sleepy, { ms: 1_000 });
  await vi.waitFor(() => expect(t.notices).toHaveLength(1), 10_000);
  expect(warned).toHaveBeenCalledWith(t.notices[0]);
  expect(t.notices[0]).toContain("jobs:sleepy waits for a timer");
  t.clock.run();
  await called;
});

test("a pool of work is done before the time goes on", async () => {
  await t.mutation(jobs.enqueue, { count: 5 });
  await t.clock.advance("1m");
  const done = await t.query(jobs.ticks);
  expect(done.map(({ name }) => name).toSorted()).toEqual(
    [0, 1, 2, 3, 4].map((n) => `work ${n}`),
  );
});

test("all scheduled functions are finished as with convex-test", async () => {
  await t.mutation(jobs.chain, { left: 3 });
  await t.finishAllScheduledFunctions();
  expect(await ticks()).toEqual(["chain 0", "chain 1", "chain 2"]);
  await t.mutation(jobs.chain, { left: 9 });
  await expect(t.finishAllScheduledFunctions(undefined, 3)).rejects.toThrow(
    "still schedule others after 3 rounds",
  );
});

test("crons run at the times of the test's own clock", async () => {
  await t.clock.advance("30d");
  const found = await t.query(jobs.ticks);
  const at = (name: string) =>
    found.filter((tick) => tick.name === name).map((tick) => tick.at - NOW);
  expect(at("hourly")).toEqual(
    Array.from({ length: 720 }, (_, n) => n * HOUR_MS + 15 * MINUTE_MS),
  );
  expect(at("daily")).toEqual(
    Array.from({ length: 30 }, (_, n) => (n * 24 + 15.5) * HOUR_MS),
  );
});

test("a clock that runs keeps the machine's pace, from where it was set", async () => {
  const running = await testDeployment({
    app: app.folder,
    now: NOW,
    time: "running",
  });
  await running.mutation(jobs.later, { name: "soon", delayMs: 50 });
  await expect
    .poll(() => running.query(jobs.ticks))
    .toEqual([{ name: "soon", at: expect.any(Number) as number }]);
  await running.clock.advance("1h");
  const now = await running.query(messages.now);
  expect(now).toBeGreaterThan(NOW + HOUR_MS);
  expect(now).toBeLessThan(NOW + 2 * HOUR_MS);
});
