/** docs/scaling.md has the tables that its script reckons from what was measured. */
import { readFileSync } from "node:fs";
import { format, resolveConfig } from "prettier";
import { expect, test } from "vitest";
import { readMeasured } from "../../scripts/scaling/measured.js";
import { monthOf, purgeOf, usesOf } from "../../scripts/scaling/model.js";
import { tablesOf, withTables } from "../../scripts/scaling/tables.js";

const FILE = new URL("../../docs/scaling.md", import.meta.url);

test("the page's tables are those of the script; else: npm run scaling", async () => {
  const page = readFileSync(FILE, "utf8");
  const config = await resolveConfig(FILE);
  const filled = withTables(page, tablesOf(readMeasured()));
  expect(page).toBe(await format(filled, { ...config, parser: "markdown" }));
});

test("the page says how its figures were measured", () => {
  const { on, sessions } = readMeasured();
  const page = readFileSync(FILE, "utf8");
  expect(page).toContain(on);
  expect(page).toContain(`${sessions.toLocaleString("en-US")} sessions`);
});

test("what is included is not paid for, and what is beyond grows with visitors", () => {
  const measured = readMeasured();
  const { usd, calls } = monthOf(1_000_000, measured);
  expect(usd.calls).toBe(0);
  expect(calls).toBeGreaterThan(5_000_000);
  const more = monthOf(100_000_000, measured);
  const perCall = more.usd.calls / (more.calls - 25_000_000);
  expect(perCall).toBeCloseTo(2 / 1e6, 12);
});

test("a purge takes as long as its deletes and no less than the write throughput allows", () => {
  const { byDeleteMs, atLeast } = purgeOf(1_000_000, readMeasured());
  // A session and three actions, each a delete.
  expect(byDeleteMs).toContainEqual({ ms: 1, seconds: 4_000 });
  expect(atLeast.S16).toBeCloseTo(2 * atLeast.S256, 6);
});

test("the limit that is used the most comes first", () => {
  const parts = usesOf(100_000_000, readMeasured()).map(({ part }) => part);
  expect(parts).toEqual(parts.toSorted((a, b) => b - a));
});
