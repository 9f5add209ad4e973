import type { Page } from "./page.js";

/** Whether the component takes this for an anonymousId. */
export function isAnonymousId(value: string | null): value is string {
  return value !== null && /^[\w\-.:]{1,128}$/.test(value);
}

/** A random UUID, version 4. */
export function newAnonymousId({ crypto }: Page): string {
  // A page on plain http has no randomUUID.
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const hex = [...bytes].map((byte) => (byte + 256).toString(16).slice(1));
  return hex
    .join("")
    .replace(/^(.{8})(.{4}).(.{3})(.)(.{3})/, (_, a, b, c, variant, d) => {
      const bits = (parseInt(String(variant), 16) & 3) | 8;
      return `${a}-${b}-4${c}-${bits.toString(16)}${d}-`;
    });
}
