/** The two pages of the example, as their users see them. */
import { expect, test } from "vitest";
import { seedSessions } from "../../scripts/seedSessions.js";
import { App } from "./support/app.js";
import { takeScreenshots } from "./support/screenshots.js";
import { Visitor } from "./support/visitor.js";

const LONG = "an-action-with-a-name-as-long-as-no-screen-is-wide-".repeat(4);

test("a visitor's page shows the visitor's own session", async () => {
  const app = await App.open();
  const visitor = await Visitor.come(app);
  const tab = await visitor.open();
  await tab.shows("active");
  const session = tab.card("Your session");
  await session.getByText("No actions yet.").waitFor();
  const quiet = await takeScreenshots(tab.page, "visitor-quiet");
  await tab.click("View the lamp");
  await session.locator("tbody tr").waitFor();
  await tab.click("Add two teapots");
  await session.locator("tbody tr").nth(1).waitFor();
  await tab.fact("Actions").getByText("2", { exact: true }).waitFor();
  const busy = await takeScreenshots(tab.page, "visitor");
  expect([...quiet, ...busy]).toEqual([]);
  expect(visitor.complaints).toEqual([]);
});

test("the overview is for administrators, and shows all visitors live", async () => {
  const app = await App.open();
  const visitor = await Visitor.come(app);
  const tab = await visitor.open("/#/overview");
  const signIn = tab.page.getByRole("button", { name: "Sign in" });
  await signIn.waitFor();
  const outside = await takeScreenshots(tab.page, "overview-outside");

  await signIn.click();
  await tab.page.getByText("No sessions in these days.").waitFor();
  await tab.page.getByText("Nobody is here.").waitFor();
  const none = await takeScreenshots(tab.page, "overview-empty");

  const rows = [
    ...seedSessions({
      sessions: 600,
      days: 13,
      now: app.clock.now() - 3_600_000,
      actionsPerSession: 2,
    }),
  ];
  // A call takes 400 rows.
  for (const some of [rows.slice(0, 300), rows.slice(300)]) {
    await app.component.mutation("operator/import:batch", { rows: some });
  }
  await tab.card("Expired").getByText("600").waitFor();
  const other = await visitor.open();
  await other.shows("active");
  await other.click("View the chair");
  await tab.page.bringToFront();
  await tab.card("Active").getByText("1", { exact: true }).waitFor();
  const newest = tab.card("Newest actions").locator("tbody tr").first();
  await newest.getByText("chair").waitFor();
  await app.component.mutation("visitors/action:record", {
    anonymousId: await other.anonymousId(),
    action: LONG.slice(0, 100),
    resourceId: LONG,
  });
  const long = newest.getByTitle(LONG, { exact: true });
  await long.waitFor();
  // The cell leaves room for the other columns; its title is the full value.
  expect((await long.boundingBox())?.width).toBeLessThan(200);
  const full = await takeScreenshots(tab.page, "overview");
  expect([...outside, ...none, ...full]).toEqual([]);

  await tab.click("Sign out");
  await signIn.waitFor();
  expect(visitor.complaints).toEqual([]);
});

test("a refused sign-in is reported, and can be tried again", async () => {
  const app = await App.open();
  const visitor = await Visitor.come(app);
  const tab = await visitor.open("/#/overview");
  await tab.page.route("**/sign-in*", (route) =>
    route.fulfill({ status: 503 }),
  );
  await tab.click("Sign in");
  await tab.page.getByText("could not sign you in").waitFor();
  await tab.page.unroute("**/sign-in*");
  await tab.click("Sign in");
  await tab.card("All sessions").waitFor();
});

test("an overview without its deployment says that it is old, until it is live again", async () => {
  const app = await App.open();
  const visitor = await Visitor.come(app);
  const tab = await visitor.open("/#/overview");
  await tab.click("Sign in");
  await tab.card("All sessions").getByText("0", { exact: true }).waitFor();
  const notice = tab.page.getByText("The deployment does not answer");
  expect(await notice.count()).toBe(0);
  await app.stop();
  await notice.waitFor();

  await app.start();
  await visitor.reconnects((wait) =>
    notice.waitFor({ state: "detached", ...wait }),
  );
  const other = await visitor.open();
  await other.shows("active");
  await tab.page.bringToFront();
  await tab.card("All sessions").getByText("1", { exact: true }).waitFor();
});
