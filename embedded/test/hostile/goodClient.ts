import { ConvexClient } from "convex/browser";
import { makeFunctionReference } from "convex/server";
import { WebSocket } from "ws";

const add = makeFunctionReference<"mutation", { name: string }>("f:add");
const get = makeFunctionReference<"query", { name: string }, number | null>(
  "f:get",
);

/** Counts with a ConvexClient, one mutation after the other, and sees every count in its query. */
export class GoodClient {
  /** Time from asking for a mutation to seeing it in the query, of each. */
  readonly latencies: number[] = [];
  readonly #client: ConvexClient;
  readonly #name: string;
  readonly #now: () => number;
  #isStopped = false;
  #seen: number | null = null;
  #wake = () => {};
  #counting: Promise<void>;

  /** @param now - clock of the latencies: milliseconds, or the number of attacks ended meanwhile */
  constructor(url: string, name: string, now = () => performance.now()) {
    this.#name = name;
    this.#now = now;
    this.#client = new ConvexClient(url, {
      logger: false,
      // `ws` has its own types, not those of a browser's.
      webSocketConstructor: WebSocket as unknown as typeof globalThis.WebSocket,
    });
    this.#client.onUpdate(get, { name }, (count) => {
      this.#seen = count;
      this.#wake();
    });
    this.#counting = this.#count();
  }

  /**
   * A latency of the good mutations.
   * @returns the latency that this share of the mutations did not exceed
   */
  percentile(share: number): number {
    const sorted = [...this.latencies].sort((a, b) => a - b);
    return sorted[Math.ceil(sorted.length * share) - 1] ?? NaN;
  }

  /** Finishes the mutation that is under way. @returns the count that it sees */
  async stop(): Promise<number | null> {
    this.#isStopped = true;
    await this.#counting;
    await this.#client.close();
    return this.#seen;
  }

  async #count(): Promise<void> {
    for (let count = 1; !this.#isStopped; count += 1) {
      const askedAt = this.#now();
      await this.#client.mutation(add, { name: this.#name });
      while ((this.#seen ?? 0) < count) {
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
      this.latencies.push(this.#now() - askedAt);
    }
  }
}
