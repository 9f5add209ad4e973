/** The example's card of the visitor's own visit. */
import { expect, test } from "vitest";
import { App } from "./support/app.js";
import { takeScreenshots } from "./support/screenshots.js";
import { LONGEST_MS, Visitor } from "./support/visitor.js";

test("a visitor's page shows the visit under way, live, until it is over", async () => {
  const app = await App.open();
  const visitor = await Visitor.come(app);
  const tab = await visitor.open();
  await tab.shows("active");
  const visit = tab.card("Your visit");
  await visit.getByText("under way").waitFor();
  const shows = (fact: string, text: string | RegExp) =>
    tab.fact(fact).getByText(text).waitFor();
  await shows("Visit number", "1");
  await shows("Engaged so far", "0 s, told just now");
  await shows("Actions so far", "0");
  await shows("Came from", "direct");
  await shows("First page", "/");
  await shows("Page now", "/");
  await shows("Device", "desktop");

  await tab.click("View the lamp");
  await shows("Actions so far", "1");
  await visitor.pass(LONGEST_MS + 5_000);
  // The heartbeat came a tenth of its interval earlier or later, by a clock that is a step ahead of the deployment's.
  await shows("Engaged so far", /^1 min( \d+ s)?, told/);
  const busy = await takeScreenshots(tab.page, "visit");

  await tab.click("End the session");
  await visit.getByText("over: you ended it").waitFor();
  const over = await takeScreenshots(tab.page, "visit-over");
  expect([...busy, ...over]).toEqual([]);
  expect(visitor.complaints).toEqual([]);
});

test("the next visit says where it came from", async () => {
  const app = await App.open();
  // A faked clock leaves the page without the address that was opened.
  const visitor = await Visitor.come(app, { hasOwnClock: true });
  const tab = await visitor.open();
  await tab.shows("active");
  await tab.fact("Came from").getByText("direct").waitFor();
  const visit = tab.card("Your visit");
  await tab.click("End the session");
  await visit.getByText("over: you ended it").waitFor();
  await visit.getByRole("link", { name: "come from a newsletter" }).click();
  await tab.fact("Came from").getByText("newsletter").waitFor();
  await visit.getByText("under way").waitFor();
  await tab.fact("Visit number").getByText("2").waitFor();
  expect(visitor.complaints).toEqual([]);
});

test("without consent no visit is known, and none is asked for", async () => {
  const app = await App.open();
  const visitor = await Visitor.come(app);
  const tab = await visitor.open();
  await tab.shows("active");
  const visit = tab.card("Your visit");
  await visit.getByText("under way").waitFor();
  await tab.page.getByLabel("denied").check();
  await visit.getByText("None is known.").waitFor();
  expect(await takeScreenshots(tab.page, "visit-none")).toEqual([]);
  expect(await app.sessions()).toEqual([]);
  expect(visitor.complaints).toEqual([]);
});
