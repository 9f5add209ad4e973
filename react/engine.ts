import { convexToJson, type Value } from "convex/values";
import { backoffMs } from "./backoff.js";
import { listen } from "./events.js";
import { asAnonymousId, newAnonymousId } from "./identity.js";
import { DEFAULTS, together, type Member } from "./members.js";
import type { Consent, TrackedAction } from "./options.js";
import { createOutbox, type Waiting } from "./outbox.js";
import { attempt, KEEPALIVE_LENGTH, type Page } from "./page.js";
import { asksForPrivacy, isBot } from "./privacy.js";
import { claim, jittered, MIN_GAP_MS, readRhythm } from "./rhythm.js";
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

/** What bundlers put the build's mode in place of. */
declare const process: { env: { NODE_ENV?: string } };

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
  const beatKey = `${name}:beat`;
  const store = createStore(page);
  const outbox = createOutbox(page, store, `${name}:waiting:`, (count) =>
    fail("actionsDropped", `${count} dropped`),
  );
  const members = new Set<Member>();
  const turn = takingTurns(page, name, work, rest);

  let options = DEFAULTS;
  let snapshot = STARTING;
  let mode: Consent | "skipped" = "pending";
  let id: string | undefined;
  let error: SessionError | null = null;
  let ended = false;
  let link: "starting" | "active" | "offline" = "starting";
  /** The last heartbeat did not get through. */
  let isFailing = false;
  let isWarned = false;
  let lastInput = 0;
  let failures = 0;
  /** By the time since the page was loaded: a clock that is set back must not make it longer. */
  let retryAt = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stop: (() => void) | undefined;

  const now = () => page.Date.now();
  const retryInMs = () => retryAt - page.performance.now();

  // ── A turn: what is due, in one tab of the browser at a time ──────────────

  async function work(): Promise<void> {
    if (isTracking()) {
      id = stored();
      if (!id) store.set(storageKey, (id = newAnonymousId(page)));
    }
    publish();
    while (canSend()) {
      const item = outbox.read()[0] ?? (beatDueAt() <= now() && beat());
      if (!item) return;
      conclude(item, await send(item));
    }
  }

  function stored(): string | undefined {
    return asAnonymousId(store.get(storageKey));
  }

  /** Claimed before it is sent, so that no other tab sends one too. */
  function beat(): Waiting {
    store.set(beatKey, claim(page, jittered(page, options.heartbeatInterval)));
    return { name: "trackSession" };
  }

  function send({ name, args, key }: Waiting): Promise<Outcome> {
    // An action whose page dies meanwhile must not come twice; an end may, and must be told.
    if (name === "trackUserAction") store.set(key!);
    return call(page, url, options.functions, name, {
      anonymousId: id,
      ...args,
    });
  }

  function conclude(item: Waiting, outcome: Outcome): void {
    const { key } = item;
    const { kind, message, retryAfterMs } = outcome;
    if (!key) isFailing = kind !== "done";
    if (kind === "done") {
      error = null;
      failures = 0;
    } else {
      fail(kind, message);
      if (!key && kind === "failed") warn(message);
      // What the function refuses or throws at would be refused again; a heartbeat goes on.
      if (kind === "unreachable" || !key || retryAfterMs) {
        return retry(item, retryAfterMs);
      }
    }
    if (key) store.set(key);
  }

  function retry(item: Waiting, askedMs?: number): void {
    const wait = backoffMs(
      page,
      failures++,
      options.heartbeatInterval,
      askedMs,
    );
    retryAt = page.performance.now() + wait;
    // Not for a visitor who has withdrawn consent meanwhile, here or in another tab.
    if (!id) return;
    if (item.key) outbox.add(item);
    else store.set(beatKey, claim(page, wait));
  }

  // ── When ──────────────────────────────────────────────────────────────────

  const canSend = () => link === "active" && retryInMs() <= 0;

  const isTracking = () => mode === "granted" && !ended;

  function beatDueAt(): number {
    const { last, dueAt } = readRhythm(
      page,
      store.get(beatKey),
      options.heartbeatInterval,
    );
    const isActive =
      isTracking() &&
      stop &&
      page.document.visibilityState === "visible" &&
      (lastInput > last || !options.requireInput);
    return isActive ? dueAt : Infinity;
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

  function enter(newMode: typeof mode): void {
    mode = newMode;
    const isDenied = mode === "denied";
    store.useBrowser(isDenied || mode === "granted");
    id = stored();
    if (isDenied) {
      store.set(storageKey);
      store.set(beatKey);
      // Who denied is still to be ended or forgotten, by the next page if need be.
      for (const { name, key } of outbox.read()) {
        if (name === "trackUserAction") store.set(key!);
      }
      ended = false;
      if (id) {
        post(options.forgetOnDenied ? "forgetSession" : "endSession");
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
    if (options.requireInput) rest();
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
    // Who denied may never come again, so that is tried at once.
    if (link !== "active" || (mode !== "denied" && retryInMs() > 0)) return;
    let room = KEEPALIVE_LENGTH;
    for (const item of outbox.read()) {
      room -= JSON.stringify(item).length;
      if (room < 0) return;
      void send(item);
    }
    const early = options.heartbeatInterval / 2 - MIN_GAP_MS;
    const { persisted } = event as PageTransitionEvent;
    if (!persisted && beatDueAt() - now() < early) void send(beat());
  }

  // ── What members see ──────────────────────────────────────────────────────

  function post(name: MutationName, args?: object): void {
    // Without an id yet, the one there is when it is sent: JSON leaves `undefined` out.
    outbox.add({ name, args: { ...args, anonymousId: id } });
    void turn();
  }

  function fail(kind: SessionError["kind"], message: string): void {
    error = { kind, message };
    publish();
  }

  function warn(message: string): void {
    // Without a build step there is no such variable.
    attempt(() => {
      if (process.env.NODE_ENV === "production" || isWarned) return;
      isWarned = true;
      console.warn(
        `sessions-ops: ${message} (Functions in another module than convex/sessions.ts? <SessionTracker functions={api.module} />)`,
      );
    });
  }

  function publish(): void {
    const status: SessionStatus =
      mode !== "granted"
        ? mode
        : ended
          ? "ended"
          : isFailing && link === "active"
            ? "failing"
            : link;
    const next = { anonymousId: id ?? null, status, error };
    if (JSON.stringify(next) === JSON.stringify(snapshot)) return;
    snapshot = next;
    for (const member of members) member.changed();
  }

  function reconsider(): void {
    options = together(members, options);
    const { skipBots, respectPrivacySignals, consent } = options;
    const wanted =
      skipBots && isBot(page)
        ? "skipped"
        : respectPrivacySignals && asksForPrivacy(page)
          ? "denied"
          : consent;
    if (wanted !== mode) enter(wanted);
    rest();
  }

  return {
    snapshot: () => snapshot,
    join(member) {
      members.add(member);
      stop ??= start();
      reconsider();
      return () => {
        members.delete(member);
        if (!members.size) stop = void stop?.();
        reconsider();
      };
    },
    reconsider,
    trackUserAction(action, details) {
      // By the options that hold now: functions are others after each rendering.
      reconsider();
      if (!isTracking()) return;
      try {
        const given: TrackedAction = { action, ...details };
        const { beforeSend } = options;
        const sent = beforeSend ? beforeSend(given) : given;
        // Also copies, so that the app may change its metadata afterwards.
        const encoded = sent && convexToJson(sent as object as Value);
        if (encoded) post("trackUserAction", encoded as object);
      } catch (thrown) {
        fail("invalidAction", `${String(action)}: ${String(thrown)}`);
      }
    },
    async endSession() {
      // What was recorded before the end goes out under an id, too.
      if (!id) await turn();
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
