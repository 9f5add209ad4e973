import type { Page } from "./page.js";

/** Whether the component takes this for an anonymousId. */
export function isAnonymousId(value: string | undefined): value is string {
  return value !== undefined && /^[\w\-.:]{1,128}$/.test(value);
}

/** A random UUID, version 4. */
export function newAnonymousId({ crypto }: Page): string {
  // A page on plain http has no randomUUID.
  if ("randomUUID" in crypto) return crypto.randomUUID();
  const digit = () =>
    ((crypto as Crypto).getRandomValues(new Uint8Array(1))[0]! & 15).toString(
      16,
    );
  // Version 4; of the four digits that say the variant one is as good as another.
  return "rrrrrrrr-rrrr-4rrr-arrr-rrrrrrrrrrrr".replace(/r/g, digit);
}
