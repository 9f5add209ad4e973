/** Every clock change with every spec and stop, with and without earlier ticks: each due time has one run. */
import { describe, test } from "vitest";
import {
  CHANGES,
  expectOneRunEach,
  KINDS,
  STOPS,
} from "../support/clockKit.js";
import { fakeClock } from "../support/fresh.js";

fakeClock();

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
