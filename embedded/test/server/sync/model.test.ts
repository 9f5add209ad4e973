/** Random writers and watchers against a model of what each watcher may see. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ServerMessage } from "../../../src/server/sync/messages.js";
import { TestDeployment } from "../../support/deployment.js";
import { Random } from "../../support/random.js";
import { SyncClient } from "../../support/syncClient.js";
import { APP } from "./app.js";

const SEEDS = [1, 2, 3];
const CLIENTS = 12;
const STEPS = 150;
const ACCOUNTS = ["a", "b", "c", "d"];
/** What all accounts have together, at any time. */
const TOTAL = 400;

let deployment: TestDeployment;

beforeAll(async () => {
  deployment = await TestDeployment.open();
  const modules = {
    ...APP.modules,
    m: `
      import { mutationGeneric, queryGeneric } from "convex/server";
      const find = (ctx, name) => ctx.db.query("counters").withIndex("by_name", (q) => q.eq("name", name)).unique();
      export const open = mutationGeneric({ handler: async (ctx, { names, n }) => {
        for (const name of names) await ctx.db.insert("counters", { name, n });
      } });
      export const move = mutationGeneric({ handler: async (ctx, { from, to, by }) => {
        const [a, b] = [await find(ctx, from), await find(ctx, to)];
        await ctx.db.patch(a._id, { n: a.n - by });
        await ctx.db.patch(b._id, { n: b.n + by });
      } });
      export const above = queryGeneric({ handler: async (ctx, { prefix, least }) => {
        const all = await ctx.db.query("counters").withIndex("by_name", (q) => q.gte("name", prefix).lt("name", prefix + "~")).collect();
        return all.filter(({ n }) => n >= least).map(({ name }) => name);
      } });`,
  };
  expect(await deployment.push({ ...APP, modules })).toMatchObject({
    status: 200,
  });
});

afterAll(() => deployment.remove());

test.each(SEEDS)(
  "each sees whole states, in order, and at last the newest (seed %i)",
  async (seed) => {
    const random = new Random(seed);
    const world = `${seed}/`;
    const names = ACCOUNTS.map((name) => world + name);
    await call("m:open", { names, n: TOTAL / names.length });
    const watchers = await Promise.all(
      Array.from({ length: CLIENTS }, (_, n) => Watcher.open(world, n)),
    );
    for (const watcher of watchers) watcher.watchAccounts();
    for (let step = 0; step < STEPS; step += 1) {
      const watcher = watchers[random.below(CLIENTS)]!;
      await ACTS[random.weighted(WEIGHTS)](watcher, random);
    }
    for (const watcher of watchers) watcher.resume();
    for (const watcher of watchers) await watcher.untilAnswered();
    for (const watcher of watchers) {
      for (const [queryId, { path, args }] of watcher.watched) {
        const fresh = await call(path, args, "query");
        await expect
          .poll(() => watcher.valueOf(queryId), { timeout: 5_000 })
          .toEqual(fresh);
      }
      expect(watcher.isWrong).toBeUndefined();
      watcher.client.drop();
    }
  },
  60_000,
);

const WEIGHTS = {
  move: 40,
  count: 24,
  watch: 18,
  stop: 6,
  user: 4,
  pause: 4,
  wait: 4,
};

const ACTS: Record<
  keyof typeof WEIGHTS,
  (watcher: Watcher, random: Random) => void | Promise<void>
> = {
  move: (watcher, random) => watcher.move(random),
  count: (watcher) => watcher.count(),
  watch: (watcher, random) => watcher.watchMore(random),
  stop: (watcher, random) => watcher.stopWatching(random),
  user: (watcher, random) => watcher.changeUser(random),
  pause: (watcher) => watcher.pauseOrResume(),
  wait: (_, random) =>
    new Promise((resolve) => setTimeout(resolve, random.below(8))),
};

async function call(
  path: string,
  args: object,
  kind: "mutation" | "query" = "mutation",
): Promise<unknown> {
  const { body } = await deployment.post(`/api/${kind}`, { path, args });
  expect(body).toMatchObject({ status: "success" });
  return (body as { value: unknown }).value;
}

/** A client, and what it was shown. */
class Watcher {
  readonly client: SyncClient;
  readonly watched = new Map<number, { path: string; args: object }>();
  readonly #names: readonly string[];
  readonly #own: string;
  readonly #values = new Map<number, unknown>();
  #version = { querySet: 0, identity: 0, ts: "AAAAAAAAAAA=" };
  #querySet = 0;
  #identity = 0;
  #requests = 0;
  #nextQuery = 0;
  /** Mutations sent and answered; those that count, by request. */
  #sent = 0;
  #answered = 0;
  readonly #counted = new Map<number, number>();
  #counts = 0;
  #countsAnswered = 0;
  #isPaused = false;
  /** The first thing that was wrong. */
  isWrong: string | undefined;

  private constructor(client: SyncClient, world: string, n: number) {
    this.client = client;
    this.#names = ACCOUNTS.map((name) => world + name);
    this.#own = `${world}own ${n}`;
    client.onMessage = (message) => this.#take(message);
  }

  static async open(world: string, n: number): Promise<Watcher> {
    const sessionId = `${world.slice(0, -1)}-${n}`;
    const client = await SyncClient.connect(deployment.url, { sessionId });
    return new Watcher(client, world, n);
  }

  /** The accounts are queries 0 to 3, the sum of all is 4, and what this client counts 5. */
  watchAccounts(): void {
    for (const name of this.#names) this.#add("f:get", { name });
    this.#add("f:sumOf", { names: this.#names });
    this.#add("f:get", { name: this.#own });
  }

  watchMore(random: Random): void {
    const prefix = this.#names[0]!.slice(0, -1);
    this.#add("m:above", { prefix, least: 50 * random.below(4) });
  }

  stopWatching(random: Random): void {
    const extra = [...this.watched.keys()].filter((queryId) => queryId > 5);
    const queryId = extra[random.below(extra.length)];
    if (queryId === undefined) return;
    this.watched.delete(queryId);
    this.#modify({ type: "Remove", queryId });
  }

  changeUser(random: Random): void {
    this.client.say({
      ...{ type: "Authenticate", tokenType: "Admin" },
      value: deployment.adminKey,
      impersonating: { issuer: "i", subject: `user ${random.below(3)}` },
      baseVersion: this.#identity,
    });
    this.#identity += 1;
  }

  move(random: Random): void {
    const from = random.below(this.#names.length);
    const to =
      (from + 1 + random.below(this.#names.length - 1)) % this.#names.length;
    this.#mutate("m:move", {
      from: this.#names[from],
      to: this.#names[to],
      by: random.below(20),
    });
  }

  count(): void {
    this.#counts += 1;
    this.#counted.set(this.#requests, this.#counts);
    this.#mutate("f:add", { name: this.#own });
  }

  pauseOrResume(): void {
    if (this.#isPaused) this.resume();
    else {
      this.#isPaused = true;
      this.client.socket.pause();
    }
  }

  resume(): void {
    this.#isPaused = false;
    this.client.socket.resume();
  }

  valueOf(queryId: number): unknown {
    return this.#values.get(queryId);
  }

  async untilAnswered(): Promise<void> {
    await expect.poll(() => this.#answered).toBe(this.#sent);
    await expect
      .poll(() => this.#version)
      .toMatchObject({ querySet: this.#querySet, identity: this.#identity });
  }

  #mutate(path: string, args: object): void {
    this.client.call("Mutation", this.#requests, path, args);
    this.#requests += 1;
    this.#sent += 1;
  }

  #add(path: string, args: object): void {
    const queryId = this.#nextQuery;
    this.#nextQuery += 1;
    this.watched.set(queryId, { path, args });
    this.#modify({ type: "Add", queryId, udfPath: path, args: [args] });
  }

  #modify(modification: object): void {
    const baseVersion = this.#querySet;
    this.#querySet += 1;
    this.client.say({
      ...{ type: "ModifyQuerySet", baseVersion },
      ...{ newVersion: this.#querySet, modifications: [modification] },
    });
  }

  #take(message: ServerMessage): void {
    if (message.type === "MutationResponse") {
      this.#answered += 1;
      if (!message.success) this.#wrong(message.result);
      const count = this.#counted.get(message.requestId);
      if (count !== undefined) this.#countsAnswered = count;
    } else if (message.type === "Transition") this.#show(message);
    else this.#wrong(JSON.stringify(message));
  }

  #show(transition: Extract<ServerMessage, { type: "Transition" }>): void {
    const { startVersion, endVersion, modifications } = transition;
    const before = this.#version;
    if (JSON.stringify(startVersion) !== JSON.stringify(before)) {
      this.#wrong(
        `from ${JSON.stringify(startVersion)}, not ${JSON.stringify(before)}`,
      );
    }
    if (tsOf(endVersion) < tsOf(before)) this.#wrong("back in time");
    this.#version = endVersion;
    for (const change of modifications) {
      if (change.type === "QueryUpdated") {
        this.#values.set(change.queryId, change.value);
      } else if (change.type === "QueryRemoved") {
        this.#values.delete(change.queryId);
      } else this.#wrong(change.errorMessage);
    }
    if (endVersion.querySet >= 6) this.#checkState();
  }

  /** Whether what is shown now was so at one time. */
  #checkState(): void {
    const accounts = [0, 1, 2, 3].map(
      (queryId) => this.#values.get(queryId) as number,
    );
    const total = accounts.reduce((sum, n) => sum + n, 0);
    if (total !== TOTAL || this.#values.get(4) !== TOTAL) {
      this.#wrong(`${accounts.join(" + ")} is not ${TOTAL}`);
    }
    for (const [queryId, { path, args }] of this.watched) {
      const value = this.#values.get(queryId);
      if (path !== "m:above" || value === undefined) continue;
      const { least } = args as { least: number };
      const rich = this.#names.filter((_, n) => accounts[n]! >= least);
      const shown = (value as string[]).filter((name) => !name.includes("own"));
      if (JSON.stringify(shown) !== JSON.stringify(rich)) {
        this.#wrong(`${shown.join()} have ${least} of ${accounts.join()}`);
      }
    }
    const counted = (this.#values.get(5) as number | null) ?? 0;
    if (counted > this.#countsAnswered) {
      this.#wrong(`shown ${counted} before it was answered`);
    }
  }

  #wrong(what: string): void {
    this.isWrong ??= what;
  }
}

function tsOf({ ts }: { ts: string }): bigint {
  return Buffer.from(ts, "base64").readBigUInt64LE();
}
