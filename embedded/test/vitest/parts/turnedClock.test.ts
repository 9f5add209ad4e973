/** The clock that a test turns, at its own class, and what names lengths of time. */
import { expect, test } from "vitest";
import { toMoment, toMs } from "../../../src/vitest/clock/times.js";
import { TurnedClock } from "../../../src/vitest/clock/turnedClock.js";
import { Random } from "../../support/random.js";

test("timers fire in the order of their times, then of their setting, but those that were stopped", () => {
  const random = new Random(15);
  const clock = new TurnedClock(1_000);
  const fired: number[] = [];
  const set = Array.from({ length: 500 }, (_, n) => {
    const delayMs = random.below(50);
    const handle = clock.setTimeout(() => fired.push(n), delayMs);
    return { n, delayMs, handle };
  });
  const stopped = set.filter(() => random.below(3) === 0);
  for (const { handle } of stopped) clock.clearTimeout(handle);
  while (clock.nextTimerMs !== undefined) {
    const { nextTimerMs } = clock;
    clock.fireNext();
    expect(clock.now()).toBe(nextTimerMs);
  }
  const expected = set
    .filter((timer) => !stopped.includes(timer))
    .sort((a, b) => a.delayMs - b.delayMs || a.n - b.n);
  expect(fired).toEqual(expected.map(({ n }) => n));
  // A timer that has fired may be stopped, too.
  for (const { handle } of set) clock.clearTimeout(handle);
  clock.setTimeout(() => fired.push(-1), 0);
  clock.fireNext();
  expect(fired.at(-1)).toBe(-1);
});

test("a clock that runs fires timers by itself, and stands where it is stopped", async () => {
  const clock = new TurnedClock(1_000);
  clock.run();
  await new Promise<void>((resolve) => clock.setTimeout(resolve, 20));
  clock.stand();
  const stoodAt = clock.now();
  expect(stoodAt).toBeGreaterThanOrEqual(1_020);
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(clock.now()).toBe(stoodAt);
});

test("lengths of time are numbers, or text with units", () => {
  expect(toMs(1.5)).toBe(1.5);
  expect(toMs("30d")).toBe(30 * 86_400_000);
  expect(toMs("1h 30m")).toBe(90 * 60_000);
  expect(toMs("1.5s")).toBe(1_500);
  expect(toMs("2w1ms")).toBe(14 * 86_400_000 + 1);
  for (const none of ["", "5", "d", "5 days", "-5s", NaN, Infinity, -1]) {
    expect(() => toMs(none)).toThrow("no length of time");
  }
  expect(() => toMs(NaN)).toThrow("NaN is no length of time");
  expect(toMoment("2026-03-01T00:00:00Z")).toBe(Date.UTC(2026, 2, 1));
  for (const none of ["soon", NaN, 0, "1999-01-01"]) {
    expect(() => toMoment(none)).toThrow("no moment");
  }
});
