import { convexToJson, type Value } from "convex/values";
import { createBackoff } from "./backoff.js";
import { listen } from "./events.js";
import { asAnonymousId, newAnonymousId } from "./identity.js";
import { DEFAULTS, together, type Member } from "./members.js";
import type { Consent, TrackedAction } from "./options.js";
import { createOutbox, type Waiting } from "./outbox.js";
import { attempt, KEEPALIVE_LENGTH, pause, type Page } from "./page.js";
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
  reconsider(): unknown;
  /** Ignored without consent and after `endSession`. */
  trackUserAction(
    action: string,
    details?: Omit<TrackedAction, "action">,
  ): unknown;
  /** Ends the visit in all tabs. Resolves when the deployment has been told, or could not be yet. */
  endSession(): Promise<void>;
  /** Ends the visit and goes on as somebody new. */
  reset(): unknown;
}

/** What bundlers put the build's mode in place of. */
declare const process: { env: { NODE_ENV?: string } };

const ENDED = "ended";
/** Within this, tabs see what others store. */
const REMOVAL_MS = 50;

// A closure, since its names are shortened in the app's build and those of a class are not.
export function createEngine(
  client: SessionClient,
  storageKey: string,
  page: Page = globalThis,
): SessionEngine {
  const { url } = client;
  // Another deployment used from the same origin has heartbeats and actions of its own, and a visitor
  // of its own once it or this one is somebody else.
  const name = `${storageKey}@${url}`;
  const beatKey = `${name}:beat`;
  const store = createStore(page);
  const outbox = createOutbox(page, store, `${name}:waiting:`, (count) =>
    fail("actionsDropped", `${count} dropped`),
  );
  const members = new Set<Member>();
  const turn = takingTurns(page, name, work, rest);
  // An action that shall come later holds up no heartbeat, nor a heartbeat an action.
  const beats = createBackoff(page);
  const calls = createBackoff(page);

  const isBrowser =
    // In React Native and on servers there is no document, or half of one.
    !!(page.document as Partial<Document> | undefined)?.visibilityState &&
    !!page.addEventListener;

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
  /** The next heartbeat waits for input, which has not come since the last. */
  let isInputAwaited = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stop: (() => void) | false | undefined;

  const now = () => page.Date.now();

  // ── A turn: what is due, in one tab of the browser at a time ──────────────

  async function work(): Promise<void> {
    if (isTracking()) {
      // Removed: whether by a denial is heard by then, and other tabs' turns see what one has made.
      if (!stored() && snapshot.anonymousId) await pause(page, REMOVAL_MS);
      if (isTracking() && !(id = stored())) become(newAnonymousId(page));
    }
    publish();
    while (link === "active") {
      const item =
        (calls.leftMs() <= 0 && outbox.read()[0]) ||
        (beatDueInMs() <= 0 && beat());
      if (!item) return;
      conclude(item, await send(item));
    }
  }

  function stored(): string | undefined {
    return asAnonymousId(store.get(name) ?? store.get(storageKey));
  }

  /**
   * Stores who the visitor is, or nobody. Other deployments that were used from this origin go on with
   * the one that they shared. Returns whether there are any.
   */
  function become(newId?: string): boolean {
    const shared = store.get(storageKey);
    let isApart = false;
    for (const key of store.keys(`${storageKey}@http`)) {
      if (key === beatKey || !key.endsWith(":beat")) continue;
      isApart = true;
      const other = key.slice(0, -5);
      if (!store.get(other)) store.set(other, shared);
    }
    // In this order, so that there is always one to be read.
    store.set(isApart ? name : storageKey, newId);
    store.set(isApart ? storageKey : name);
    id = newId;
    return isApart;
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
    const backoff = key ? calls : beats;
    if (!key) isFailing = kind !== "done";
    if (kind === "done") {
      error = null;
      backoff.reset();
    } else {
      fail(kind, message);
      if (!key && kind === "failed") warn(message);
      // What the function refuses or throws at would be refused again; a heartbeat goes on.
      if (kind === "unreachable" || !key || retryAfterMs) {
        const wait = backoff.wait(options.heartbeatInterval, retryAfterMs);
        // Not for a visitor who has withdrawn consent meanwhile, here or in another tab.
        if (id && key) outbox.add(item);
        else if (id) store.set(beatKey, claim(page, wait));
        return;
      }
    }
    if (key) store.set(key);
  }

  // ── When ──────────────────────────────────────────────────────────────────

  const isTracking = () => mode === "granted" && !ended;

  function beatDueInMs(): number {
    const { last, dueAt } = readRhythm(
      page,
      store.get(beatKey),
      options.heartbeatInterval,
    );
    isInputAwaited = !!options.requireInput && lastInput <= last;
    const isActive =
      isTracking() &&
      stop &&
      page.document.visibilityState === "visible" &&
      !isInputAwaited;
    return isActive ? Math.max(dueAt - now(), beats.leftMs()) : Infinity;
  }

  function rest(): void {
    publish();
    page.clearTimeout(timer);
    const wait = Math.min(
      outbox.read()[0] ? calls.leftMs() : Infinity,
      beatDueInMs(),
    );
    if (stop && link === "active" && wait < Infinity) {
      timer = page.setTimeout(() => void turn(), wait);
    }
  }

  // ── Consent ───────────────────────────────────────────────────────────────

  function enter(newMode: typeof mode): void {
    mode = newMode;
    const isDenied = mode === "denied";
    store.useBrowser(isDenied || mode === "granted");
    id = stored();
    if (isDenied) {
      const denied = id;
      const wasUsed = store.get(name) ?? store.get(beatKey);
      // For other tabs, to which a removal by itself says nothing of consent.
      if (denied) store.set(beatKey, ENDED);
      // Where this app was never used, the visitor is another's.
      id = !become() || wasUsed ? denied : undefined;
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

  /** Acts at once, or where a page is prerendered when somebody asks for it. */
  function shown<Args extends unknown[], Result>(
    act: (...args: Args) => Result,
  ) {
    return (...args: Args): Result | Promise<Awaited<Result>> =>
      (page.document as { prerendering?: boolean } | undefined)?.prerendering
        ? new Promise((resolve) => {
            const late = () => resolve(act(...args) as Awaited<Result>);
            const once = { capture: true, once: true };
            page.addEventListener("prerenderingchange", late, once);
          })
        : act(...args);
  }

  const start = () =>
    isBrowser &&
    listen(page, {
      storage: hear,
      pagehide: leavePage,
      pageshow: hear,
      pointerdown: noteInput,
      keydown: noteInput,
      wheel: noteInput,
      visibilitychange: rest,
    });

  function checkConnection(): void {
    // What the browser itself says of that is often wrong; a closed client throws.
    const is = [...members].some(({ client: its = client }) =>
      attempt(() => its.connectionState().isWebSocketConnected),
    );
    if (is === (link === "active")) return;
    link = is ? "active" : "offline";
    void turn();
  }

  function noteInput({ isTrusted }: Event): void {
    if (!isTrusted) return;
    lastInput = now();
    if (isInputAwaited) {
      isInputAwaited = false;
      // Not within the event, of which there may be hundreds a second.
      page.setTimeout(rest);
    }
  }

  /** What another tab did, also while this page was in the back/forward cache. */
  function hear(event: Event): void {
    const { key, newValue, persisted } = event as StorageEvent &
      PageTransitionEvent;
    if (mode !== "granted") return;
    const before = id;
    if (
      // All was cleared, by an app that cares for other things.
      key === null ||
      key === storageKey ||
      key === name ||
      (persisted && id)
    ) {
      // What that tab wrote may be older than what is there now, so it is read again.
      id = stored();
      // Who was away and finds nobody does not know whether that was a denial.
      if ((persisted && !id) || store.get(beatKey) === ENDED) ended = true;
      else if (id && id !== before) ended = false;
    } else if (key === beatKey && newValue === ENDED) ended = true;
    else return;
    void turn();
  }

  function leavePage(event: Event): void {
    // Who denied may never come again, so that is tried at once.
    if (link !== "active") return;
    let room = KEEPALIVE_LENGTH;
    for (const item of mode === "denied" || calls.leftMs() <= 0
      ? outbox.read()
      : []) {
      room -= JSON.stringify(item).length;
      if (room < 0) return;
      void send(item);
    }
    const early = options.heartbeatInterval / 2 - MIN_GAP_MS;
    const { persisted } = event as PageTransitionEvent;
    const isSame = id === stored();
    if (!persisted && isSame && beats.leftMs() <= 0 && beatDueInMs() < early) {
      void send(beat());
    }
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

  /** @param failure without one, of where it runs */
  function warn(failure?: string): void {
    // Without a build step there is no such variable.
    attempt(() => {
      if (process.env.NODE_ENV === "production" || isWarned) return;
      isWarned = true;
      const message = failure
        ? `${failure} (Functions in another module than convex/sessions.ts? <SessionTracker functions={api.module} />)`
        : "Nothing is tracked, as this is no browser.";
      console.warn(`sessions-ops: ${message}`);
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

  const reconsider = shown((): void => {
    options = together(members, options);
    const { skipBots, respectPrivacySignals, consent } = options;
    const wanted =
      !isBrowser || (skipBots && isBot(page))
        ? "skipped"
        : respectPrivacySignals && asksForPrivacy(page)
          ? "denied"
          : consent;
    if (wanted !== mode) enter(wanted);
    rest();
  });

  if (!isBrowser) warn();

  return {
    snapshot: () => snapshot,
    join(member) {
      members.add(member);
      let hangUp: (() => void) | undefined;
      void shown(() => {
        if (!members.has(member)) return;
        stop ??= start();
        const { client: its = client } = member;
        hangUp = attempt(() => its.subscribeToConnectionState(checkConnection));
        checkConnection();
        void reconsider();
      })();
      return () => {
        members.delete(member);
        hangUp?.();
        if (members.size) checkConnection();
        else if (stop) stop = void stop();
        void reconsider();
      };
    },
    reconsider,
    trackUserAction: shown((action, details) => {
      // By the options that hold now: functions are others after each rendering.
      void reconsider();
      if (!isTracking()) return;
      // What the app has removed meanwhile is another's.
      id = stored();
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
    }),
    endSession: shown(async () => {
      // What was recorded before the end goes out under an id, too.
      if (!id && isTracking()) await turn();
      if (!isTracking()) return;
      ended = true;
      store.set(beatKey, ENDED);
      post("endSession");
      await turn();
    }),
    reset: shown(() => {
      if (mode !== "granted") return;
      if (!ended && id) post("endSession");
      ended = false;
      store.set(beatKey);
      become(newAnonymousId(page));
      void turn();
    }),
  };
}
