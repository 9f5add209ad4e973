/** What the engine uses of the page it runs in; `globalThis` in a browser. */
export type Page = Pick<
  typeof globalThis,
  | "addEventListener"
  | "AbortSignal"
  | "clearTimeout"
  | "crypto"
  | "Date"
  | "document"
  | "fetch"
  | "localStorage"
  | "Math"
  | "navigator"
  | "performance"
  | "sessionStorage"
  | "setTimeout"
>;

/**
 * Characters of a request that is kept alive, and of all that a page sends when it goes. Browsers refuse
 * over 64 KiB for all that it has open, and a character has up to 3 bytes.
 */
export const KEEPALIVE_LENGTH = 10_000;

/** Tries what a browser may refuse; `undefined` where it does. */
export function attempt<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    // Blocked or full storage, a closed client: each caller goes on without.
  }
}

export function pause(page: Page, ms = 0): Promise<void> {
  return new Promise((resolve) => page.setTimeout(resolve, ms));
}
