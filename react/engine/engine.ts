import { convexToJson, type Value } from "convex/values";
import { createEngagement } from "./engagement.js";
import { factsOf } from "./facts.js";
import {
  DEFAULT_INTERVAL_MS,
  EARLIEST,
  INPUT_MS,
  KEEPALIVE_LENGTH,
  LATEST,
  MIN_GAP_MS,
  SEEN_MS,
  SPREAD,
  YOUNG_MS,
} from "./limits.js";
import { together, type Member } from "./members.js";
import type { CommonOptions, TrackedAction, VisitReport } from "./options.js";
import { attempt, consentOf, listen, pause } from "./page.js";
import { createPhase } from "./phase.js";
import {
  STARTING,
  type SessionEngine,
  type SessionError,
  type SessionStatus,
} from "./snapshot.js";
import { createStore, type Waiting } from "./store.js";
import { takingTurns } from "./turns.js";
import { warnOnce } from "./warning.js";
import {
  backoffMs,
  call,
  type MutationName,
  type Outcome,
  type SessionClient,
} from "./wire.js";

// A closure, since its names are shortened in the app's build and those of a class are not.
export function createEngine(
  client: SessionClient,
  storageKey: string,
): SessionEngine {
  const url = client.url;
  // Another deployment used from the same origin has heartbeats and actions of its own, and a visitor
  // of its own once it or this one is somebody else.
  const name = `${storageKey}@${url}`;
  const beatKey = `${name}:beat`;
  const store = createStore(
    `${name}:waiting:`,
    () => phase.is === "granted" || phase.is === "denied",
    fail,
  );
  const [count, clear, isRestOurs, take, hearOfVisit] = createEngagement(
    store,
    `${name}:time`,
    () =>
      options.engagement &&
      isThere() &&
      !(
        options.requireInput &&
        Math.abs(now() - lastInput) > INPUT_MS &&
        (isInputAwaited = true)
      ),
    leave,
  );
  const openedAt = Date.now();
  const members = new Set<Member>();
  const turn = takingTurns(name, work, rest);
  const [
    phase,
    isEnded,
    isTracked,
    isRevoked,
    revoke,
    agree,
    hear,
    endSession,
    reset,
    look,
    stored,
  ] = createPhase(store, storageKey, name, beatKey, clear, post, turn);
  // An action that shall come later holds up no heartbeat, nor a heartbeat an action.
  const beats = { failures: 0, until: 0 };
  /** `isFull`: by what the last call met, others of the page keep alive all that a page may. */
  const calls: typeof beats & { isFull?: boolean } = { failures: 0, until: 0 };

  const isBrowser =
    // In React Native and on servers there is no document, or half of one.
    (globalThis.document as Partial<Document> | undefined)?.visibilityState &&
    (globalThis.addEventListener as unknown);

  let options = {
    heartbeatInterval: DEFAULT_INTERVAL_MS,
    engagement: "exact",
  } as CommonOptions;
  let snapshot = STARTING;
  let error: SessionError | null = null;
  /** In whichever phase: an end or an erasure has to be told, too. `undefined` before there was a connection. */
  let isConnected: boolean | undefined;
  let lastInput = 0;
  /** The app's function does not take what is told of the visit. */
  let isPlain = false;
  /** Of the last heartbeat that got through. */
  let wasPlain = false;
  /** The next heartbeat waits for input, which has not come since the last. */
  let isInputAwaited: boolean | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stop: (() => void) | undefined;

  /** What tabs share goes by the clock; waiting by the age of the page, which nobody sets back. */
  const now = () => Date.now();
  const age = () => performance.now();

  // ── A turn: what is due, in one tab of the browser at a time ──────────────

  async function work(): Promise<void> {
    // Removed: whether by a denial is heard by then, and other tabs' turns see what one has made.
    if (isTracked() && !stored() && snapshot.anonymousId) {
      await pause(SEEN_MS);
    }
    if (isTracked()) look(true);
    for (;;) {
      publish();
      const item =
        isConnected &&
        ((calls.until <= age() && waiting()[0]) ||
          (beatDueInMs() <= 0 && beat()));
      if (!item) return;
      const { kind, message, retryAfterMs, visitStartedAt } = await send(item);
      const { key } = item;
      const backoff = key ? calls : beats;
      error = null;
      if (kind === "done") {
        backoff.failures = 0;
        // Who names the visit takes it, unless that was tried after the last success, too.
        if (!key) {
          [isPlain, wasPlain] = [
            isPlain && (wasPlain || !visitStartedAt),
            isPlain,
          ];
        }
      } else if (message === "revoked") {
        // Once the block is over, unless it was of a visitor before.
        if (key && isRevoked()) {
          store.add(item);
          continue;
        }
      } else {
        error = { kind, message };
        // An app's own function may take nothing but the id.
        if (!key && kind !== "unreachable" && !retryAfterMs) isPlain = !isPlain;
        warnOnce(members, !key && kind === "failed", message);
        // What the function refuses or throws at would be refused again; a heartbeat goes on.
        if (kind === "unreachable" || !key || retryAfterMs) {
          const wait = backoffMs(
            ++backoff.failures,
            options.heartbeatInterval,
            retryAfterMs,
          );
          backoff.until = age() + wait;
          // Not for a visitor who has withdrawn consent meanwhile, here or in another tab.
          if (phase.id && key) store.add(item);
          else if (phase.id) claim(wait);
          continue;
        }
      }
      if (key) store.set(key);
    }
  }

  /** Claimed before it is sent, so that no other tab sends one too. */
  function beat(isLeaving?: boolean): Waiting {
    claim(options.heartbeatInterval * (EARLIEST + SPREAD * Math.random()));
    return { name: "trackSession", args: { visit: report(isLeaving) } };
  }

  /** What is told of the visit: how long somebody was there so far, and what the app lets be known of it. */
  function report(isLeaving?: boolean): VisitReport | undefined {
    count(isLeaving);
    if (isPlain) return;
    // By the function that holds now, as with actions.
    const { visit, engagement } = together(members, options);
    const told = { ...(engagement && take()), isLeaving };
    if (visit !== false) {
      try {
        const facts = factsOf(now() - openedAt < YOUNG_MS);
        Object.assign(told, visit ? visit(facts) : facts);
      } catch (thrown) {
        fail("invalidVisit", String(thrown));
      }
    }
    if (engagement || visit !== false) return told;
  }

  /** Sends the heartbeat that is nearly due, or else what was counted and not sent. */
  function leave(isDue?: boolean): void {
    if (
      isConnected &&
      phase.id === stored() &&
      beats.until <= age() &&
      (isDue || (options.engagement === "exact" && !isPlain && isRestOurs()))
    ) {
      void send(beat(true));
    }
  }

  function claim(ms: number): void {
    store.set(beatKey, [now(), now() + ms].join(" "));
  }

  async function send({ name, args, key }: Waiting): Promise<Outcome> {
    // An action whose page dies meanwhile must not come twice; an end may, and must be told.
    if (name === "trackUserAction") store.set(key!);
    calls.isFull = false;
    const sent = { anonymousId: phase.id, ...args };
    const outcome = await call(url, options.functions, name, sent, calls);
    // Not for who is somebody else by now.
    if (outcome.message === "revoked" && sent.anonymousId === phase.id) {
      revoke(now() + Math.max(MIN_GAP_MS, outcome.retryAfterMs || Infinity));
    }
    if (options.engagement && isTracked()) {
      hearOfVisit(outcome.visitStartedAt!, outcome.state);
    }
    return outcome;
  }

  /** Oldest first. While the visitor is revoked actions wait on, but nobody's end or erasure does. */
  const waiting = () =>
    store
      .waiting()
      .filter(({ name }) => !(isRevoked() && name === "trackUserAction"));

  // ── When ──────────────────────────────────────────────────────────────────

  const isThere = () =>
    stop && isTracked() && document.visibilityState === "visible";

  const beatDueInMs = (): number => {
    // Both in one string, so that no tab reads the one without the other.
    const [at, next] = `${store.get(beatKey)}`.split(" ").map(Number) as [
      number,
      number,
    ];
    // Tabs may read the clock a moment apart, and browsers that guard it blur it for each.
    const last = at <= now() + MIN_GAP_MS ? at : 0;
    // A tab with a smaller interval does not wait for what another had in mind.
    const dueAt = Math.max(
      last + MIN_GAP_MS,
      Math.min(next || 0, last + options.heartbeatInterval * LATEST),
    );
    isInputAwaited = options.requireInput && lastInput <= last;
    return isThere() && !isInputAwaited
      ? Math.max(dueAt - now(), beats.until - age())
      : Infinity;
  };

  function rest(): void {
    clearTimeout(timer);
    publish();
    const wait = Math.min(
      waiting()[0] ? calls.until - age() : Infinity,
      isRevoked() ? phase.until - now() : beatDueInMs(),
    );
    // More is more than what timers take.
    if (stop && isConnected && wait < 2 ** 31) {
      timer = setTimeout(turn, wait);
    }
    count();
  }

  // ── Consent ───────────────────────────────────────────────────────────────

  function update(): void {
    options = together(members, options);
    agree(isBrowser ? consentOf(options) : "skipped", options.forgetOnDenied);
    rest();
  }

  // ── The page ──────────────────────────────────────────────────────────────

  function checkConnection(): void {
    // What the browser itself says of that is often wrong; a closed client throws.
    const is = [...members].some((member) =>
      attempt(() => member.client.connectionState().isWebSocketConnected),
    );
    if (is === !!isConnected) return;
    isConnected = is;
    void turn();
  }

  function noteInput(event: Event): void {
    if (!event.isTrusted) return;
    lastInput = now();
    if (isInputAwaited) {
      isInputAwaited = false;
      // Not within the event, of which there may be hundreds a second.
      setTimeout(rest);
    }
  }

  function leavePage(event: Event): void {
    count(true);
    if (!isConnected) return;
    // Who denied may never come again, so that is tried at once.
    const isDenied = phase.is === "denied";
    if (calls.isFull && !isDenied) {
      // Nor by a turn that comes while the page goes: what is sent then is refused, and nobody hears of it.
      calls.until = age() + MIN_GAP_MS;
      return;
    }
    let room = KEEPALIVE_LENGTH;
    for (const item of isDenied || calls.until <= age() ? waiting() : []) {
      room -= JSON.stringify(item).length;
      if (room < 0) return;
      void send(item);
    }
    leave(
      !(event as PageTransitionEvent).persisted &&
        beatDueInMs() < options.heartbeatInterval / 2 - MIN_GAP_MS,
    );
  }

  // ── What members see ──────────────────────────────────────────────────────

  /** Has the deployment told, by default that the visit is over. */
  function post(
    name: MutationName = "endSession",
    args: object = { visit: report(true) },
  ): unknown {
    // Without an id yet, the one there is when it is sent: JSON leaves `undefined` out.
    store.add({ name, args: { ...args, anonymousId: phase.id } });
    return turn();
  }

  function fail(kind: SessionError["kind"], message: string): void {
    error = { kind, message };
    publish();
  }

  function publish(): void {
    const is = phase.is;
    const status: SessionStatus =
      is !== "granted"
        ? is
        : isEnded()
          ? "ended"
          : isRevoked()
            ? "revoked"
            : isConnected
              ? beats.failures
                ? "failing"
                : "active"
              : isConnected === false
                ? "offline"
                : "starting";
    const next = { anonymousId: phase.id ?? null, status, error };
    if (JSON.stringify(next) === JSON.stringify(snapshot)) return;
    snapshot = next;
    for (const member of members) member.changed();
  }

  warnOnce(members, !isBrowser);

  return {
    snapshot: () => snapshot,
    join(member) {
      members.add(member);

      if (isBrowser)
        stop ??= listen({
          storage: hear,
          pagehide: leavePage,
          pageshow: hear,
          pointerdown: noteInput,
          keydown: noteInput,
          wheel: noteInput,
          visibilitychange: rest,
        });
      const hangUp = attempt(() =>
        member.client.subscribeToConnectionState(checkConnection),
      );
      checkConnection();
      update();
      return () => {
        members.delete(member);
        hangUp?.();
        if (members.size) checkConnection();
        else stop = void stop?.();
        update();
      };
    },
    update,
    trackUserAction: (action, details) => {
      // By the options that hold now: functions are others after each rendering.
      update();
      if (phase.is !== "granted" || isEnded()) return;
      // What the app has removed meanwhile is another's.
      look();
      try {
        const given: TrackedAction = { action, ...details };
        const sent = options.beforeSend ? options.beforeSend(given) : given;
        // Also copies, so that the app may change its metadata afterwards.
        if (sent)
          post(
            "trackUserAction",
            convexToJson(sent as object as Value) as object,
          );
      } catch (thrown) {
        fail("invalidAction", `${String(action)}: ${String(thrown)}`);
      }
    },
    endSession,
    reset,
    revoke,
  };
}
