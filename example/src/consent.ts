import type { Consent } from "sessions-ops/react";

export const CONSENTS = ["granted", "pending", "denied"] as const;

const KEY = "exampleConsent";

/** The visitor's earlier choice. To keep it is the app's own matter: the tracker only takes the value. */
export function readConsent(): Consent {
  try {
    const stored = localStorage.getItem(KEY);
    return CONSENTS.find((consent) => consent === stored) ?? "granted";
  } catch {
    // Storage is blocked: the visitor has chosen nothing before.
    return "granted";
  }
}

export function writeConsent(consent: Consent): void {
  try {
    localStorage.setItem(KEY, consent);
  } catch {
    // Storage is blocked: the choice holds until the page is left.
  }
}
