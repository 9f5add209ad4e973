import type { Page } from "./page.js";

/** Whether the visitor asks by Do Not Track or Global Privacy Control not to be tracked. */
export function asksForPrivacy({ navigator }: Page): boolean | undefined {
  const { globalPrivacyControl } = navigator as {
    globalPrivacyControl?: boolean;
  };
  return navigator.doNotTrack === "1" || globalPrivacyControl;
}

/** Whether the browser itself says that no person uses it. */
export function isBot({ navigator }: Page): boolean {
  return (
    navigator.webdriver ||
    /[^u]bot|crawl|spider|headless|lighthouse/i.test(navigator.userAgent)
  );
}
