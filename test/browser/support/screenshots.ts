import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";

/** Screenshots for people to look at; not in the repository. */
const FOLDER = join(import.meta.dirname, "../screenshots");

const WIDTHS = { desktop: 1280, phone: 390 };
const SCHEMES = ["light", "dark"] as const;

/** Elements that reach beyond the sides of the page, which only tables may do. */
export interface Overflow {
  name: string;
  widthPx: number;
  contentPx: number;
}

/** Takes the whole page at the width of a desk and of a phone, in both colour schemes. */
export async function takeScreenshots(
  page: Page,
  name: string,
): Promise<Overflow[]> {
  mkdirSync(FOLDER, { recursive: true });
  const overflows: Overflow[] = [];
  for (const [device, width] of Object.entries(WIDTHS)) {
    // The window is as high as the page, since charts are drawn for its size.
    await page.setViewportSize({ width, height: 800 });
    await chartsToFit(page);
    const { height, contentPx } = await page.evaluate(() => ({
      height: document.documentElement.scrollHeight,
      contentPx: document.documentElement.scrollWidth,
    }));
    await page.setViewportSize({ width, height });
    await chartsToFit(page);
    if (contentPx > width) {
      overflows.push({ name: `${name} ${device}`, widthPx: width, contentPx });
    }
    for (const colorScheme of SCHEMES) {
      await page.emulateMedia({ colorScheme });
      const path = join(FOLDER, `${name}-${device}-${colorScheme}.png`);
      await page.screenshot({ path });
    }
  }
  return overflows;
}

/** Resolves when each chart is as wide as its card lets it be. */
async function chartsToFit(page: Page): Promise<void> {
  await page.waitForFunction(() =>
    [...document.querySelectorAll(".chart")].every((chart) => {
      const drawn = chart.querySelector("svg")?.getAttribute("width");
      return Math.abs(Number(drawn) - chart.clientWidth) <= 1;
    }),
  );
}
