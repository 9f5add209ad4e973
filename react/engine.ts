import { convexToJson, type Value } from "convex/values";
import { isAnonymousId, newAnonymousId } from "./identity.js";
import { consentOf, firstOf, intervalOf, type Member } from "./members.js";
import type { Consent, TrackedAction } from "./options.js";
import { createOutbox, type Waiting } from "./outbox.js";
import { attempt, type Page } from "./page.js";
import { asksForPrivacy, isBot } from "./privacy.js";
import { createRhythm, jittered } from "./rhythm.js";
import { createStore } from "./store.js";
import { takingTurns } from "./turns.js";
import {
  call,
  KEEPALIVE_LENGTH,
  type MutationName,
  type Outcome,
  type SessionClient,
} from "./wire.js";

/**
 * `starting` until the client has connected; `pending` and `denied` are the consent, `skipped` is for
 * bots; `ended` lasts until `reset()` or the next page load.
 */
export type SessionStatus =
  "starting" | "active" | "offline" | "ended" | "skipped" | Consent;

/** What went wrong last. */
export interface SessionError {
  /**
   * `unreachable` is tried again; `refused` is what the app's function answered, `failed` what it
   * threw; `invalidAction` was never sent; `actionsDropped` is what the full queue lost.
   */
  kind: Exclude<Outcome["kind"], "done"> | "invalidAction" | "actionsDropped";
  message: string;
}

export interface Snapshot {
  /** `null` before it is known, and without consent. */
  anonymousId: string | null;
  status: SessionStatus;
  /** `null` again once a call succeeds. */
  error: SessionError | null;
}

export const STARTING: Snapshot = {
  anonymousId: null,
  status: "starting",
  error: null,
};

/** Tracks one visitor for one Convex client: what all hooks and components of a page share. */
export interface SessionEngine {
  snapshot(): Snapshot;
  /** Tracks until the last member has left. Returns how to leave. */
  join(member: Member): () => void;
  /** To be called when a member's options have changed. */
  reconsider(): void;
  /** Ignored without consent and after `endSession`. */
  trackUserAction(
    action: string,
    details?: Omit<TrackedAction, "action">,
  ): void;
  /** Ends the visit in all tabs. Resolves when the deployment has been told, or could not be yet. */
  endSession(): Promise<void>;
  /** Ends the visit and goes on as somebody new. */
  reset(): void;
}

const MAX_RETRY_MS = 86_400_000;
const FIRST_RETRY_MS = 10_000;
/** Of the interval: a page that goes sends a last heartbeat if the last one is older. */
const LAST_BEAT_AGE = 0.2;
const ENDED = "ended";

// A closure, since its names are shortened in the app's build and those of a class are not.
export function createEngine(
  client: SessionClient,
  storageKey: string,
  page: Page = globalThis,
): SessionEngine {
  const url = client.url ?? client.client?.url;
  // Another deployment used from the same origin has heartbeats and actions of its own.
  const name = `${storageKey}@${url}`;
  const waitingKey = `${name}:waiting`;
  const beatKey = `${name}:beat`;
  const store = createStore(page);
  const outbox = createOutbox(store, waitingKey);
  const rhythm = createRhythm(page, store, beatKey);
  const members = new Set<Member>();
  const turn = takingTurns(page, name, work, rest);

  let snapshot = STARTING;
  let mode: Consent | "skipped" = "pending";
  let id: string | undefined;
  let error: SessionError | null = null;
  let ended = false;
  /** `undefined` until it first was. */
  let connected: boolean | undefined;
  let away = false;
  let lastInput = 0;
  let dropped = 0;
  let failures = 0;
  let retryAt = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stop: (() => void) | undefined;

  const now = () => page.Date.now();
  const interval = () => intervalOf(members);

  // ── A turn: what is due, in one tab of the browser at a time ──────────────

  async function work(): Promise<void> {
    if (isTracking()) identify();
    publish();
    for (let item; canSend() && (item = take());) {
      if (retry(await send(...item), false)) keep([item, ...outbox.read()]);
    }
    if (canSend() && beatDueAt() <= now()) {
      if (retry(await beat(), true)) rhythm.claim(retryAt - now());
    }
  }

  function rest(): void {
    publish();
    arm();
  }

  function identify(): void {
    id = stored();
    if (id === undefined) store.set(storageKey, (id = newAnonymousId(page)));
  }

  function stored(): string | undefined {
    const value = store.get(storageKey);
    return isAnonymousId(value) ? value : undefined;
  }

  function beat(): Promise<Outcome> {
    rhythm.claim(jittered(interval(), page));
    return send("trackSession");
  }

  function send(
    mutation: MutationName,
    args?: Record<string, unknown>,
  ): Promise<Outcome> {
    const functions = firstOf(members, "functions") ?? {};
    return call(page, `${url}`, functions, mutation, {
      anonymousId: id,
      ...args,
    });
  }

  /** Whether the call has to be made again, from `retryAt` on. */
  function retry(outcome: Outcome, isBeat: boolean): boolean {
    const { kind, message, retryAfterMs } = outcome;
    if (kind === "done") {
      failures = 0;
      error = null;
      return false;
    }
    fail(kind, message);
    // An action that the function refuses or throws at would be refused again; a heartbeat goes on.
    if (kind !== "unreachable" && !isBeat && retryAfterMs === undefined) {
      return false;
    }
    const ceiling = Math.min(FIRST_RETRY_MS * 2 ** failures, interval());
    failures += 1;
    const wait = retryAfterMs ?? ceiling * (0.5 + page.Math.random() / 2);
    retryAt = now() + Math.min(wait, MAX_RETRY_MS);
    return true;
  }

  // ── When ──────────────────────────────────────────────────────────────────

  const canSend = () => connected && now() >= retryAt;

  const isTracking = () => mode === "granted" && !ended;

  const isActiveSince = (time: number) =>
    isTracking() &&
    !away &&
    page.document.visibilityState === "visible" &&
    (lastInput > time || !firstOf(members, "requireInput"));

  function beatDueAt(): number {
    const { last, dueAt } = rhythm.read(interval());
    return isActiveSince(last) ? dueAt : Infinity;
  }

  function arm(): void {
    page.clearTimeout(timer);
    const wanted = outbox.read()[0] ? 0 : beatDueAt();
    if (!stop || !connected || wanted === Infinity) return;
    const wait = Math.max(wanted, retryAt) - now();
    timer = page.setTimeout(() => void turn(), wait);
  }

  // ── Consent ───────────────────────────────────────────────────────────────

  function wantedMode(): typeof mode {
    if (firstOf(members, "skipBots") && isBot(page)) return "skipped";
    return firstOf(members, "respectPrivacySignals") && asksForPrivacy(page)
      ? "denied"
      : consentOf(members);
  }

  function enter(newMode: typeof mode): void {
    mode = newMode;
    id = undefined;
    const granted = mode === "granted";
    store.useBrowser(granted);
    if (granted) {
      id = stored();
      ended = false;
    }
    if (mode === "denied") forget();
    void turn();
  }

  function forget(): void {
    store.useBrowser(true);
    id = stored();
    for (const key of [storageKey, waitingKey, beatKey]) store.set(key);
    store.useBrowser(false);
    if (id !== undefined) {
      post(firstOf(members, "forgetOnDenied") ? "forgetSession" : "endSession");
    }
    id = undefined;
  }

  // ── The page ──────────────────────────────────────────────────────────────

  function start(): () => void {
    const abort = new page.AbortController();
    const on = (
      target: Pick<EventTarget, "addEventListener">,
      types: string,
      act: (event: Event) => void,
    ) => {
      for (const type of types.split(" ")) {
        // In the capture phase, where the app cannot stop it.
        const options = { capture: true, signal: abort.signal };
        target.addEventListener(type, act, options);
      }
    };
    on(page, "storage", hear);
    on(page, "online offline", checkConnection);
    on(page, "pagehide", leavePage);
    on(page, "pageshow", () => {
      away = false;
      void turn();
    });
    on(page, "pointerdown keydown wheel", noteInput);
    on(page.document, "visibilitychange", arm);
    const unsubscribe = client.subscribeToConnectionState(checkConnection);
    checkConnection();
    return () => {
      abort.abort();
      unsubscribe();
    };
  }

  function checkConnection(): void {
    const is =
      page.navigator.onLine &&
      attempt(() => client.connectionState().isWebSocketConnected) === true;
    if (is === (connected ?? false)) return;
    connected = is;
    void turn();
  }

  function noteInput({ isTrusted }: Event): void {
    if (!isTrusted) return;
    lastInput = now();
    if (firstOf(members, "requireInput")) arm();
  }

  function hear(event: Event): void {
    const { key } = event as StorageEvent;
    if (mode !== "granted") return;
    if (key === storageKey || key === null) {
      // What the other tab wrote may be older than what is there now, so it is read again.
      id = stored();
      ended = id === undefined;
      void turn();
    } else if (key === beatKey && store.get(key) === ENDED) {
      ended = true;
      publish();
    }
  }

  function leavePage(event: Event): void {
    const { last } = rhythm.read(interval());
    const wasActive = isActiveSince(last);
    away = true;
    page.clearTimeout(timer);
    if ((event as PageTransitionEvent).persisted || !canSend()) return;
    let room = KEEPALIVE_LENGTH;
    for (let item; (item = take());) {
      room -= JSON.stringify(item).length;
      if (room < 0) return keep([item, ...outbox.read()]);
      void send(...item);
    }
    if (wasActive && now() - last > interval() * LAST_BEAT_AGE) void beat();
  }

  // ── What members see ──────────────────────────────────────────────────────

  function post(mutation: Waiting[0], args?: object): void {
    // Without an id yet, the one there is when it is sent: JSON leaves `undefined` out.
    keep([...outbox.read(), [mutation, { ...args, anonymousId: id }]]);
    void turn();
  }

  function take(): Waiting | undefined {
    const [first, ...rest] = outbox.read();
    if (first !== undefined) outbox.write(rest);
    return first;
  }

  function keep(items: Waiting[]): void {
    const lost = outbox.write(items);
    dropped += lost;
    if (lost > 0) fail("actionsDropped", `${dropped}: too many waited`);
  }

  function fail(kind: SessionError["kind"], message: string): void {
    error = { kind, message };
    publish();
  }

  function status(): SessionStatus {
    if (mode !== "granted") return mode;
    if (ended) return "ended";
    if (connected === undefined) return "starting";
    return connected ? "active" : "offline";
  }

  function publish(): void {
    const next = { anonymousId: id ?? null, status: status(), error };
    if (JSON.stringify(next) === JSON.stringify(snapshot)) return;
    snapshot = next;
    for (const member of members) member.changed();
  }

  const engine: SessionEngine = {
    snapshot: () => snapshot,
    join(member) {
      // The last that left was kept for its options.
      if (stop === undefined) members.clear();
      members.add(member);
      stop ??= start();
      engine.reconsider();
      return () => {
        if (members.size > 1) {
          members.delete(member);
          engine.reconsider();
        } else {
          stop?.();
          stop = undefined;
          page.clearTimeout(timer);
        }
      };
    },
    reconsider() {
      const wanted = wantedMode();
      if (wanted !== mode) enter(wanted);
      rest();
    },
    trackUserAction(action, details) {
      if (!isTracking()) return;
      try {
        const given: TrackedAction = { action, ...details };
        const beforeSend = firstOf(members, "beforeSend");
        const sent = beforeSend ? beforeSend(given) : given;
        // Also copies, so that the app may change its metadata afterwards.
        if (sent) post("trackUserAction", convexToJson(picked(sent)) as object);
      } catch (thrown) {
        fail("invalidAction", `${action}: ${String(thrown)}`);
      }
    },
    async endSession() {
      if (!isTracking()) return;
      ended = true;
      store.set(beatKey, ENDED);
      post("endSession");
      await turn();
    },
    reset() {
      if (mode !== "granted") return;
      if (!ended && id !== undefined) post("endSession");
      ended = false;
      store.set(beatKey);
      store.set(storageKey, (id = newAnonymousId(page)));
      void turn();
    },
  };
  return engine;
}

function picked({ action, resourceId, metadata }: TrackedAction): Value {
  return { action, resourceId, metadata: metadata as Value };
}
