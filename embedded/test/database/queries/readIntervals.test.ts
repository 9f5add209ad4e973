/**
 * What a query reads, told by the writes that conflict with it: as on Convex from the beginning of the range to the
 * last row that it returned or looked at, and to the range's end only where it got there.
 */
import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";
import { expect, test } from "vitest";
import type { Database } from "../../../src/database/database.js";
import type { QueryJson, QueryOperator } from "../../../src/database/types.js";
import {
  conflictsOf,
  footprintOf,
  type Footprint,
} from "../../conformance/adapter/footprint.js";
import {
  bound,
  byIndex,
  openDatabase,
  pushSchema,
  write,
} from "../../support/database.js";

const schema = defineSchema({
  rows: defineTable({ at: v.number(), note: v.optional(v.string()) }).index(
    "at",
    ["at"],
  ),
});

const isThirty: QueryOperator = {
  filter: { $eq: [{ $field: "at" }, { $literal: 30 }] },
};

/** Rows at 10, 20, 30 and 40; the range is from 10 to less than 50. */
test.each<{
  what: string;
  order?: "asc" | "desc";
  operators?: QueryOperator[];
  /** How many rows are asked for. @default all, and one more */
  rows?: number;
  /** The times at which a new row is met, of 5, 15, 25, 35, 45 and 55. */
  meets: number[];
}>([
  { what: "none", rows: 0, meets: [] },
  { what: "the first", operators: [{ limit: 1 }], meets: [] },
  { what: "two", operators: [{ limit: 2 }], meets: [15] },
  {
    what: "as many as there are",
    operators: [{ limit: 4 }],
    meets: [15, 25, 35],
  },
  {
    what: "one more than there are",
    operators: [{ limit: 5 }],
    meets: [15, 25, 35, 45],
  },
  { what: "all", meets: [15, 25, 35, 45] },
  { what: "those until it stops", rows: 3, meets: [15, 25] },
  { what: "the last", order: "desc", operators: [{ limit: 1 }], meets: [45] },
  {
    what: "two from the end",
    order: "desc",
    operators: [{ limit: 2 }],
    meets: [35, 45],
  },
  {
    what: "those until it stops, from the end",
    order: "desc",
    rows: 3,
    meets: [25, 35, 45],
  },
  {
    what: "the first that a filter lets through",
    operators: [isThirty, { limit: 1 }],
    meets: [15, 25],
  },
])(
  "a query for $what meets new rows at $meets",
  async ({ order = "asc", operators = [], rows = Infinity, meets }) => {
    const { db } = await openDatabase();
    await pushSchema(db, "", schema);
    for (const at of [10, 20, 30, 40]) await insert(db, at);
    const range = [bound("Gte", "at", 10), bound("Lt", "at", 50)];
    const query = { ...byIndex("rows.at", range, order), operators };
    const reader = await observe(db, (tx) => readRows(tx, query, rows));
    const met: number[] = [];
    for (const at of [5, 15, 25, 35, 45, 55]) {
      const writer = await observe(db, (tx) => {
        tx.insert("", "rows", { at });
      });
      if (conflictsOf(reader, writer).has("rows")) met.push(at);
    }
    expect(met).toEqual(meets);
  },
);

test("a change of a row meets who read the row's place in any index, moved there or not", async () => {
  const { db } = await openDatabase();
  await pushSchema(db, "", schema);
  const [first, second] = [await insert(db, 10), await insert(db, 20)];
  const query = { ...byIndex("rows.at"), operators: [{ limit: 1 }] };
  const reader = await observe(db, (tx) => readRows(tx, query, Infinity));
  const meets = async (id: string, changes: object) => {
    const writer = await observe(db, (tx) => tx.patch("", id, { ...changes }));
    return conflictsOf(reader, writer).has("rows");
  };
  expect(await meets(first, { note: "changed" })).toBe(true);
  expect(await meets(first, { at: 90 })).toBe(true);
  expect(await meets(second, { note: "changed" })).toBe(false);
  expect(await meets(second, { at: 5 })).toBe(true);
  expect(await meets(second, { at: 15 })).toBe(false);
});

test("who looks for an id meets the row, also one that is not there", async () => {
  const { db } = await openDatabase();
  await pushSchema(db, "", schema);
  const [id, gone] = [await insert(db, 10), await insert(db, 20)];
  const remove = (tx: Tx) => tx.remove("", gone);
  const readers = await Promise.all(
    [id, gone].map((one) => observe(db, (tx) => void tx.get("", one))),
  );
  const writer = await observe(db, remove);
  expect(readers.map((one) => conflictsOf(one, writer).size)).toEqual([0, 1]);
});

// ── Helpers ─────────────────────────────────────────────────────────────────

type Tx = Parameters<Parameters<Database["write"]>[0]>[0];

class NotCommitted extends Error {}

async function observe(
  db: Database,
  run: (tx: Tx) => void,
): Promise<Footprint> {
  let footprint: Footprint | undefined;
  await write(db, (tx) => {
    run(tx);
    footprint = footprintOf(tx);
    throw new NotCommitted();
  }).catch((error: unknown) => {
    if (!(error instanceof NotCommitted)) throw error;
  });
  return footprint!;
}

function readRows(tx: Tx, query: QueryJson, most: number): void {
  const stream = tx.openQuery("", query);
  for (let rows = 0; rows < most && stream.next() !== null; rows += 1);
  stream.close();
}

function insert(db: Database, at: number): Promise<string> {
  return write(db, (tx) => tx.insert("", "rows", { at }));
}
