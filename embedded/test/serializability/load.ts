import { setImmediate } from "node:timers/promises";
import {
  BaseConvexClient,
  ConvexClient,
  ConvexHttpClient,
} from "convex/browser";
import { makeFunctionReference } from "convex/server";
import type { Value } from "convex/values";
import { WebSocket } from "ws";
import type { Random } from "../support/random.js";
import type { Committed, Look } from "./history.js";
import type { Operation } from "./model.js";

const mutation = makeFunctionReference<
  "mutation",
  Record<string, Value>,
  { at: bigint; saw: Value }
>;
const query = makeFunctionReference<"query", Record<string, Value>, Value>;

interface Caller {
  mutate(
    name: string,
    args: Record<string, Value>,
  ): Promise<{ at: bigint; saw: Value }>;
  look(): Promise<Look>;
}

/** All requests of one deployment's clients, and their answers. */
export class Load {
  readonly commits: Committed[] = [];
  readonly looks: Look[][] = [];
  /** Sums of two queries' balances that one transition showed together. */
  readonly totals = new Set<number>();
  /** Owners of scheduled jobs, by key. */
  readonly scheduled = new Map<number, string>();
  refused = 0;
  reconnects = 0;
  readonly #url: string;
  readonly #ids: readonly string[];
  readonly #random: Random;
  readonly #sockets = new Set<WebSocket>();
  readonly #closing: (() => Promise<void>)[] = [];
  #known = 0n;

  /** @param ids - of the accounts */
  constructor(url: string, ids: readonly string[], random: Random) {
    this.#url = url;
    this.#ids = ids;
    this.#random = random;
  }

  /** Performs the operations with all clients at once; now and then a socket drops. */
  async run(
    operations: readonly Operation[],
    clients: { http: number; sockets: number },
  ): Promise<void> {
    const left = operations.values();
    const callers = [
      ...Array.from({ length: clients.http }, () => this.#overHttp()),
      // Two operations at a time over each socket.
      ...Array.from({ length: clients.sockets }, () =>
        this.#overWebSocket(),
      ).flatMap((caller) => [caller, caller]),
    ];
    this.#watchTotals();
    this.#watchState();
    await Promise.all(callers.map((caller) => this.#work(caller, left)));
  }

  async close(): Promise<void> {
    await Promise.all(this.#closing.map((close) => close()));
  }

  async #work(caller: Caller, left: Iterator<Operation>): Promise<void> {
    const looks: Look[] = [];
    this.looks.push(looks);
    for (let next = left.next(); next.done !== true; next = left.next()) {
      if (this.#random.chance(0.15)) looks.push(await caller.look());
      if (this.#random.chance(0.01)) this.#dropSocket();
      await this.#mutate(caller, next.value);
    }
  }

  async #mutate(caller: Caller, operation: Operation): Promise<void> {
    const after = this.#known;
    const { kind, ...args } = this.#withIds(operation);
    if (kind === "fail") {
      await caller.mutate(`s:${kind}`, args).then(
        () => {
          throw new Error("A mutation that throws went through.");
        },
        () => (this.refused += 1),
      );
      return;
    }
    if (operation.kind === "later")
      this.scheduled.set(operation.key, operation.owner);
    const { at, saw } = await caller.mutate(`s:${kind}`, args);
    this.commits.push({ operation, at, saw, after });
    if (at > this.#known) this.#known = at;
  }

  #withIds(operation: Operation): { kind: string } & Record<string, Value> {
    if (!("from" in operation)) return { ...operation };
    const { from, to } = operation;
    return {
      ...operation,
      from: this.#ids[from] ?? "",
      to: this.#ids[to] ?? "",
    };
  }

  #overHttp(): Caller {
    const client = new ConvexHttpClient(this.#url, { logger: false });
    return {
      mutate: (name, args) =>
        client.mutation(mutation(name), args, { skipQueue: true }),
      look: () => this.#lookBy(() => client.query(query("s:state"), {})),
    };
  }

  #overWebSocket(): Caller {
    const client = new ConvexClient(this.#url, this.#options());
    this.#closing.push(() => client.close());
    let before: Promise<unknown> = Promise.resolve();
    const look = async () => {
      // While it watches a query, and until it is told that it does not, a client answers with what it has.
      while (client.client.localQueryResult("s:state", {}) !== undefined) {
        await setImmediate();
      }
      return this.#lookBy(() => client.query(query("s:state"), {}));
    };
    return {
      mutate: (name, args) => client.mutation(mutation(name), args),
      look: () => {
        const looked = before.then(look);
        before = looked;
        return looked;
      },
    };
  }

  async #lookBy(ask: () => Promise<Value>): Promise<Look> {
    const after = this.#known;
    return { after, state: await ask() };
  }

  /** Subscribes a client of its own to the state, to which every change is shown. */
  #watchState(): void {
    const client = new ConvexClient(this.#url, this.#options());
    this.#closing.push(() => client.close());
    const looks: Look[] = [];
    this.looks.push(looks);
    client.onUpdate(query("s:state"), {}, (state) =>
      looks.push({ state, after: 0n }),
    );
  }

  /**
   * Subscribes one client to two queries, which are always of one moment: transfers between them
   * never show half.
   */
  #watchTotals(): void {
    const client = new BaseConvexClient(
      this.#url,
      () => {
        const halves = parts.map(
          (args) =>
            client.localQueryResult("s:balances", args) as number[] | undefined,
        );
        if (halves.includes(undefined)) return;
        this.totals.add(
          halves
            .flat()
            .reduce<number>((sum, balance) => sum + (balance ?? 0), 0),
        );
      },
      this.#options(),
    );
    const parts = [
      { from: "a", below: "d" },
      { from: "d", below: "z" },
    ];
    for (const args of parts) client.subscribe("s:balances", args);
    this.#closing.push(() => client.close());
  }

  #options() {
    const sockets = this.#sockets;
    class TrackedSocket extends WebSocket {
      constructor(url: string) {
        super(url);
        sockets.add(this);
        this.on("close", () => sockets.delete(this));
      }
    }
    return {
      webSocketConstructor:
        TrackedSocket as unknown as typeof globalThis.WebSocket,
      logger: false as const,
      unsavedChangesWarning: false,
    };
  }

  #dropSocket(): void {
    this.#random.pick([...this.#sockets, undefined])?.terminate();
    this.reconnects += 1;
  }
}
