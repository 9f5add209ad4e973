import type { Consent, SessionTracking } from "../../../react/index.js";

/** What a root's tracker returned last, and how its visitor's consent changes. */
export interface Tracker extends SessionTracking {
  setConsent: (consent: Consent) => void;
}
