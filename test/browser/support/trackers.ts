import { expect } from "vitest";
import type { SessionStatus } from "../../../react/index.js";
import type { Tracker } from "../page/tracker.js";
import type { Tab } from "./tab.js";
import { INTERVAL_MS } from "./visitor.js";

declare global {
  /** The trackers of the page `app.html`, one for each of its roots. */
  var trackers: Tracker[];
}

/** The path of the page on which a test has the trackers themselves. */
export function appPath(
  deploymentUrl: string,
  { intervalMs = INTERVAL_MS, roots = 1 } = {},
): string {
  const query = new URLSearchParams({
    deployment: deploymentUrl,
    intervalMs: `${intervalMs}`,
    roots: `${roots}`,
  });
  return `/hooks/app.html?${query}`;
}

/** The time for a page to be loaded and connected. */
const TIMEOUT_MS = 60_000;

/** Resolves when all of the page's roots have this status, also where the page is hidden. */
export async function allShow(
  tab: Tab,
  status: SessionStatus,
  { timeout = TIMEOUT_MS } = {},
): Promise<void> {
  // The test polls by itself: Playwright looks at a page in frames, of which a hidden one has none.
  const shown = () =>
    tab.page.evaluate(() => [
      ...new Set(
        [...document.querySelectorAll("output")].map((one) => one.textContent),
      ),
    ]);
  await expect.poll(shown, { timeout }).toEqual([status]);
}

/** The anonymousIds that the page's roots track. */
export function tracked(tab: Tab): Promise<(string | null)[]> {
  return tab.page.evaluate(() =>
    globalThis.trackers.map(({ anonymousId }) => anonymousId),
  );
}
