import type { CommonOptions, Consent } from "./options.js";

/** Tries what a browser may refuse; `undefined` where it does. */
export function attempt<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    // Blocked or full storage, a closed client: each caller goes on without.
  }
}

export function pause(ms = 0): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Listens to events of the page, by their types. Returns how to stop. */
export function listen(
  listeners: Record<string, (event: Event) => void>,
): () => void {
  const abort = new AbortController();
  for (const type in listeners) {
    addEventListener(type, listeners[type]!, {
      // Where the app cannot stop it, and without holding up a scroll.
      capture: true,
      passive: true,
      signal: abort.signal,
    });
  }
  return () => abort.abort();
}

/**
 * What holds of a visitor's consent by what the browser says: by its automation, or by a user agent that
 * names a crawler or the like, or gives an address to read about it, that no person uses it (Cubot is a make
 * of phones); by Do Not Track or Global Privacy Control that the visitor denies it.
 */
export function consentOf(options: CommonOptions): Consent | "skipped" {
  return options.skipBots &&
    (navigator.webdriver ||
      /(^|[^u])bot|compatible|http|google-|crawl|spider|slurp|preview|headless|lighthouse/i.test(
        navigator.userAgent,
      ))
    ? "skipped"
    : options.respectPrivacySignals &&
        (navigator.doNotTrack === "1" ||
          (navigator as { globalPrivacyControl?: boolean })
            .globalPrivacyControl)
      ? "denied"
      : options.consent;
}
