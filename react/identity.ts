import type { Page } from "./page.js";

/** The text, if the component takes it for an anonymousId. */
export function asAnonymousId(text = ""): string | undefined {
  return /^[\w\-.:]{1,128}$/.exec(text)?.[0];
}

/** A random UUID, version 4. */
export function newAnonymousId({ crypto }: Page): string {
  const digit = () =>
    (crypto.getRandomValues(new Uint8Array(1))[0]! & 15).toString(16);
  return (
    // A page on plain http has none.
    (crypto as Partial<Crypto>).randomUUID?.() ??
    // Version 4; of the four digits that say the variant one is as good as another.
    "rrrrrrrr-rrrr-4rrr-arrr-rrrrrrrrrrrr".replace(/r/g, digit)
  );
}
