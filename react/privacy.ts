import type { Page } from "./page.js";

/** Whether the visitor asks by Do Not Track or Global Privacy Control not to be tracked. */
export function asksForPrivacy({ navigator }: Page): boolean | undefined {
  const { globalPrivacyControl } = navigator as {
    globalPrivacyControl?: boolean;
  };
  return navigator.doNotTrack === "1" || globalPrivacyControl;
}

/**
 * Whether the browser itself says that no person uses it: by its automation, or by a user agent that names
 * a crawler or the like, or gives an address to read about it. Cubot is a make of phones.
 */
export function isBot({ navigator }: Page): boolean {
  return (
    navigator.webdriver ||
    /(^|[^u])bot|compatible|https?:|google-|crawl|spider|slurp|preview|headless|lighthouse/i.test(
      navigator.userAgent,
    )
  );
}
