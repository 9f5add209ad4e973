import type { Member } from "./members.js";
import type { Consent, TrackedAction } from "./options.js";

/** Tracks one visitor for one deployment: what all hooks and components of a page share. */
export interface SessionEngine {
  snapshot(): SessionSnapshot;
  /** Tracks until the last member has left. Returns how to leave. */
  join(member: Member): () => void;
  /** To be called when a member's options have changed. */
  update(): void;
  /** Ignored without consent and after `endSession`. */
  trackUserAction(
    action: string,
    details?: Omit<TrackedAction, "action">,
  ): void;
  /** Ends the visit in all tabs. Resolves when the deployment has been told, or could not be yet. */
  endSession(): Promise<void>;
  /** Ends the visit and goes on as somebody new. */
  reset(): void;
  /** The deployment has blocked the visitor until then, by the clock; what has passed says that it does no more. */
  revoke(until: number): void;
}

/**
 * `starting` until the client has connected; `failing` while connected where the last heartbeat did not
 * get through, `error` says why; `pending` and `denied` are the consent, `skipped` is for bots; `ended`
 * lasts until `reset()` or the next page load; `revoked` until the block is over or lifted, `reset()`, or
 * the next page load, which asks again.
 */
export type SessionStatus =
  | "starting"
  | "active"
  | "failing"
  | "offline"
  | "ended"
  | "revoked"
  | "skipped"
  | Consent;

/** What went wrong last. */
export interface SessionError {
  /**
   * `unreachable` is tried again; `refused` is what the app's function answered, `failed` what it
   * threw; `invalidAction` was never sent, nor were the facts of
   * a visit at `invalidVisit`; `actionsDropped` is what the full queue lost.
   */
  kind:
    | "unreachable"
    | "refused"
    | "failed"
    | "invalidAction"
    | "invalidVisit"
    | "actionsDropped";
  /** A sentence for people. */
  message: string;
}

/** What is known of the session. */
export interface SessionSnapshot {
  /** The visitor's only credential, kept in the browser; `null` before it is known, and without consent. */
  anonymousId: string | null;
  /** How it stands with the tracking. */
  status: SessionStatus;
  /** What went wrong last; `null` again once a call succeeds. */
  error: SessionError | null;
}

export const STARTING: SessionSnapshot = {
  anonymousId: null,
  status: "starting",
  error: null,
};
