/** Which snapshot a client's live queries are shown at, and what they leave to others meanwhile. */
import { setImmediate } from "node:timers/promises";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { UserIdentity } from "convex/server";
import { ANONYMOUS } from "../../../src/server/auth/auth.js";
import { LiveCode } from "../../../src/server/liveCode.js";
import type { Speaker } from "../../../src/server/sync/calls.js";
import type { QuerySetModification } from "../../../src/server/sync/messages.js";
import {
  createLiveQueries,
  type LiveQueries,
} from "../../../src/server/sync/queries/liveQueries.js";
import { QuerySet } from "../../../src/server/sync/queries/querySet.js";
import { Transitions } from "../../../src/server/sync/queries/transitions.js";
import { Engine, valueOf } from "../../support/engine.js";
import { openMemoryStore } from "../../support/memoryStore.js";

const APP = {
  modules: {
    m: `
      import { queryGeneric as query, mutationGeneric as mutation } from "convex/server";
      export const beat = mutation({ handler: (ctx) => ctx.db.insert("beats", {}) });
      export const beats = query({ handler: async (ctx) => (await ctx.db.query("beats").collect()).length });
      export const who = query({ handler: async (ctx) => (await ctx.auth.getUserIdentity())?.subject ?? "nobody" });
      export const long = query({ handler: async (ctx) => {
        let reads = 0;
        for (const until = 20_000; reads < until; reads++) await ctx.db.query("beats").first();
        return reads;
      } });
      export const forgets = query({ handler: async (ctx) => {
        const { _id } = await ctx.db.query("beats").first();
        for (let reads = 0; reads < 20_000; reads++) void ctx.db.get(_id);
        return "done";
      } });`,
  },
};

let engine: Engine;
let live: LiveQueries;

beforeAll(async () => {
  engine = await Engine.open(APP, { store: openMemoryStore() });
  const { database, runtime } = engine;
  live = createLiveQueries({
    ...{ database, runtime },
    live: LiveCode.open(database, runtime, {
      CONVEX_CLOUD_URL: "",
      CONVEX_SITE_URL: "",
    }),
    urls: { cloud: "", site: "" },
    files: runtime.files,
  });
  await engine.deploy(APP);
  await beat();
});

afterAll(async () => {
  live.close();
  await engine.close();
});

async function beat(): Promise<void> {
  valueOf(await engine.mutation("m:beat"));
}

const countBeats = async () => valueOf(await engine.query("m:beats")) as number;

interface Shown {
  readonly endVersion: { querySet: number; identity: number };
  readonly modifications: readonly {
    type: string;
    queryId: number;
    value?: unknown;
  }[];
}

/** A client without a socket, which takes everything at once. */
class Client {
  readonly shown: Shown[] = [];
  readonly transitions: Transitions;
  readonly #queries = new QuerySet(() => this.transitions.wake());
  #speaker: Speaker = speakerFor(null);

  constructor() {
    this.transitions = new Transitions({
      live,
      queries: this.#queries,
      speaker: () => this.#speaker,
      unanswered: () => undefined,
      send: (pieces, taken) => {
        this.shown.push(JSON.parse(pieces.map(String).join("")) as Shown);
        taken();
      },
      failed: (error) => {
        throw error;
      },
    });
    onTestFinished(async () => {
      this.#queries.close();
      await this.transitions.close();
      this.#queries.close();
    });
  }

  change(...modifications: QuerySetModification[]): void {
    expect(this.#queries.modify(modifications)).toBeUndefined();
    const { querySet } = this.transitions.received;
    this.transitions.advance({ querySet: querySet + 1 });
  }

  watch(queryId: number, udfPath: string): void {
    this.change({ type: "Add", queryId, udfPath, args: [{}] });
  }

  signIn(subject: string): void {
    this.#speaker = speakerFor({ subject } as UserIdentity);
    this.#queries.invalidate();
    const { identity } = this.transitions.received;
    this.transitions.advance({ identity: identity + 1 });
  }

  /** The first result that it was shown of a query. */
  async first(queryId: number): Promise<unknown> {
    const results = () =>
      this.shown
        .flatMap(({ modifications }) => modifications)
        .filter((change) => change.queryId === queryId);
    await expect.poll(results, { timeout: 10_000 }).not.toEqual([]);
    return results()[0]?.value;
  }
}

function speakerFor(identity: UserIdentity | null): Speaker {
  return {
    caller: { ...ANONYMOUS, identity } as Speaker["caller"],
    ip: null,
    header: () => undefined,
  };
}

/** Keeps live queries from running for the moment. */
async function holdTurns(): Promise<() => void> {
  const turn = await live.turns.take("others");
  onTestFinished(() => turn.end());
  return () => turn.end();
}

/** Lets the round begin that clients have asked for. */
async function beginRound(): Promise<void> {
  for (let turns = 0; turns < 3; turns += 1) await setImmediate();
}

test("a query is never answered with a snapshot of before it was asked", async () => {
  const client = new Client();
  const letGo = await holdTurns();
  client.watch(1, "m:beats");
  await beginRound();
  // Whoever is told of this commit, and asks then, has to be shown it.
  await beat();
  const beats = await countBeats();
  client.watch(2, "m:beats");
  letGo();
  expect(await client.first(2)).toBe(beats);
  expect(await client.first(1)).toBe(beats - 1);
  const [shown] = client.shown;
  expect(shown?.endVersion.querySet).toBe(1);
});

test("whoever signs in before the turn of their queries is shown their own results only", async () => {
  const client = new Client();
  client.watch(1, "m:beats");
  await client.first(1);
  client.shown.length = 0;
  const letGo = await holdTurns();
  client.change(
    { type: "Remove", queryId: 1 },
    { type: "Add", queryId: 2, udfPath: "m:who", args: [{}] },
  );
  await beginRound();
  client.signIn("ann");
  letGo();
  expect(await client.first(2)).toBe("ann");
  expect(client.shown).toMatchObject([
    {
      endVersion: { querySet: 2, identity: 1 },
      modifications: [
        { type: "QueryRemoved", queryId: 1 },
        { queryId: 2, value: "ann" },
      ],
    },
  ]);
});

test.each(["m:long", "m:forgets"])(
  "a live query keeps neither calls nor other live queries waiting (%s)",
  async (path) => {
    const [slow, quick] = [new Client(), new Client()];
    slow.watch(1, path);
    await beginRound();
    for (let n = 1; n <= 3; n += 1) {
      await beat();
      quick.watch(n, "m:beats");
      expect(await quick.first(n)).toBe(await countBeats());
    }
    if (path === "m:long") expect(slow.shown).toEqual([]);
    await slow.first(1);
    // Nobody keeps a turn that they have no use for.
    for (let n = 0; n < 20; n += 1) (await live.turns.take("others")).end();
  },
);

test("a client can leave in the midst of its query", async () => {
  const client = new Client();
  client.watch(1, "m:long");
  await beginRound();
  await beat();
  await client.transitions.close();
  expect(client.shown).toEqual([]);
});
