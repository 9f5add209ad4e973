/**
 * What most tests of the component begin with: a fake clock, and a component of each test's own, `t`. Both
 * engines' projects run these tests. With it comes what nearly all of them name: the component's functions, and
 * lengths of time.
 */
import { afterEach, beforeEach, vi } from "vitest";
import type { Component } from "./rows.js";
import { setUpComponent } from "./setup.js";

export {
  api,
  components,
  internal,
} from "../../../convex/sessionTracker/_generated/api.js";
export {
  DAY_MS,
  HOUR_MS,
  MINUTE_MS,
} from "../../../convex/sessionTracker/shared/times.js";

/** A moment for tests that need no other, in ms since the epoch. */
export const NOW = Date.UTC(2026, 2, 1);

/** The component of the test under way, set by `freshComponent`. */
export let t: Component;

/**
 * Gives each test of the file, or of the `describe`, a component of its own, as `t`, and a fake clock.
 * @param now when each test begins, in ms since the epoch
 * @param setUp makes the component, once the clock is faked
 */
export function freshComponent(
  now = NOW,
  setUp: () => Component | Promise<Component> = setUpComponent,
): void {
  fakeClock(now);
  beforeEach(async () => {
    t = await setUp();
  });
}

/** Puts another component in the place of `t`, for the rest of the test. */
export function takeComponent(other: Component): void {
  t = other;
}

/** Fakes the clock in each test of the file, or of the `describe`; it begins at `now`, in ms since the epoch. */
export function fakeClock(now?: number): void {
  beforeEach(() => {
    vi.useFakeTimers(now === undefined ? {} : { now });
  });
  afterEach(() => {
    vi.useRealTimers();
  });
}
