import { defineSchema, defineTable } from "convex/server";
import {
  compareValues,
  convexToJson,
  jsonToConvex,
  v,
  type JSONValue,
  type Value,
} from "convex/values";
import { expect, test } from "vitest";
import type { Transaction } from "../../../src/database/transactions/transaction.js";
import type { RangeExpression } from "../../../src/database/types.js";
import {
  bound,
  byIndex,
  collect,
  fullScan,
  openDatabase,
  pushSchema,
  read,
  write,
} from "../../support/database.js";
import { Random } from "../../support/random.js";
import { randomValue } from "../values.js";

const schema = defineSchema({
  rows: defineTable(v.any())
    .index("by_a_b", ["a", "b"])
    .index("by_nested", ["n.x", "a"]),
});

type Row = Record<string, Value>;

/**
 * The rows Convex would return: every row filtered, then sorted by the index's fields and the id.
 */
function expected(
  rows: Iterable<Row>,
  fields: readonly string[],
  range: readonly RangeExpression[],
  order: "asc" | "desc",
): string[] {
  const matching = [...rows].filter((row) =>
    range.every(({ type, fieldPath, value }) => {
      const sign = compareValues(at(row, fieldPath), decode(value));
      return {
        Eq: sign === 0,
        Gt: sign > 0,
        Gte: sign >= 0,
        Lt: sign < 0,
        Lte: sign <= 0,
      }[type];
    }),
  );
  matching.sort((x, y) => {
    for (const field of [...fields, "_creationTime", "_id"]) {
      const sign = compareValues(at(x, field), at(y, field));
      if (sign !== 0) {
        return sign;
      }
    }
    return 0;
  });
  const ids = matching.map((row) => row["_id"] as string);
  return order === "desc" ? ids.reverse() : ids;
}

function at(row: Row, path: string): Value | undefined {
  return path
    .split(".")
    .reduce<Value | undefined>(
      (value, name) => (value as Row | undefined)?.[name],
      row,
    );
}

function decode(value: JSONValue): Value | undefined {
  return JSON.stringify(value) === '{"$undefined":null}'
    ? undefined
    : jsonToConvex(value);
}

const UNDEFINED: JSONValue = { $undefined: null };

function encode(value: Value | undefined): JSONValue {
  return value === undefined ? UNDEFINED : convexToJson(value);
}

function ids(tx: Transaction, query: Parameters<typeof collect>[2]): string[] {
  return collect(tx, "", query).map(({ value }) => value["_id"] as string);
}

const INDEXES = {
  by_a_b: ["a", "b"],
  by_nested: ["n.x", "a"],
  by_creation_time: [],
} as const;

/** A row of few distinct values, so that equalities hit and ties are decided by the next field. */
function randomRow(random: Random, pool: readonly Value[]): Row {
  const row: Row = { n: { x: random.pick(pool) } };
  for (const field of ["a", "b"]) {
    if (random.chance(0.85)) {
      row[field] = random.pick(pool);
    }
  }
  return row;
}

function randomRange(
  random: Random,
  fields: readonly string[],
  rows: readonly Row[],
): RangeExpression[] {
  const sample = random.pick(rows);
  const all = [...fields, "_creationTime", "_id"];
  const equalities = random.below(all.length);
  const range = all
    .slice(0, equalities)
    .map((field) => bound("Eq", field, encode(at(sample, field))));
  const next = all[equalities];
  if (next === undefined) {
    return range;
  }
  const edge = () => encode(at(random.pick(rows), next));
  if (random.chance(0.6)) {
    range.push(bound(random.pick(["Gt", "Gte"]), next, edge()));
  }
  if (random.chance(0.6)) {
    range.push(bound(random.pick(["Lt", "Lte"]), next, edge()));
  }
  return range;
}

test("an index range returns the same rows as a filter and a sort, committed or pending", async () => {
  const { db } = await openDatabase();
  await pushSchema(db, "", schema);
  const random = new Random(30);
  const pool = Array.from({ length: 12 }, () => randomValue(random));
  const rows = new Map<string, Row>();
  for (let round = 0; round < 12; round += 1) {
    await write(db, (tx) => {
      for (let i = 0; i < 40; i += 1) {
        change(tx, random, pool, rows);
        if (i % 8 === 0) {
          check(tx, random, rows);
        }
      }
    });
    read(db, (tx) => check(tx, random, rows));
  }
});

function change(
  tx: Transaction,
  random: Random,
  pool: readonly Value[],
  rows: Map<string, Row>,
): void {
  const existing = [...rows.keys()];
  const choice = existing.length < 10 ? 0 : random.below(4);
  const id = choice < 2 ? null : random.pick(existing);
  const fields = randomRow(random, pool);
  const json = convexToJson(fields) as Record<string, JSONValue>;
  if (id === null) {
    const inserted = tx.insert("", "rows", json);
    rows.set(inserted, stored(tx, inserted));
  } else if (choice === 2) {
    tx.remove("", id);
    rows.delete(id);
  } else {
    tx.replace("", id, json);
    rows.set(id, stored(tx, id));
  }
}

function stored(tx: Transaction, id: string): Row {
  return jsonToConvex(tx.get("", id)?.value as JSONValue) as Row;
}

function check(tx: Transaction, random: Random, rows: Map<string, Row>): void {
  const all = [...rows.values()];
  for (const [name, fields] of Object.entries(INDEXES)) {
    for (let i = 0; i < 4; i += 1) {
      const order = random.pick(["asc", "desc"] as const);
      const range = randomRange(random, fields, all);
      expect(ids(tx, byIndex(`rows.${name}`, range, order))).toEqual(
        expected(all, fields, range, order),
      );
    }
  }
  expect(ids(tx, fullScan("rows", "desc"))).toEqual(
    expected(all, [], [], "desc"),
  );
}

test("by_id accepts any bounds, also strings that are no id", async () => {
  const { db } = await openDatabase();
  const all = await write(db, (tx) =>
    Array.from({ length: 20 }, (_, i) => tx.insert("", "rows", { i })),
  );
  const middle = all[10] as string;
  read(db, (tx) => {
    const find = (...range: RangeExpression[]) =>
      ids(tx, byIndex("rows.by_id", range));
    expect(find(bound("Eq", "_id", middle))).toEqual([middle]);
    expect(find(bound("Gt", "_id", middle))).toEqual(all.slice(11));
    expect(find(bound("Lte", "_id", middle))).toEqual(all.slice(0, 11));
    expect(find(bound("Gt", "_id", "zzz"))).toEqual([]);
    expect(find(bound("Gt", "_id", ""))).toEqual(all);
    expect(find(bound("Gt", "_id", 5))).toEqual(all);
    expect(find(bound("Lt", "_id", 5))).toEqual([]);
    expect(find(bound("Eq", "_id", `${middle}x`))).toEqual([]);
  });
});

test("values longer than a key keep their order", async () => {
  const { db } = await openDatabase();
  await pushSchema(db, "", schema);
  const random = new Random(31);
  const rows = new Map<string, Row>();
  const beginnings = [
    "p".repeat(1900),
    "p".repeat(1960),
    "p".repeat(4000),
    "q",
  ];
  await write(db, (tx) => {
    for (let i = 0; i < 120; i += 1) {
      const a =
        random.pick(beginnings) +
        "\0é".repeat(random.below(40)) +
        String(random.below(20));
      const id = tx.insert("", "rows", { a, b: i });
      rows.set(id, stored(tx, id));
      if (random.chance(0.2)) {
        tx.remove("", id);
        rows.delete(id);
      }
    }
  });
  const all = [...rows.values()];
  read(db, (tx) => {
    for (let i = 0; i < 60; i += 1) {
      const order = random.pick(["asc", "desc"] as const);
      const range = randomRange(random, INDEXES.by_a_b, all);
      expect(ids(tx, byIndex("rows.by_a_b", range, order))).toEqual(
        expected(all, INDEXES.by_a_b, range, order),
      );
    }
  });
});

test.each<[string, RangeExpression[], string]>([
  ["an unknown field", [bound("Eq", "z", 1)], 'comparison with "z"'],
  ["a skipped field", [bound("Eq", "b", 1)], "First incorrect field: b"],
  [
    "two equalities",
    [bound("Eq", "a", 1), bound("Eq", "a", 2)],
    "equality bound",
  ],
  [
    "two lower bounds",
    [bound("Gt", "a", 1), bound("Gte", "a", 2)],
    "lower bound",
  ],
  [
    "bounds on two fields",
    [bound("Gt", "a", 1), bound("Lt", "b", 2)],
    "single index field",
  ],
  [
    "a bound on an equality",
    [bound("Eq", "a", 1), bound("Lt", "a", 2)],
    "inequality bound",
  ],
])("a range with %s is refused", async (_, range, text) => {
  const { db } = await openDatabase();
  await pushSchema(db, "", schema);
  read(db, (tx) => {
    expect(() => tx.openQuery("", byIndex("rows.by_a_b", range))).toThrow(text);
  });
});

test("equalities may come in any order", async () => {
  const { db } = await openDatabase();
  await pushSchema(db, "", schema);
  const id = await write(db, (tx) => tx.insert("", "rows", { a: 1, b: 2 }));
  read(db, (tx) => {
    const range = [bound("Eq", "b", 2), bound("Eq", "a", 1)];
    expect(ids(tx, byIndex("rows.by_a_b", range))).toEqual([id]);
  });
});

test("a missing index is refused by name; a missing table is empty", async () => {
  const { db } = await openDatabase();
  await pushSchema(db, "", schema);
  read(db, (tx) => {
    expect(() => tx.openQuery("", byIndex("rows.by_z"))).toThrow(
      "Index rows.by_z not found.",
    );
    expect(collect(tx, "", fullScan("nothing"))).toEqual([]);
    expect(collect(tx, "", byIndex("nothing.by_creation_time"))).toEqual([]);
  });
});
