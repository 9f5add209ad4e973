/** Every zone's changes with every spec and stop, with and without ticks before: one run each. */
import { afterEach, beforeEach, describe, test, vi } from "vitest";
import {
  CHANGES,
  expectOneRunEach,
  KINDS,
  STOPS,
} from "../support/clockKit.js";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe.each(CHANGES)("%s, %s", (timeZone, change) => {
  const cases = KINDS.flatMap((kind) =>
    STOPS.flatMap((stopMs) =>
      [true, false].map((withTicks) => ({
        ...kind,
        ...{ timeZone, change, stopMs, withTicks },
      })),
    ),
  );
  test.each(cases)(
    "$kind, stop $stopMs ms, ticks before: $withTicks",
    expectOneRunEach,
  );
});
