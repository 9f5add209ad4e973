import type { Consent } from "sessions-ops/react";

export const CONSENTS = ["granted", "pending", "denied"] as const;

const KEY = "exampleConsent";

/** What the visitor chose before. An app's own matter: the tracker only takes what it is given. */
export function readConsent(): Consent {
  try {
    const stored = localStorage.getItem(KEY);
    return CONSENTS.find((consent) => consent === stored) ?? "granted";
  } catch {
    // Where storage is blocked, nothing was chosen before.
    return "granted";
  }
}

export function writeConsent(consent: Consent): void {
  try {
    localStorage.setItem(KEY, consent);
  } catch {
    // Blocked: the choice holds until the page is left.
  }
}
