/** What tests look for on the dashboard's page. */
import axe from "axe-core";
import type { Page } from "playwright-core";

/** The violations that axe finds on the page, with their places. */
export async function findings(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() =>
    (window as unknown as { axe: typeof axe }).axe.run(),
  );
  return violations.map(
    ({ id, nodes }) =>
      `${id}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`,
  );
}

export function card(page: Page, title: string) {
  return page.getByRole("region", { name: title, exact: true });
}

/** Runs in the page: the names of the tables that are wider than their card. */
export function cutTables(): Array<string | null> {
  return [...document.querySelectorAll(".table")]
    .filter((table) => table.scrollWidth > table.clientWidth)
    .map((table) => table.querySelector("table")?.ariaLabel ?? null);
}

export function tile(page: Page, label: string) {
  return card(page, label).locator("b");
}
