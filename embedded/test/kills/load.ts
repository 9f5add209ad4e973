import { ConvexClient } from "convex/browser";
import { makeFunctionReference } from "convex/server";
import { WebSocket } from "ws";
import type { Random } from "../support/random.js";
import { appOf } from "./app.js";
import type { Service } from "./service.js";

type Args = { key: string; owner: string };

const mark = makeFunctionReference<"mutation", Args>("k:mark");
const act = makeFunctionReference<"action", Args>("k:act");
const counter = makeFunctionReference<"query", { owner: string }, number>(
  "k:counter",
);

const CLIENTS = 3;
const HTTP_CALLERS = 3;
/** Least time between jobs, which would only pile up if they came faster than they run. */
const SCHEDULE_EVERY_MS = 20;

/** Requests and their answers, by the keys of the marks. */
export class Load {
  /** Mutations that must be there once: those over WebSocket, and those over HTTP that were answered. */
  readonly once: string[] = [];
  /** Mutations that must not be there twice: requests that nobody repeats. */
  readonly atMostOnce: string[] = [];
  /** Jobs whose scheduling was acknowledged. */
  readonly scheduled: string[] = [];
  /** Chains of acknowledged marks, each asked for after the one before it was answered. */
  readonly inOrder: string[][] = [];
  readonly watching: Watching[] = [];
  versionAsked = 0;
  versionDone = 0;
  pushes = 0;
  readonly #service: Service;
  readonly #random: Random;
  readonly #running: Promise<unknown>[] = [];
  #isStopped = false;
  #answers = 0;
  #onAnswer = () => {};

  constructor(service: Service, random: Random) {
    this.#service = service;
    this.#random = random;
  }

  start(): void {
    for (let i = 0; i < CLIENTS; i += 1) this.#run(this.#watch(`ws-${i}`));
    for (let i = 0; i < HTTP_CALLERS; i += 1)
      this.#run(this.#call(`http-${i}`));
    this.#run(this.#act("action"));
    this.#run(this.#schedule("job"));
    this.#run(this.#push());
  }

  /** Resolves when so many more mutations were answered over WebSocket. */
  answers(count: number): Promise<void> {
    const goal = this.#answers + count;
    return new Promise((resolve) => {
      this.#onAnswer = () => {
        if (this.#answers >= goal) resolve();
      };
    });
  }

  /** Stops; every request over WebSocket is answered when it resolves. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#running);
  }

  #run(loop: Promise<void>): void {
    this.#running.push(loop);
  }

  /** A ConvexClient that lives through all kills, and repeats unanswered mutations. */
  async #watch(owner: string): Promise<void> {
    const client = new ConvexClient(this.#service.url, {
      logger: false,
      // `ws` has its own types, not those of a browser's.
      webSocketConstructor: WebSocket as unknown as typeof globalThis.WebSocket,
    });
    const watching: Watching = { owner, client, seen: 0, lostActions: 0 };
    client.onUpdate(counter, { owner }, (n) => {
      if (n < watching.seen) throw new Error(`${owner} went back to ${n}`);
      watching.seen = n;
    });
    this.watching.push(watching);
    const order = this.#newOrder();
    for (let n = 0; !this.#isStopped; n += 1) {
      const keys = [0, 1, 2].map((i) => `${owner}-${n}-${i}`);
      this.once.push(...keys);
      const marks = keys.map((key) => client.mutation(mark, { key, owner }));
      if (this.#random.chance(0.1)) {
        const key = `${owner}-${n}-act`;
        this.atMostOnce.push(`${key}/1`, `${key}/2`);
        await client.action(act, { key, owner }).then(
          () => void this.once.push(`${key}/1`, `${key}/2`),
          // The connection was lost, and an action is not sent again.
          () => void (watching.lostActions += 1),
        );
      }
      await Promise.all(marks);
      order.push(...keys);
      this.#answers += marks.length;
      this.#onAnswer();
    }
  }

  async #call(owner: string): Promise<void> {
    const order = this.#newOrder();
    for (let n = 0; !this.#isStopped; n += 1) {
      const key = `${owner}-${n}`;
      this.atMostOnce.push(key);
      const answer = await this.#service.call("mutation", "k:mark", {
        key,
        owner,
      });
      if (answer === undefined) continue;
      this.once.push(key);
      order.push(key);
    }
  }

  async #act(owner: string): Promise<void> {
    for (let n = 0; !this.#isStopped; n += 1) {
      const key = `${owner}-${n}`;
      this.atMostOnce.push(`${key}/1`, `${key}/2`);
      const answer = await this.#service.call("action", "k:act", {
        key,
        owner,
      });
      if (answer !== undefined) this.once.push(`${key}/1`, `${key}/2`);
    }
  }

  async #schedule(owner: string): Promise<void> {
    for (let n = 0; !this.#isStopped; n += 1) {
      const kind = this.#random.pick(["mutation", "action"]);
      const key = `${owner}-${n}`;
      const delayMs = this.#random.below(400);
      const answer = await this.#service.call("mutation", "k:schedule", {
        key,
        owner,
        kind,
        delayMs,
      });
      if (answer !== undefined) this.scheduled.push(key);
      await new Promise((resolve) => setTimeout(resolve, SCHEDULE_EVERY_MS));
    }
  }

  async #push(): Promise<void> {
    while (!this.#isStopped) {
      await this.#service.isUp;
      const { deployment } = this.#service;
      const version = (this.versionAsked += 1);
      const answer = await this.#service.attempt(() =>
        deployment.push(appOf(version)),
      );
      // The process that ends a push has to be the one that began it.
      if (answer !== undefined && "componentDiffs" in (answer.body as object)) {
        this.versionDone = version;
        this.pushes += 1;
      }
      await new Promise((resolve) =>
        setTimeout(resolve, this.#random.below(1_000)),
      );
    }
  }

  #newOrder(): string[] {
    const order: string[] = [];
    this.inOrder.push(order);
    return order;
  }
}

/** A client, and the results of its subscription. */
export interface Watching {
  readonly owner: string;
  readonly client: ConvexClient;
  seen: number;
  /** Number of actions that were lost with their connection. */
  lostActions: number;
}
