/** What engaged time costs in calls: the figures of docs/costs.md. */
import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { MINUTE_MS } from "../support/browser.js";
import { withVisits } from "../support/visits.js";

const VIEWS = 3;
const VISITORS = 60;
const DAYS = 30;

/** The calls of a visit of three page views of a minute each, on average. */
async function callsAVisit(engagement: "exact" | "beats" | false) {
  let calls = 0;
  for (let seed = 1; seed <= VISITORS; seed += 1) {
    const { browser } = withVisits({ seed });
    for (let n = 0; n < VIEWS; n += 1) {
      const tab = browser.open({ engagement });
      await browser.pass(MINUTE_MS);
      await tab.close();
    }
    await browser.settle();
    calls += browser.network.calls.length;
  }
  return calls / VISITORS;
}

test.each([1_000, 10_000])(
  "docs/costs.md says what %d visitors a day call",
  async (visitors) => {
    const page = await readFile("docs/costs.md", "utf8");
    const count = visitors.toLocaleString("en-US");
    const row = new RegExp(
      String.raw`^\| ${count} +\| ([\d,]+) +\| ([\d,]+) +\| ([\d,]+) +\|$`,
      "m",
    ).exec(page);
    const said = row!.slice(1).map((text) => Number(text.replaceAll(",", "")));
    for (const [i, engagement] of (
      [false, "beats", "exact"] as const
    ).entries()) {
      const calls = (await callsAVisit(engagement)) * visitors * DAYS;
      expect(said[i]).toBeGreaterThan(0.98 * calls);
      expect(said[i]).toBeLessThan(1.02 * calls);
    }
  },
);

test("a visitor who reads for an hour costs no call more", async () => {
  const calls = [];
  for (const engagement of [false, "exact"] as const) {
    const { browser } = withVisits();
    browser.open({ engagement });
    await browser.pass(60 * MINUTE_MS);
    calls.push(browser.network.calls.length);
  }
  expect(calls[1]).toBe(calls[0]);
});
