import type { Page } from "./page.js";

/** The text, if the component takes it for an anonymousId. */
export function asAnonymousId(text = ""): string | undefined {
  return /^[\w\-.:]{1,128}$/.exec(text)?.[0];
}

/** A random UUID, version 4. `crypto` can make one itself, but not on plain http. */
export function newAnonymousId({ crypto }: Page): string {
  // Of the four digits that say the variant one is as good as another.
  return "rrrrrrrr-rrrr-4rrr-arrr-rrrrrrrrrrrr".replace(/r/g, () =>
    (crypto.getRandomValues(new Uint8Array(1))[0]! & 15).toString(16),
  );
}
