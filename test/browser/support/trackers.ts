import type { SessionStatus } from "../../../react/index.js";
import type { Tracker } from "../page/tracker.js";
import type { Tab } from "./tab.js";
import { INTERVAL_MS } from "./visitor.js";

declare global {
  /** Of the page `app.html`, one for each of its roots. */
  var trackers: Tracker[];
}

/** Of the page on which a test has the trackers themselves. */
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

/** Resolves when all of the page's roots say so of their session. */
export async function allShow(tab: Tab, status: SessionStatus): Promise<void> {
  await tab.page.waitForFunction((status) => {
    const shown = [...document.querySelectorAll("output")];
    return (
      shown.length > 0 &&
      shown.every(({ textContent }) => textContent === status)
    );
  }, status);
}

/** Whom each of the page's roots tracks. */
export function tracked(tab: Tab): Promise<(string | null)[]> {
  return tab.page.evaluate(() =>
    globalThis.trackers.map(({ anonymousId }) => anonymousId),
  );
}
