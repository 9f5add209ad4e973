import type { Page } from "./page.js";

/** Whether the visitor asks by Do Not Track or Global Privacy Control not to be tracked. */
export function asksForPrivacy({ navigator }: Page): boolean {
  const { doNotTrack, globalPrivacyControl } = navigator as {
    doNotTrack?: string | null;
    globalPrivacyControl?: boolean;
  };
  return doNotTrack === "1" || globalPrivacyControl === true;
}

/** Whether the browser itself says that no person uses it. */
export function isBot({ navigator }: Page): boolean {
  return (
    navigator.webdriver ||
    /bot|crawl|spider|headless|lighthouse/i.test(navigator.userAgent)
  );
}
