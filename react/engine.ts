import { convexToJson, type Value } from "convex/values";
import { isAnonymousId, newAnonymousId } from "./identity.js";
import { effective, type Member } from "./members.js";
import type { TrackedAction } from "./options.js";
import { Outbox, type Waiting } from "./outbox.js";
import type { Page } from "./page.js";
import { asksForPrivacy, isBot } from "./privacy.js";
import { Rhythm } from "./rhythm.js";
import { Store } from "./store.js";
import {
  call,
  KEEPALIVE_BYTES,
  type MutationName,
  type Outcome,
  type SessionClient,
} from "./wire.js";

/**
 * `starting` until the anonymousId is known and the client has connected; `pending` and `denied` are
 * the consent, `skipped` is a bot's; `ended` lasts until `reset()` or the next page load.
 */
export type SessionStatus =
  | "starting"
  | "active"
  | "offline"
  | "ended"
  | "pending"
  | "denied"
  | "skipped";

/** What went wrong last; `null` again once a call succeeds. */
export interface SessionError {
  /**
   * `unreachable` is tried again; `refused` and `failed` are what the app's function answered or threw;
   * `invalidAction` was never sent; `actionsDropped` counts what the full queue lost.
   */
  kind: Outcome["kind"] extends infer Kind
    ? Exclude<Kind, "done"> | "invalidAction" | "actionsDropped"
    : never;
  message: string;
  /** Of `actionsDropped`, since the page was loaded. */
  count?: number;
}

export interface Snapshot {
  anonymousId: string | null;
  status: SessionStatus;
  error: SessionError | null;
}

export const STARTING: Snapshot = {
  anonymousId: null,
  status: "starting",
  error: null,
};

type Mode = "granted" | "pending" | "denied" | "skipped";

const INPUTS = ["pointerdown", "keydown", "wheel", "touchstart"];
const MAX_WAIT_MS = 86_400_000;
const FIRST_RETRY_MS = 5_000;
/** Without Web Locks, tabs that wake together take their turns within this time. */
const STAGGER_MS = 500;

/** Tracks one visitor for one Convex client; what hooks and components of a page share. */
export class SessionEngine {
  snapshot = STARTING;
  readonly #client: SessionClient;
  readonly #url: string;
  readonly #page: Page;
  readonly #key: string;
  readonly #name: string;
  readonly #store: Store;
  readonly #outbox: Outbox;
  readonly #rhythm: Rhythm;
  readonly #members = new Set<Member>();
  #mode: Mode = "pending";
  #id: string | null = null;
  #error: SessionError | null = null;
  #dropped = 0;
  #ended = false;
  #connected = false;
  #everConnected = false;
  #away = false;
  #lastInput = 0;
  #failures = 0;
  #retryAt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #again = false;
  #turns: Promise<void> | undefined;
  #stop: (() => void) | undefined;

  constructor(
    client: SessionClient,
    storageKey: string,
    page: Page = globalThis,
  ) {
    this.#client = client;
    this.#url = client.url ?? client.client?.url ?? "";
    this.#page = page;
    this.#key = storageKey;
    // Another deployment on the same origin has beats and actions of its own.
    this.#name = `${storageKey}@${this.#url}`;
    this.#store = new Store(page);
    this.#outbox = new Outbox(this.#store, `${this.#name}:waiting`);
    this.#rhythm = new Rhythm(page, this.#store, `${this.#name}:beat`);
  }

  /** Tracks until every member has left. Returns how to leave. */
  join(member: Member): () => void {
    this.#members.add(member);
    this.#stop ??= this.#start();
    this.reconsider();
    return () => {
      this.#members.delete(member);
      if (this.#members.size > 0) return this.reconsider();
      this.#stop?.();
      this.#stop = undefined;
      this.#page.clearTimeout(this.#timer);
    };
  }

  /** To be called when a member's options have changed. */
  reconsider(): void {
    const mode = this.#wantedMode();
    if (mode !== this.#mode) this.#enter(mode);
    this.#publish();
    this.#arm();
  }

  /** Ignored without consent and after `endSession`. */
  trackUserAction(
    action: string,
    details: Omit<TrackedAction, "action"> = {},
  ): void {
    if (this.#wantedMode() !== "granted" || this.#ended) return;
    const tracked: TrackedAction = { action, ...details };
    try {
      const { beforeSend } = effective(this.#members);
      const allowed = beforeSend ? beforeSend(tracked) : tracked;
      if (allowed === null) return;
      // Also copies, so that later changes to the metadata do not count.
      this.#post("trackUserAction", convexToJson({ ...allowed } as Value));
    } catch (error) {
      const message = `The action ${action} was not sent: ${String(error)}`;
      this.#fail({ kind: "invalidAction", message });
    }
  }

  /** Ends the visit in every tab. Resolves when the deployment knows, or could not be told yet. */
  async endSession(): Promise<void> {
    if (this.#mode !== "granted" || this.#ended) return;
    this.#ended = true;
    this.#post("endSession");
    this.#rhythm.end();
    this.#publish();
    await this.#turn();
  }

  /** Ends the visit and starts the next as somebody new. */
  reset(): void {
    if (this.#mode !== "granted") return;
    if (!this.#ended && this.#id !== null) this.#post("endSession");
    this.#ended = false;
    this.#adopt(newAnonymousId(this.#page));
    this.#rhythm.restart();
    void this.#turn();
  }

  // ── Consent ───────────────────────────────────────────────────────────────

  #wantedMode(): Mode {
    const { consent, skipBots, respectPrivacySignals } = effective(
      this.#members,
    );
    if (skipBots && isBot(this.#page)) return "skipped";
    if (respectPrivacySignals && asksForPrivacy(this.#page)) return "denied";
    return consent;
  }

  #enter(mode: Mode): void {
    this.#mode = mode;
    if (mode === "granted") {
      this.#store.open();
      this.#ended = false;
      const stored = this.#store.get(this.#key);
      if (isAnonymousId(stored)) this.#id = stored;
    } else {
      if (mode === "denied") this.#forget();
      this.#store.close();
      this.#id = null;
    }
    void this.#turn();
  }

  #forget(): void {
    this.#store.open();
    const stored = this.#store.get(this.#key);
    for (const key of [this.#key, this.#rhythm.key]) this.#store.delete(key);
    this.#outbox.clear();
    this.#store.close();
    if (!isAnonymousId(stored)) return;
    const { forgetOnDenied } = effective(this.#members);
    this.#id = stored;
    this.#post(forgetOnDenied ? "forgetSession" : "endSession");
  }

  // ── A turn: whatever is due, one tab at a time ────────────────────────────

  #turn(): Promise<void> {
    this.#again = true;
    return (this.#turns ??= this.#takeTurns());
  }

  async #takeTurns(): Promise<void> {
    await Promise.resolve();
    while (this.#again) {
      this.#again = false;
      await this.#alone(() => this.#work());
    }
    this.#turns = undefined;
    this.#publish();
    this.#arm();
  }

  /** The lock is held for a turn, not for life: a page that holds one may not enter the back/forward cache. */
  async #alone(work: () => Promise<void>): Promise<void> {
    const { locks } = this.#page.navigator as { locks?: LockManager };
    try {
      if (locks !== undefined) return await locks.request(this.#name, work);
    } catch {
      // A sandboxed page may have locks and be refused them.
    }
    await new Promise((resolve) => {
      this.#page.setTimeout(resolve, this.#page.Math.random() * STAGGER_MS);
    });
    await work();
  }

  async #work(): Promise<void> {
    if (this.#mode === "granted" && !this.#ended) this.#identify();
    this.#publish();
    while (this.#canSend()) {
      const item = this.#outbox.take();
      if (item === undefined) break;
      const outcome = await this.#call(...item);
      if (this.#settle(outcome)) continue;
      this.#drop(this.#outbox.putBack(item));
      return;
    }
    if (this.#canSend() && this.#beatDueAt() <= this.#page.Date.now()) {
      const { heartbeatInterval } = effective(this.#members);
      this.#rhythm.claim(heartbeatInterval);
      const beat = await this.#call("trackSession", {});
      if (!this.#settle(beat)) this.#rhythm.postpone(this.#retryAt);
    }
  }

  #identify(): void {
    const stored = this.#store.get(this.#key);
    if (isAnonymousId(stored)) this.#id = stored;
    else this.#adopt(newAnonymousId(this.#page));
  }

  #adopt(id: string): void {
    this.#id = id;
    this.#store.set(this.#key, id);
  }

  /** Whether the call is over, well or not; otherwise `retryAt` says when to try again. */
  #settle(outcome: Outcome): boolean {
    if (outcome.kind === "done") {
      this.#failures = 0;
      this.#error = null;
      return true;
    }
    this.#fail(outcome);
    const now = this.#page.Date.now();
    if (outcome.kind === "refused" && outcome.retryAfterMs !== undefined) {
      this.#retryAt = now + Math.min(outcome.retryAfterMs, MAX_WAIT_MS);
      return false;
    }
    if (outcome.kind !== "unreachable") return true;
    const { heartbeatInterval } = effective(this.#members);
    const ceiling = Math.min(
      FIRST_RETRY_MS * 2 ** this.#failures,
      heartbeatInterval,
    );
    this.#failures += 1;
    this.#retryAt = now + ceiling * (0.5 + this.#page.Math.random() / 2);
    return false;
  }

  #call(name: MutationName, args: Record<string, unknown>): Promise<Outcome> {
    const { functions } = effective(this.#members);
    return call(this.#page, this.#url, functions, name, {
      anonymousId: this.#id,
      ...args,
    });
  }

  #post(name: Waiting[0], args: unknown = {}): void {
    const own = this.#id === null ? {} : { anonymousId: this.#id };
    const item: Waiting = [name, { ...own, ...(args as object) }];
    this.#drop(this.#outbox.add(item));
    void this.#turn();
  }

  // ── When ──────────────────────────────────────────────────────────────────

  #canSend(): boolean {
    return this.#connected && this.#page.Date.now() >= this.#retryAt;
  }

  #beatDueAt(): number {
    const { heartbeatInterval, requireInput } = effective(this.#members);
    const { last, dueAt } = this.#rhythm.read(heartbeatInterval);
    const idle = requireInput && this.#lastInput <= last;
    const beats =
      this.#mode === "granted" &&
      !this.#ended &&
      !this.#away &&
      this.#page.document.visibilityState === "visible";
    return beats && !idle ? dueAt : Infinity;
  }

  #arm(): void {
    const { Date } = this.#page;
    this.#page.clearTimeout(this.#timer);
    if (this.#stop === undefined || !this.#connected) return;
    const wanted = this.#outbox.isEmpty ? this.#beatDueAt() : 0;
    if (wanted === Infinity) return;
    const wait = Math.max(wanted, this.#retryAt) - Date.now();
    this.#timer = this.#page.setTimeout(
      () => void this.#turn(),
      Math.min(Math.max(wait, 0), MAX_WAIT_MS),
    );
  }

  // ── The page ──────────────────────────────────────────────────────────────

  #start(): () => void {
    const { document } = this.#page;
    const stops = [
      this.#listen("storage", (event) => this.#hear(event as StorageEvent)),
      this.#listen("online", () => this.#connection()),
      this.#listen("offline", () => this.#connection()),
      this.#listen("pagehide", (event) => this.#leavePage(event)),
      this.#listen("pageshow", () => {
        this.#away = false;
        void this.#turn();
      }),
      ...INPUTS.map((input) =>
        this.#listen(input, (event) => {
          if (!event.isTrusted) return;
          this.#lastInput = this.#page.Date.now();
          if (effective(this.#members).requireInput) this.#arm();
        }),
      ),
    ];
    const seen = () => this.#arm();
    document.addEventListener("visibilitychange", seen);
    const unsubscribe = this.#client.subscribeToConnectionState(() =>
      this.#connection(),
    );
    this.#connection();
    return () => {
      document.removeEventListener("visibilitychange", seen);
      for (const stop of stops) stop();
      unsubscribe();
    };
  }

  #listen(type: string, act: (event: Event) => void): () => void {
    this.#page.addEventListener(type, act, { passive: true, capture: true });
    return () => this.#page.removeEventListener(type, act, { capture: true });
  }

  #connection(): void {
    let connected = false;
    try {
      connected =
        this.#page.navigator.onLine &&
        this.#client.connectionState().isWebSocketConnected;
    } catch {
      // A client that was closed is not connected.
    }
    if (connected === this.#connected) return;
    this.#connected = connected;
    this.#everConnected ||= connected;
    void this.#turn();
  }

  #hear({ key, newValue }: StorageEvent): void {
    if (this.#mode !== "granted") return;
    if (key === this.#key) {
      // What another tab wrote may be older than what is there now, so it is read again.
      const stored = this.#store.get(key);
      this.#ended = !isAnonymousId(stored);
      if (!this.#ended) this.#id = stored;
      void this.#turn();
    } else if (key === this.#rhythm.key && this.#rhythm.isEnd(newValue)) {
      this.#ended = true;
      this.#publish();
    }
  }

  #leavePage(event: Event): void {
    this.#away = true;
    this.#page.clearTimeout(this.#timer);
    if ((event as PageTransitionEvent).persisted || !this.#canSend()) return;
    // TODO: final
    void KEEPALIVE_BYTES;
  }

  // ── What members see ──────────────────────────────────────────────────────

  #status(): SessionStatus {
    if (this.#mode !== "granted") return this.#mode;
    if (this.#ended) return "ended";
    if (this.#id === null || !this.#everConnected) return "starting";
    return this.#connected ? "active" : "offline";
  }

  #drop(count: number): void {
    if (count === 0) return;
    this.#dropped += count;
    const message = `${this.#dropped} actions were dropped, the oldest first: the queue is full.`;
    this.#fail({ kind: "actionsDropped", message, count: this.#dropped });
  }

  #fail(error: SessionError): void {
    this.#error = error;
    this.#publish();
  }

  #publish(): void {
    const next: Snapshot = {
      anonymousId: this.#mode === "granted" ? this.#id : null,
      status: this.#status(),
      error: this.#error,
    };
    const { anonymousId, status, error } = this.snapshot;
    if (
      next.anonymousId === anonymousId &&
      next.status === status &&
      next.error === error
    ) {
      return;
    }
    this.snapshot = next;
    for (const member of this.#members) member.changed();
  }
}
