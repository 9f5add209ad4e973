import { convexToJson, type Value } from "convex/values";
import { backoffMs } from "./backoff.js";
import { listen } from "./events.js";
import { asAnonymousId, newAnonymousId } from "./identity.js";
import { consentOf, firstOf, intervalOf, type Member } from "./members.js";
import type { Consent, TrackedAction } from "./options.js";
import { createOutbox, type Waiting } from "./outbox.js";
import { attempt, type Page } from "./page.js";
import { asksForPrivacy, isBot } from "./privacy.js";
import { claim, jittered, readRhythm } from "./rhythm.js";
import {
  STARTING,
  type SessionError,
  type SessionStatus,
  type Snapshot,
} from "./snapshot.js";
import { createStore } from "./store.js";
import { takingTurns } from "./turns.js";
import {
  call,
  KEEPALIVE_LENGTH,
  type MutationName,
  type Outcome,
  type SessionClient,
} from "./wire.js";

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

/** Of the interval: a page that goes sends a last heartbeat if the last one is older. */
const LAST_BEAT_AGE = 0.2;
const ENDED = "ended";

// A closure, since its names are shortened in the app's build and those of a class are not.
export function createEngine(
  client: SessionClient,
  storageKey: string,
  page: Page = globalThis,
): SessionEngine {
  const { url } = client;
  // Another deployment used from the same origin has heartbeats and actions of its own.
  const name = `${storageKey}@${url}`;
  const waitingKey = `${name}:waiting`;
  const beatKey = `${name}:beat`;
  const store = createStore(page);
  const outbox = createOutbox(store, waitingKey, (count) =>
    fail("actionsDropped", `${count} dropped`),
  );
  const members = new Set<Member>();
  const turn = takingTurns(page, name, work, rest);

  let snapshot = STARTING;
  let mode: Consent | "skipped" = "pending";
  let id: string | undefined;
  let error: SessionError | null = null;
  let ended = false;
  let link: "starting" | "active" | "offline" = "starting";
  let lastInput = 0;
  let failures = 0;
  /** By the time since the page was loaded: a clock that is set back must not make it longer. */
  let retryAt = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stop: (() => void) | undefined;

  const now = () => page.Date.now();
  const rhythm = () => readRhythm(page, store.get(beatKey), interval());
  const retryInMs = () => retryAt - page.performance.now();
  const interval = () => intervalOf(members);

  // ── A turn: what is due, in one tab of the browser at a time ──────────────

  async function work(): Promise<void> {
    // What was recorded before the end goes out under an id, too.
    if (isTracking() || (mode === "granted" && outbox.read()[0])) identify();
    publish();
    while (canSend()) {
      const item = take() ?? (beatDueAt() <= now() && beat());
      if (!item) return;
      conclude(item, await send(...item));
    }
  }

  function identify(): void {
    id = stored();
    if (!id) store.set(storageKey, (id = newAnonymousId(page)));
  }

  function stored(): string | undefined {
    return asAnonymousId(store.get(storageKey));
  }

  function take(): Waiting | undefined {
    const [first, ...others] = outbox.read();
    if (first) outbox.write(others);
    return first;
  }

  /** Claimed before it is sent, so that no other tab sends one too. */
  function beat(): Waiting {
    store.set(beatKey, claim(page, jittered(page, interval())));
    return ["trackSession"];
  }

  function send(
    mutation: MutationName,
    args?: Record<string, unknown>,
  ): Promise<Outcome> {
    const functions = firstOf(members, "functions");
    return call(page, url, functions, mutation, {
      anonymousId: id,
      ...args,
    });
  }

  function conclude(item: Waiting, outcome: Outcome): void {
    const { kind, message, retryAfterMs } = outcome;
    if (kind === "done") {
      error = null;
      failures = 0;
      return;
    }
    fail(kind, message);
    const [name] = item;
    const isBeat = name === "trackSession";
    // An action that the function refuses or throws at would be refused again; a heartbeat goes on.
    if (kind !== "unreachable" && !isBeat && !retryAfterMs) return;
    retryAt =
      page.performance.now() +
      backoffMs(page, failures++, interval(), retryAfterMs);
    if (isBeat) store.set(beatKey, claim(page, retryInMs()));
    // Not an action whose visitor has withdrawn consent meanwhile, here or in another tab.
    else if (id || (mode === "denied" && name !== "trackUserAction")) {
      outbox.write([item, ...outbox.read()]);
    }
  }

  // ── When ──────────────────────────────────────────────────────────────────

  const canSend = () => link === "active" && retryInMs() <= 0;

  const isTracking = () => mode === "granted" && !ended;

  const isActiveSince = (time: number) =>
    isTracking() &&
    stop &&
    page.document.visibilityState === "visible" &&
    (lastInput > time || !firstOf(members, "requireInput"));

  function beatDueAt(): number {
    const { last, dueAt } = rhythm();
    return isActiveSince(last) ? dueAt : Infinity;
  }

  function rest(): void {
    publish();
    page.clearTimeout(timer);
    const dueAt = outbox.read()[0] ? 0 : beatDueAt();
    if (!stop || link !== "active" || dueAt === Infinity) return;
    const wait = Math.max(dueAt - now(), retryInMs());
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
    const isDenied = mode === "denied";
    store.useBrowser(isDenied || mode === "granted");
    id = stored();
    if (isDenied) {
      const waiting = outbox.read();
      for (const key of [storageKey, waitingKey, beatKey]) store.set(key);
      store.useBrowser(false);
      // Whom one denied consent before is still to be ended or forgotten.
      outbox.write(waiting.filter(([name]) => name !== "trackUserAction"));
      ended = false;
      if (id) {
        post(
          firstOf(members, "forgetOnDenied") ? "forgetSession" : "endSession",
        );
      }
    }
    if (mode !== "granted") id = undefined;
    void turn();
  }

  // ── The page ──────────────────────────────────────────────────────────────

  function start(): () => void {
    const deafen = listen(page, {
      storage: hear,
      online: checkConnection,
      offline: checkConnection,
      pagehide: leavePage,
      pageshow: hear,
      pointerdown: noteInput,
      keydown: noteInput,
      wheel: noteInput,
      visibilitychange: rest,
    });
    // A closed client throws.
    const unsubscribe = attempt(() =>
      client.subscribeToConnectionState(checkConnection),
    );
    checkConnection();
    return () => {
      deafen();
      unsubscribe?.();
    };
  }

  function checkConnection(): void {
    const is =
      page.navigator.onLine &&
      !!attempt(() => client.connectionState().isWebSocketConnected);
    if (is === (link === "active")) return;
    link = is ? "active" : "offline";
    void turn();
  }

  function noteInput({ isTrusted }: Event): void {
    if (!isTrusted) return;
    lastInput = now();
    if (firstOf(members, "requireInput")) rest();
  }

  /** What another tab did, also while this page was in the back/forward cache. */
  function hear(event: Event): void {
    const { key, newValue, persisted } = event as StorageEvent &
      PageTransitionEvent;
    if (mode !== "granted") return;
    const before = id;
    if (key === storageKey || (persisted && id)) {
      // What that tab wrote may be older than what is there now, so it is read again.
      id = stored();
      if (!id || store.get(beatKey) === ENDED) ended = true;
      else if (id !== before) ended = false;
    } else if (key === beatKey && newValue === ENDED) ended = true;
    // All was cleared, by an app that cares for other things.
    else if (key === null) id = undefined;
    else return;
    void turn();
  }

  function leavePage(event: Event): void {
    if ((event as PageTransitionEvent).persisted || !canSend()) return;
    let room = KEEPALIVE_LENGTH;
    for (let item; (item = take());) {
      room -= JSON.stringify(item).length;
      if (room < 0) return outbox.write([item, ...outbox.read()]);
      void send(...item);
    }
    const { last } = rhythm();
    if (isActiveSince(last) && now() - last > interval() * LAST_BEAT_AGE) {
      void send(...beat());
    }
  }

  // ── What members see ──────────────────────────────────────────────────────

  function post(mutation: Waiting[0], args?: object): void {
    // Without an id yet, the one there is when it is sent: JSON leaves `undefined` out.
    outbox.write([...outbox.read(), [mutation, { ...args, anonymousId: id }]]);
    void turn();
  }

  function fail(kind: SessionError["kind"], message: string): void {
    error = { kind, message };
    publish();
  }

  function status(): SessionStatus {
    if (mode !== "granted") return mode;
    return ended ? "ended" : link;
  }

  function publish(): void {
    const next = { anonymousId: id ?? null, status: status(), error };
    if (JSON.stringify(next) === JSON.stringify(snapshot)) return;
    snapshot = next;
    for (const member of members) member.changed();
  }

  function reconsider(): void {
    const wanted = wantedMode();
    if (wanted !== mode) enter(wanted);
    rest();
  }

  return {
    snapshot: () => snapshot,
    join(member) {
      // The last that left was kept for its options.
      if (!stop) members.clear();
      members.add(member);
      stop ??= start();
      reconsider();
      return () => {
        if (members.size > 1) members.delete(member);
        else stop = void stop?.();
        reconsider();
      };
    },
    reconsider,
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
      if (!ended && id) post("endSession");
      ended = false;
      store.set(beatKey);
      store.set(storageKey, (id = newAnonymousId(page)));
      void turn();
    },
  };
}

function picked({ action, resourceId, metadata }: TrackedAction): Value {
  return { action, resourceId, metadata: metadata as Value };
}
