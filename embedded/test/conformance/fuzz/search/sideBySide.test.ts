import { setImmediate } from "node:timers/promises";
import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";
import { expect, test } from "vitest";
import type { Transaction } from "../../../../src/database/transactions/transaction.js";
import {
  collect,
  mutate,
  openDatabase,
  pushSchema,
} from "../../../support/database.js";
import { openMemoryStore } from "../../../support/memoryStore.js";
import { Random } from "../../../support/random.js";
import { NONE_WRONG, searchFor, wrongRows } from "../../../support/search.js";
import { expectedOf, type ModelDocument } from "./model.js";
import { fuzzSettings } from "../settings.js";

const { isLong, replay, firstSeed } = fuzzSettings();
const PROGRAMS = isLong ? 100 : 4;
const MUTATIONS = 60;
const SIDE_BY_SIDE = 8;
const WORDS = ["red", "redder", "green", "blue", "re", "b"];
const TAGS = ["a", "b", undefined];

/** What a mutation did: looked for words, and found documents by their numbers; or wrote one. */
type Step =
  | { text: string; tag: string | undefined; found: number[] }
  | { n: number; document: ModelDocument | null };

test("mutations that search side by side find what they would one after the other", async () => {
  const seeds = new Random(firstSeed);
  let lost = 0;
  for (let program = 0; program < PROGRAMS; program += 1) {
    const seed = replay ?? seeds.below(2 ** 31);
    lost += await run(new Random(seed), seed);
    if (replay !== undefined) break;
  }
  // Else they were not side by side, or nothing of what they read was watched.
  expect(lost).toBeGreaterThan(0);
}, 900_000);

async function run(random: Random, seed: number): Promise<number> {
  const store = openMemoryStore();
  const { db } = await openDatabase({ store });
  await pushSchema(
    db,
    "",
    defineSchema({
      t: defineTable(v.any()).searchIndex("search", {
        searchField: "body",
        filterFields: ["tag"],
      }),
    }),
  );
  const committed: { ts: bigint; steps: Step[] }[] = [];
  let lost = 0;
  let next = 0;
  const work = async () => {
    for (let i = 0; i < MUTATIONS / SIDE_BY_SIDE; i += 1) {
      const { value, ts } = await mutate(
        db,
        async (tx) => {
          const steps: Step[] = [];
          for (let n = random.below(4); n >= 0; n -= 1) {
            steps.push(...step(random, tx, () => next++));
            if (random.chance(0.7)) await setImmediate();
          }
          return steps;
        },
        { writer: `w${random.below(100)}`, lost: () => (lost += 1) },
      );
      if (value.some((one) => "n" in one)) committed.push({ ts, steps: value });
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work));
  committed.sort((a, b) => (a.ts < b.ts ? -1 : 1));
  const model = new Map<number, ModelDocument>();
  for (const [at, { steps }] of committed.entries()) {
    for (const one of steps) {
      if ("n" in one) {
        if (one.document === null) model.delete(one.n);
        else model.set(one.n, one.document);
        continue;
      }
      const { text, tag, found } = one;
      const expected = expectedOf(
        [...model.values()],
        text,
        tag === undefined ? {} : { tag },
      ).map(({ n }) => n);
      expect(
        found,
        `FUZZ_SEED=${seed}, commit ${at}, "${text}" ${tag}`,
      ).toEqual(expected.sort((a, b) => a - b));
    }
  }
  expect(wrongRows(db, store, "t", "search")).toEqual(NONE_WRONG);
  return lost;
}

/** Looks for words, and may change one of the documents that it finds, or add one. */
function step(random: Random, tx: Transaction, number: () => number): Step[] {
  const text = [random.pick(WORDS), random.pick(WORDS)]
    .slice(random.below(2))
    .join(" ");
  const tag = random.pick(TAGS);
  const rows = collect(
    tx,
    "",
    searchFor(text, tag === undefined ? {} : { tag }),
  );
  const found = rows
    .map(({ value }) => value["n"] as number)
    .sort((a, b) => a - b);
  const look: Step = { text, tag, found };
  const body = Array.from({ length: random.below(4) }, () =>
    random.pick(WORDS),
  ).join(" ");
  const chosen = random.pick(TAGS);
  const fields = { body, ...(chosen === undefined ? {} : { tag: chosen }) };
  if (rows.length === 0 || random.chance(0.4)) {
    if (random.chance(0.3)) return [look];
    const n = number();
    tx.insert("", "t", { n, ...fields });
    return [look, { n, document: { n, ...fields } }];
  }
  const { _id, n } = random.pick(rows).value as { _id: string; n: number };
  if (random.chance(0.3)) {
    tx.remove("", _id);
    return [look, { n, document: null }];
  }
  const before = tx.get("", _id)!.value as unknown as ModelDocument;
  const changes = random.chance(0.5) ? fields : { tag: "a" };
  tx.patch("", _id, changes);
  return [look, { n, document: { ...before, ...changes } }];
}
