import type { Consent, SessionTracking } from "../../../react/index.js";

/** The last tracking that a root's hook returned, and a setter of its visitor's consent. */
export interface Tracker extends SessionTracking {
  setConsent: (consent: Consent) => void;
}
