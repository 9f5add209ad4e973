import type { JSONValue } from "convex/values";
import { expect, onTestFinished, test } from "vitest";
import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";
import { exported } from "../../../support/database.js";
import {
  Engine,
  valueOf,
  type ComponentSource,
} from "../../../support/engine.js";
import { Random } from "../../../support/random.js";
import { fuzzSettings } from "../settings.js";
import { expectedOf, mismatch, type ModelDocument } from "./model.js";

const { isLong, replay, firstSeed } = fuzzSettings();
const PROGRAMS = isLong ? 50 : 4;
const OPERATIONS = isLong ? 80 : 20;

const APP = {
  modules: {
    m: `
      import { queryGeneric as query, mutationGeneric as mutation } from "convex/server";
      const searched = (ctx, { text, equal }) =>
        ctx.db.query("docs").withSearchIndex("search", (q) =>
          Object.entries(equal).reduce((all, [field, value]) => all.eq(field, value), q.search("body", text)));
      const numbers = (rows) => rows.map(({ n }) => n);
      const all = async (ctx, args) => {
        const found = [];
        for await (const { n } of searched(ctx, args)) { found.push(n); if (found.length === 1024) break; }
        return found;
      };
      export const find = query({ handler: async (ctx, args) => numbers(await searched(ctx, args).take(args.limit)) });
      export const findAll = query({ handler: all });
      export const page = query({ handler: async (ctx, args) => {
        const { page, ...rest } = await searched(ctx, args).paginate(args.paginationOpts);
        return { ...rest, page: numbers(page) };
      } });
      export const change = mutation({ handler: async (ctx, { operations, look, fail }) => {
        for (const { kind, n, fields } of operations) {
          if (kind === "insert") { await ctx.db.insert("docs", { n, ...fields }); continue; }
          const { _id } = await ctx.db.query("docs").withIndex("n", (q) => q.eq("n", n)).unique();
          if (kind === "remove") await ctx.db.delete(_id);
          else if (kind === "replace") await ctx.db.replace(_id, { n, ...fields });
          else await ctx.db.patch(_id, fields);
        }
        const found = await all(ctx, look);
        if (fail) throw new Error("taken back");
        return found;
      } });`,
  },
} satisfies ComponentSource;

const docs = () => defineTable(v.any()).index("n", ["n"]);
const WITH = {
  ...APP,
  schema: exported(
    defineSchema({
      docs: docs().searchIndex("search", {
        searchField: "body",
        filterFields: ["tag", "kind"],
      }),
    }),
  ),
};
const WITHOUT = { ...APP, schema: exported(defineSchema({ docs: docs() })) };

test("searches find what a model finds", async () => {
  const seeds = new Random(firstSeed);
  const engine = await openEngine();
  onTestFinished(() => engine.current.remove());
  let searches = 0;
  for (let program = 0; program < PROGRAMS; program += 1) {
    const seed = replay ?? seeds.below(2 ** 31);
    searches += await run(new Random(seed), engine, seed);
    if (replay !== undefined) break;
    if (program % 4 === 3) await engine.restart();
    if (program % 4 === 1) {
      await engine.current.deploy(WITHOUT);
      await engine.current.deploy(WITH);
    }
  }
  console.log(`${searches} searches from seed ${firstSeed} agree.`);
}, 900_000);

async function run(
  random: Random,
  { call }: Awaited<ReturnType<typeof openEngine>>,
  seed: number,
): Promise<number> {
  let model = new Map<number, ModelDocument>();
  let next = 0;
  let searches = 0;
  const vocabulary = makeVocabulary(random);
  const agree = (
    found: unknown,
    look: Look,
    documents: typeof model,
    what: string,
  ) => {
    searches += 1;
    const expected = expectedOf([...documents.values()], look.text, look.equal);
    const wrong = mismatch(expected, found as number[]);
    if (wrong === null) return;
    expect.fail(`FUZZ_SEED=${seed}, ${what} ${JSON.stringify(look)}: ${wrong}`);
  };
  for (let n = 0; n < OPERATIONS; n += 1) {
    const look = makeLook(random, vocabulary);
    const changed = new Map(model);
    const operations: JSONValue[] = [];
    const many = n === 0 && isLong && random.chance(0.2) ? 1_500 : 12;
    for (let i = random.below(many); i >= 0; i -= 1) {
      const { operation, after } = makeOperation(
        random,
        changed,
        next,
        vocabulary,
      );
      operations.push(operation);
      if (after.n === next) next += 1;
      if (after.document === null) changed.delete(after.n);
      else changed.set(after.n, after.document);
    }
    const fail = random.chance(0.1);
    const args = { operations, look, fail } as unknown as JSONValue;
    const inMutation = await call("mutation", "change", args, fail);
    if (!fail) {
      model = changed;
      agree(inMutation, look, model, "in a mutation");
    }
    const again = makeLook(random, vocabulary);
    const whole = (await call("query", "findAll", again)) as number[];
    agree(whole, again, model, "a query");
    const limit = random.below(20) + 1;
    expect(
      await call("query", "find", { ...again, limit }),
      `FUZZ_SEED=${seed} limit ${limit} ${JSON.stringify(again)}`,
    ).toEqual(whole.slice(0, limit));
    const pageSize = random.below(30) + 5;
    const paged: number[] = [];
    for (let cursor: string | null = null, isDone = false; !isDone;) {
      const page = (await call("query", "page", {
        ...again,
        paginationOpts: { numItems: pageSize, cursor },
      })) as { page: number[]; isDone: boolean; continueCursor: string };
      paged.push(...page.page);
      ({ isDone, continueCursor: cursor } = page);
    }
    expect(paged, `FUZZ_SEED=${seed} pages of ${pageSize}`).toEqual(whole);
  }
  const operations = [...model.keys()].map((n) => ({ kind: "remove", n }));
  const look = { text: "a", equal: {} };
  expect(
    await call("mutation", "change", { operations, look, fail: false }),
  ).toEqual([]);
  return searches;
}

interface Look {
  text: string;
  equal: { tag?: string; kind?: number };
}

function makeLook(
  random: Random,
  vocabulary: readonly string[],
): Look & Record<string, JSONValue> {
  const count = random.chance(0.05)
    ? 18
    : random.below(4) + (random.chance(0.9) ? 1 : 0);
  const words = Array.from({ length: count }, () => random.pick(vocabulary));
  const last = words.pop() ?? "";
  const cut = random.chance(0.5)
    ? last.slice(0, random.below(last.length) + 1)
    : last;
  return {
    text: [...words, cut].join(random.pick([" ", ", ", "-"])),
    equal: {
      ...(random.chance(0.3) ? { tag: random.pick(TAGS) } : {}),
      ...(random.chance(0.2) ? { kind: random.below(3) } : {}),
    },
  };
}

const TAGS = [
  "a",
  "b",
  "a tag that is longer than thirty-two bytes are, by some",
];

/** Words of which many begin alike, the first ones the most frequent. */
function makeVocabulary(random: Random): string[] {
  const syllables = ["a", "ab", "ba", "re", "É", "x1", "日", "Ω", "zz"];
  const word = () =>
    Array.from({ length: random.below(4) + 1 }, () =>
      random.pick(syllables),
    ).join("");
  return Array.from({ length: random.below(120) + 3 }, word);
}

function makeText(random: Random, vocabulary: readonly string[]): string {
  const length = random.chance(0.1) ? random.below(150) : random.below(8);
  const frequent = () => Math.floor(random.next() ** 3 * vocabulary.length);
  return Array.from({ length }, () => vocabulary[frequent()]).join(
    random.pick([" ", "\n", "._"]),
  );
}

function makeOperation(
  random: Random,
  model: ReadonlyMap<number, ModelDocument>,
  next: number,
  vocabulary: readonly string[],
): {
  operation: JSONValue;
  after: { n: number; document: ModelDocument | null };
} {
  const body = () => (random.chance(0.1) ? null : makeText(random, vocabulary));
  const fields = () => ({
    ...(random.chance(0.9) ? { body: body() } : {}),
    ...(random.chance(0.7) ? { tag: random.pick(TAGS) } : {}),
    ...(random.chance(0.7) ? { kind: random.below(3) } : {}),
  });
  const kind =
    model.size === 0
      ? "insert"
      : random.weighted({ insert: 6, patch: 3, replace: 1, remove: 2 });
  const n = kind === "insert" ? next : random.pick([...model.keys()]);
  if (kind === "remove")
    return { operation: { kind, n }, after: { n, document: null } };
  const changed = fields();
  const before = kind === "patch" ? model.get(n) : {};
  return {
    operation: { kind, n, fields: changed },
    after: { n, document: { ...before, n, ...changed } },
  };
}

async function openEngine() {
  const opened = {
    current: await Engine.open(WITH),
    call: async (
      kind: "query" | "mutation",
      name: string,
      args: JSONValue,
      fails = false,
    ): Promise<unknown> => {
      const outcome = await opened.current[kind](`m:${name}`, args);
      if (!fails) return valueOf(outcome);
      expect(outcome.status).toBe("error");
      return null;
    },
    restart: async () => {
      const { dataDir } = opened.current;
      await opened.current.close();
      opened.current = await Engine.open(WITH, { dataDir });
    },
  };
  return opened;
}
