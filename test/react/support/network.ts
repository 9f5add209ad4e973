import type { Clock } from "@sinonjs/fake-timers";

/** A mutation that reached the deployment. */
export interface Call {
  name: string;
  args: Record<string, unknown>;
  at: number;
  keepalive: boolean;
  /** Of the deployment. */
  url: string;
  tab: number;
}

/**
 * What is answered, JSON unless it is a whole response; `null` breaks the connection after the
 * mutation has run, and a promise keeps it waiting.
 */
export type Answer = (call: Call) => object | null | Promise<object | null>;

const LATENCY_MS = 20;
/** As Chromium takes to refuse what is over its limit of what is kept alive. */
const REFUSAL_MS = 5;

/** The way from a browser to its deployment, and what arrived there. */
export class Network {
  readonly calls: Call[] = [];
  answer: Answer = () => ({ status: "success", value: { ok: true } });
  /** Whether a request ends with its signal: not where the app's own `fetch` leaves that out. */
  heedsSignals = true;
  /** Others of the page have all under way that may be kept alive. */
  isKeepaliveFull = false;
  /** No connection is made, as where nothing listens at the deployment's port. */
  refusesAtOnce = false;
  /** How many requests never left the browser. */
  refused = 0;
  readonly #clock: Clock;
  readonly #watchers = new Set<() => void>();
  readonly #underWay = new Map<number, Set<(error: Error) => void>>();
  #isUp = true;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  set isUp(isUp: boolean) {
    this.#isUp = isUp;
    for (const watcher of [...this.#watchers]) watcher();
  }

  /** Of the mutations that arrived: those of one function. */
  of(name: string): Call[] {
    return this.calls.filter((call) => call.name === name);
  }

  /** A Convex client as far as the engine uses it: its socket is up while the network is. */
  client(url = "https://app.example") {
    return {
      url,
      connectionState: () => ({ isWebSocketConnected: this.#isUp }),
      subscribeToConnectionState: (watcher: () => void) => {
        this.#watchers.add(watcher);
        return () => {
          this.#watchers.delete(watcher);
        };
      },
    };
  }

  /** The tab's page is unloaded: as Chromium does, this rejects what is under way, which arrives. */
  unload(tab: number): void {
    for (const reject of this.#underWay.get(tab) ?? []) {
      reject(new TypeError("Failed to fetch"));
    }
  }

  /** `fetch` of one tab. The request of a page that is gone arrives, its answer does not. */
  fetchOf(tab: number, isGone: () => boolean): typeof fetch {
    const underWay = new Set<(error: Error) => void>();
    this.#underWay.set(tab, underWay);
    const run = this.#fetchOf(tab, isGone);
    return (...args) =>
      new Promise((resolve, reject) => {
        underWay.add(reject);
        void run(...args)
          .then(resolve, reject)
          .finally(() => underWay.delete(reject));
      });
  }

  #fetchOf(tab: number, isGone: () => boolean): typeof fetch {
    return async (address, init = {}) => {
      if (this.refusesAtOnce || (init.keepalive && this.isKeepaliveFull)) {
        this.refused += 1;
        await this.#delay(REFUSAL_MS);
        if (isGone()) return new Promise(() => {});
        throw new TypeError("Failed to fetch");
      }
      const given = (this.heedsSignals && init.signal) || null;
      const aborted = new Promise<never>((_resolve, reject) => {
        given?.addEventListener("abort", () => reject(given.reason as Error));
      });
      aborted.catch(() => {});
      await Promise.race([this.#delay(), aborted]);
      if (!this.#isUp) throw new TypeError("Failed to fetch");
      const { path, args } = JSON.parse(init.body as string) as {
        path: string;
        args: [Record<string, unknown>];
      };
      const call: Call = {
        name: path.replace("sessions:", ""),
        args: args[0],
        at: this.#clock.now,
        keepalive: init.keepalive ?? false,
        url: (address as string).replace("/api/mutation", ""),
        tab,
      };
      if (isGone() && !call.keepalive) return new Promise(() => {});
      this.calls.push(call);
      const answering = Promise.resolve(this.answer(call));
      await Promise.race([this.#delay(), aborted]);
      const answer = await Promise.race([answering, aborted]);
      if (isGone()) return new Promise(() => {});
      if (answer === null) throw new TypeError("Failed to fetch");
      return answer instanceof Response
        ? answer.clone()
        : Response.json(answer);
    };
  }

  #delay(ms = LATENCY_MS): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.setTimeout(() => resolve(), ms);
    });
  }
}
