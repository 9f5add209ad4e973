import { webcrypto } from "node:crypto";
import { createClock, type Clock } from "@sinonjs/fake-timers";
import type { SessionTrackerOptions } from "../../../react/engine/options.js";
import type {
  SessionEngine,
  SessionSnapshot,
} from "../../../react/engine/snapshot.js";
import type { SessionClient } from "../../../react/engine/wire.js";
import { Random } from "../../../embedded/test/support/random.js";
import { engineOf, type Page } from "./engineOf.js";
import { PageTarget } from "./events.js";
import { BrowserLocks } from "./locks.js";
import { Network } from "./network.js";
import { asProperties, SharedStorage, type TabStorage } from "./storage.js";

export const MINUTE_MS = 60_000;
export const INTERVAL_MS = 5 * MINUTE_MS;
export const KEY = "anonymousUserId";

/** Features that a browser may lack, and its own description. */
export interface BrowserOptions {
  locks?: boolean;
  randomUUID?: boolean;
  /** The time until other tabs see a write. */
  storageLagMs?: number;
  /** The storages that throw when they are touched. */
  blocked?: readonly ("localStorage" | "sessionStorage")[];
  navigator?: object;
  /** Globals that are added, or `undefined` where they are missing, as where there is no browser. */
  globals?: object;
  seed?: number;
  /** The address that pages are opened at, and that of the page that led there. */
  address?: string;
  referrer?: string;
}

/** A browser with tabs of one origin, whose clock, network and windows the test drives. */
export class Browser {
  readonly clock: Clock = createClock(1_800_000_000_000);
  readonly network = new Network(this.clock);
  readonly storage: SharedStorage;
  readonly locks = new BrowserLocks();
  readonly options: BrowserOptions;
  readonly random: Random;
  #tabs = 0;

  constructor(options: BrowserOptions = {}) {
    this.options = options;
    this.storage = new SharedStorage(this.clock, options.storageLagMs ?? 1);
    this.random = new Random(options.seed ?? 1);
  }

  /** Loads a page. With options, a hook or component is on it. */
  open(
    options: SessionTrackerOptions | null = {},
    client = this.network.client(),
  ): Tab {
    this.#tabs += 1;
    const tab = new Tab(this, this.#tabs, client);
    if (options !== null) tab.mount(options);
    return tab;
  }

  /** Prerenders a page: it is loaded before anybody asks for it, and maybe nobody will. */
  prerender(options: SessionTrackerOptions = {}): Tab {
    const tab = this.open(null);
    tab.document.prerendering = true;
    tab.mount(options);
    return tab;
  }

  async pass(ms: number): Promise<void> {
    await this.clock.tickAsync(ms);
  }

  /** Waits long enough for everything that does not wait on purpose. */
  settle(): Promise<void> {
    return this.pass(2_000);
  }
}

export class Tab {
  readonly engine: SessionEngine;
  readonly window = new PageTarget();
  readonly document = {
    visibilityState: "visible",
    prerendering: false,
    referrer: "",
  };
  /** Where the page is, which a router may change. */
  readonly location: URL;
  readonly navigator: Record<string, unknown> & { onLine: boolean };
  readonly storage: TabStorage;
  readonly fetch: typeof fetch;
  /** All snapshots that were published. */
  readonly seen: SessionSnapshot[] = [];
  /** The number of times that the page has looked at the browser's storage. */
  looks = 0;
  readonly client: ReturnType<Network["client"]>;
  readonly #browser: Browser;
  readonly #client: SessionClient;
  readonly #number: number;
  readonly #frozen: (() => void)[] = [];
  #state: "open" | "frozen" | "gone" = "open";
  #isCached = false;

  constructor(
    browser: Browser,
    number: number,
    client: ReturnType<Network["client"]>,
  ) {
    this.client = client;
    this.#browser = browser;
    this.#number = number;
    const { address = "https://app.example/", referrer = "" } = browser.options;
    this.location = new URL(address);
    this.document.referrer = referrer;
    this.storage = browser.storage.view((change) => {
      // Events are not delivered afterwards to a page in the back/forward cache.
      if (this.#isCached) return;
      this.#alive(() => this.window.emit("storage", change))();
    });
    this.navigator = {
      onLine: true,
      webdriver: false,
      userAgent: "Mozilla/5.0",
      ...(browser.options.locks === false
        ? {}
        : { locks: browser.locks.of(this, (act) => this.#alive(act)()) }),
      ...browser.options.navigator,
    };
    const ownClient = {
      ...client,
      subscribeToConnectionState: (watcher: () => void) =>
        client.subscribeToConnectionState(() => {
          if (this.#state === "open") watcher();
        }),
    };
    const send = browser.network.fetchOf(number, () => this.#state === "gone");
    this.fetch = (...args) =>
      new Promise((resolve, reject) => {
        send(...args).then(
          (response) => this.#alive(() => resolve(response))(),
          (error: Error) => this.#alive(() => reject(error))(),
        );
      });
    this.#client = ownClient;
    this.engine = this.#seated(engineOf(this.#page(), ownClient, KEY));
  }

  /** The deployment's address. */
  get url(): string {
    return this.client.url;
  }

  get snapshot(): SessionSnapshot {
    return this.engine.snapshot();
  }

  /** Mounts a hook or component. Returns how to unmount it. */
  mount(options: SessionTrackerOptions = {}) {
    const member = {
      client: this.#client,
      options,
      changed: () => void this.seen.push(this.engine.snapshot()),
    };
    const leave = this.engine.join(member);
    return {
      leave,
      update: (changed: SessionTrackerOptions) => {
        member.options = changed;
        this.engine.update();
      },
    };
  }

  /** Opens the prerendered page. */
  activate(): void {
    this.document.prerendering = false;
    this.window.emit("prerenderingchange");
  }

  hide(): void {
    this.#show("hidden");
  }

  show(): void {
    this.#show("visible");
  }

  input(isTrusted = true): void {
    this.window.emit("pointerdown", { isTrusted });
  }

  online(isOnline: boolean): void {
    this.navigator.onLine = isOnline;
    this.window.emit(isOnline ? "online" : "offline");
  }

  /** Closes the page for good, as when its tab is closed, reloaded or sent elsewhere. */
  async close(): Promise<void> {
    this.#browser.network.unload(this.#number);
    // Code that awaits a request goes on before the page hears that it is left; its timers are over.
    await new Promise((resolve) => setImmediate(resolve));
    this.window.emit("pagehide", { persisted: false });
    this.#gone();
  }

  /** Ends the page without an event. */
  crash(): void {
    this.#gone();
  }

  /** Puts the page into the back/forward cache: nothing runs in it. */
  freeze(): void {
    this.window.emit("pagehide", { persisted: true });
    this.#isCached = true;
    this.suspend();
  }

  thaw(): void {
    this.resume();
    this.#isCached = false;
    this.window.emit("pageshow", { persisted: true });
  }

  /** Suspends the page: nothing runs in it, as where it is frozen or shows a dialog; events wait. */
  suspend(): void {
    this.#state = "frozen";
  }

  resume(): void {
    this.#state = "open";
    for (const act of this.#frozen.splice(0)) act();
  }

  /** The engine as its seats use it: a page that is prerendered joins it once it is shown. */
  #seated(engine: SessionEngine): SessionEngine {
    const shown = <Result>(act: () => Result) =>
      new Promise<Awaited<Result>>((resolve) => {
        const late = () => resolve(act() as Awaited<Result>);
        if (!this.document.prerendering) late();
        else this.window.addEventListener("prerenderingchange", late);
      });
    return {
      ...engine,
      join(member) {
        let leave: (() => void) | undefined;
        let isGone = false;
        void shown(() => {
          if (!isGone) leave = engine.join(member);
        });
        return () => {
          isGone = true;
          leave?.();
        };
      },
      trackUserAction: (...args) =>
        void shown(() => engine.trackUserAction(...args)),
      endSession: () => shown(() => engine.endSession()),
      reset: () => void shown(() => engine.reset()),
    };
  }

  #show(visibilityState: "hidden" | "visible"): void {
    this.document.visibilityState = visibilityState;
    // The event of the document passes the window on its way down.
    this.window.emit("visibilitychange");
  }

  #gone(): void {
    this.#state = "gone";
    this.#browser.storage.drop(this.storage);
    this.#browser.locks.release(this);
  }

  /** Runs the callback now, or when the page runs again. */
  #alive(act: () => void): () => void {
    return () => {
      if (this.#state === "open") act();
      else if (this.#state === "frozen") this.#frozen.push(act);
    };
  }

  #page(): Page {
    const { clock, options, random } = this.#browser;
    const session = new Map<string, string>();
    const sessionStorage = asProperties(
      {
        getItem: (key) => session.get(key) ?? null,
        setItem: (key, value) => void session.set(key, value),
        removeItem: (key) => void session.delete(key),
      },
      () => [...session.keys()],
    );
    const storage = (name: "localStorage" | "sessionStorage", its: object) => {
      this.looks += 1;
      if (!options.blocked?.includes(name)) return its;
      throw new DOMException("blocked", "SecurityError");
    };
    const opened = this.location.href;
    const page = {
      get localStorage() {
        return storage("localStorage", tabStorage.asProperties);
      },
      get sessionStorage() {
        return storage("sessionStorage", sessionStorage);
      },
      addEventListener: this.window.addEventListener.bind(this.window),
      AbortSignal: {
        timeout(ms: number) {
          const abort = new AbortController();
          const reason = new DOMException("late", "TimeoutError");
          clock.setTimeout(() => abort.abort(reason), ms);
          return abort.signal;
        },
      },
      setTimeout: (act: () => void, ms: number) =>
        clock.setTimeout(this.#alive(act), ms),
      clearTimeout: (timer: number) => clock.clearTimeout(timer),
      crypto:
        options.randomUUID === false
          ? {
              getRandomValues: (bytes: Uint8Array<ArrayBuffer>) =>
                webcrypto.getRandomValues(bytes),
            }
          : webcrypto,
      Date: { now: () => clock.now },
      document: this.document,
      fetch: this.fetch,
      location: this.location,
      performance: {
        now: () => (clock.performance as Performance).now(),
        getEntriesByType: (type: string) =>
          type === "navigation" ? [{ name: opened }] : [],
      },
      Math: Object.setPrototypeOf(
        { random: () => random.next() },
        Math,
      ) as Math,
      navigator: this.navigator,
    };
    const tabStorage = this.storage;
    Object.assign(page, options.globals);
    return page as unknown as Page;
  }
}
