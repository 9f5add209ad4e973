import type { Consent } from "./options.js";
import type { Store } from "./store.js";
import type { MutationName } from "./wire.js";

/** What an engine does for its visitor, with what belongs to it. */
export interface Phase {
  /** The consent in force; members see it as their status, but where it is granted. */
  is: Consent | "skipped";
  /** Not known without consent, before the first turn, nor where an app has removed it. */
  id?: string | undefined;
  /**
   * With consent too nothing is told until then, by the clock: until no time, `NaN`, where the visit was ended,
   * and for good, `Infinity`, where the visitor is revoked so. Stays while consent is pending.
   */
  until: number;
}

/**
 * The engine's phase, and all that leads from one to another. Returns functions, whose names are shortened in
 * the app's build as those of a method are not.
 * @param storageKey of the id that all deployments of this origin share
 * @param name of what is this deployment's: its own id, once it has one
 * @param beatKey says to other tabs that the visit was ended
 * @param clear removes the engaged time
 * @param post has the deployment told, by default that the visit is over
 */
export function createPhase(
  store: Store,
  storageKey: string,
  name: string,
  beatKey: string,
  clear: () => void,
  post: (name?: MutationName, args?: object) => unknown,
  turn: () => unknown,
) {
  const phase: Phase = { is: "pending", until: 0 };

  const isEnded = () => isNaN(phase.until);
  const isRevoked = () => phase.until > Date.now();
  const isTracked = () => phase.is === "granted" && phase.until <= Date.now();

  /** By the consent in force. */
  const agree = (
    consent: Consent | "skipped",
    forgetOnDenied: boolean | undefined,
  ): void => {
    if (phase.is === consent) return;
    phase.is = consent;
    look();
    if (consent === "denied") {
      phase.until = 0;
      const wasUsed = store.get(name) ?? store.get(beatKey);
      // For other tabs, to which a removal by itself says nothing of consent.
      store.set(beatKey, "ended");
      // Where this app was never used, the visitor is another's.
      if (become() && !wasUsed) phase.id = undefined;
      store.set(beatKey);
      // Who denied is still to be ended or forgotten, by the next page if need be.
      for (const item of store.waiting()) {
        if (item.name === "trackUserAction") store.set(item.key!);
      }
      if (phase.id) post(forgetOnDenied ? "forgetSession" : "endSession", {});
    }
    if (consent !== "granted") phase.id = undefined;
    turn();
  };

  /** What another tab did, also while this page was in the back/forward cache. */
  const hear = (event: Event): void => {
    const { key, newValue, persisted } = event as StorageEvent &
      PageTransitionEvent;
    if (phase.is !== "granted") return;
    const id = phase.id;
    // What begins with no digit tells of no heartbeat, by which a block is over.
    const isStop = newValue! > "a";
    if (key === beatKey && !isEnded() && (isStop || isRevoked())) {
      // There is no number in `ended`.
      phase.until = isStop ? +newValue!.slice(1) : 0;
      if (isStop) clear();
    } else if (
      // All was cleared, by an app that cares for other things.
      [null, name, storageKey].includes(key) ||
      (persisted && id)
    ) {
      // What that tab wrote may be older than what is there now, so it is read again.
      look();
      // Who was away and finds nobody does not know whether that was a denial.
      if ((!phase.id && persisted) || store.get(beatKey) === "ended") {
        phase.until = NaN;
      } else if (phase.id && phase.id !== id) {
        phase.until = 0;
      }
    } else return;
    turn();
  };

  const endSession = async (): Promise<void> => {
    // What was recorded before the end goes out under an id, too.
    if (isTracked() && !phase.id) await turn();
    if (!isTracked()) return;
    phase.until = NaN;
    store.set(beatKey, "ended");
    await post();
  };

  const reset = (): void => {
    if (phase.is !== "granted") return;
    if (isTracked() && phase.id) post();
    store.set(beatKey);
    renew();
    turn();
  };

  /** As the deployment says it: nothing is told for so long, in all tabs. What is no more leads back. */
  const revoke = (until: number): void => {
    if (isEnded()) return;
    phase.until = until;
    if (isRevoked()) {
      store.set(beatKey, `~${until}`);
      clear();
    }
    turn();
  };

  /** The visitor goes on as somebody new. */
  const renew = (): void => {
    phase.until = 0;
    // A random UUID, version 4. `crypto` can make one itself, but not on plain http.
    phase.id = "rrrrrrrr-rrrr-4rrr-arrr-rrrrrrrrrrrr".replace(/r/g, () =>
      // Of the four digits that say the variant one is as good as another.
      (crypto.getRandomValues(new Uint8Array(1))[0]! & 15).toString(16),
    );
    become(phase.id);
  };

  /** Reads who the visitor is. Where nobody is and somebody must be, that is somebody new. */
  const look = (mustBe?: boolean): void => {
    phase.id = stored();
    if (mustBe && !phase.id) renew();
  };

  const stored = (): string | undefined =>
    // What the component takes for an anonymousId.
    /^[\w\-.:]{1,128}$/.exec(
      store.get(name) ?? store.get(storageKey) ?? "",
    )?.[0];

  /**
   * Stores who the visitor is, or nobody. Other deployments that were used from this origin go on with
   * the one that they shared. Returns one of them, if there is any.
   */
  const become = (id?: string): string | undefined => {
    const others = store
      .keys(`${storageKey}@http`)
      .filter((key) => key !== beatKey && key.endsWith(":beat"));
    for (const key of others) {
      const other = key.slice(0, -5);
      store.set(other, store.get(other) ?? store.get(storageKey));
    }
    // In this order, so that there is always one to be read.
    const [isApart] = others;
    store.set(isApart ? name : storageKey, id);
    store.set(isApart ? storageKey : name);
    clear();
    return isApart;
  };

  return [
    phase as Readonly<Phase>,
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
  ] as const;
}
