import type { JSONValue } from "convex/values";
import { describe, expect, test } from "vitest";
import { compileFilter } from "../../src/database/queries/filters.js";
import type { QueryOperator } from "../../src/database/types.js";
import {
  collect,
  fullScan,
  openDatabase,
  read,
  write,
} from "../support/database.js";

const field = (name: string): JSONValue => ({ $field: name });
const literal = (value: JSONValue): JSONValue => ({ $literal: value });
const int = (value: bigint): JSONValue => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(value);
  return { $integer: bytes.toString("base64") };
};

describe("filters", () => {
  const row: Record<string, JSONValue> = {
    n: 5,
    big: int(5n),
    text: "b",
    on: true,
    nested: { deep: [1] },
    nothing: null,
  };

  test.each<[string, JSONValue, boolean]>([
    ["equality", { $eq: [field("n"), literal(5)] }, true],
    ["int64 is not float64", { $eq: [field("big"), literal(5)] }, false],
    ["int64 sorts below float64", { $lt: [field("big"), literal(-9)] }, true],
    [
      "missing equals undefined",
      { $eq: [field("z"), literal({ $undefined: null })] },
      true,
    ],
    ["missing is below null", { $lt: [field("z"), literal(null)] }, true],
    ["missing is not null", { $eq: [field("z"), literal(null)] }, false],
    ["inequality", { $neq: [field("text"), literal("a")] }, true],
    ["order of strings", { $gt: [field("text"), literal("a")] }, true],
    ["at most", { $lte: [field("n"), literal(5)] }, true],
    ["at least", { $gte: [field("n"), literal(6)] }, false],
    ["nested path", { $eq: [field("nested.deep"), literal([1])] }, true],
    [
      "path through a scalar",
      { $eq: [field("n.x"), literal({ $undefined: null })] },
      true,
    ],
    ["all of none", { $and: [] }, true],
    ["any of none", { $or: [] }, false],
    ["and", { $and: [field("on"), literal(false)] }, false],
    ["or", { $or: [literal(false), field("on")] }, true],
    ["not", { $not: field("on") }, false],
    ["add", { $eq: [{ $add: [field("n"), literal(2)] }, literal(7)] }, true],
    [
      "subtract",
      { $eq: [{ $sub: [field("n"), literal(2)] }, literal(3)] },
      true,
    ],
    [
      "multiply",
      { $eq: [{ $mul: [field("big"), literal(int(3n))] }, literal(int(15n))] },
      true,
    ],
    [
      "divide",
      { $eq: [{ $div: [field("n"), literal(2)] }, literal(2.5)] },
      true,
    ],
    [
      "integer division",
      { $eq: [{ $div: [field("big"), literal(int(2n))] }, literal(int(2n))] },
      true,
    ],
    ["modulo", { $eq: [{ $mod: [field("n"), literal(3)] }, literal(2)] }, true],
    ["negate", { $eq: [{ $neg: field("n") }, literal(-5)] }, true],
    [
      "negative zero is below zero",
      { $lt: [{ $neg: literal(0) }, literal(0)] },
      true,
    ],
  ])("%s", (_, filter, matches) => {
    expect(compileFilter(filter)(row)).toBe(matches);
  });

  test.each<[string, JSONValue, string]>([
    ["a result that is no boolean", field("n"), "Expected a boolean"],
    [
      "a sum of unlike numbers",
      { $add: [field("n"), field("big")] },
      "Cannot add 5.0 and 5",
    ],
    [
      "an overflow",
      { $mul: [literal(int(2n ** 62n)), literal(int(4n))] },
      "out of range",
    ],
    [
      "a division of integers by zero",
      { $div: [field("big"), literal(int(0n))] },
      "division by zero",
    ],
    ["an unknown operator", { $like: [] }, "unknown operator $like"],
    ["one operand too few", { $eq: [literal(1)] }, "two operands"],
  ])("%s is refused", (_, filter, text) => {
    expect(() => compileFilter(filter)(row)).toThrow(text);
  });
});

describe("operators", () => {
  const big = { filter: { $gte: [field("i"), literal(3)] } };

  async function numbers(operators: QueryOperator[]) {
    const { db } = await openDatabase();
    await write(db, (tx) => {
      for (let i = 0; i < 10; i += 1) {
        tx.insert("", "t", { i });
      }
    });
    return read(db, (tx) => ({
      found: collect(tx, "", { ...fullScan("t"), operators }).map(
        ({ value }) => value["i"],
      ),
      read: tx.metrics.report().documentsRead.used,
    }));
  }

  test("apply in the order they were chained", async () => {
    expect(await numbers([big, { limit: 2 }])).toEqual({
      found: [3, 4],
      read: 5,
    });
    expect(await numbers([{ limit: 4 }, big])).toEqual({ found: [3], read: 4 });
  });

  test("a limit of zero reads nothing", async () => {
    expect(await numbers([{ limit: 0 }])).toEqual({ found: [], read: 0 });
  });

  test("are refused beyond 256", async () => {
    const operators = Array.from({ length: 257 }, () => ({ limit: 1 }));
    await expect(numbers(operators)).rejects.toThrow("too many operators: 257");
  });
});

test("an open query does not see writes that follow its first row", async () => {
  const { db } = await openDatabase();
  await write(db, (tx) => {
    for (let i = 0; i < 5; i += 1) {
      tx.insert("", "t", { i });
    }
    const stream = tx.openQuery("", fullScan("t"));
    let seen = 0;
    for (let row = stream.next(); row !== null; row = stream.next()) {
      tx.insert("", "t", { copyOf: row.value["i"] ?? null });
      tx.remove("", row.value["_id"] as string);
      seen += 1;
    }
    expect(seen).toBe(5);
    expect(collect(tx, "", fullScan("t"))).toHaveLength(5);
  });
});

test("an open query goes on with its rows after others were closed, through writes and a rollback", async () => {
  const { db } = await openDatabase();
  await write(db, (tx) => {
    for (let i = 0; i < 4; i += 1) tx.insert("", "t", { i });
    const layer = tx.layer();
    const [open, closed] = [1, 2].map(() => {
      const stream = tx.openQuery("", fullScan("t"));
      expect(stream.next()?.value).toMatchObject({ i: 0 });
      return stream;
    });
    closed?.close();
    closed?.close();
    tx.insert("", "t", { i: 4 });
    expect(open?.next()?.value).toMatchObject({ i: 1 });
    layer.rollback();
    tx.insert("", "t", { i: 5 });
    expect(open?.next()?.value).toMatchObject({ i: 2 });
    open?.close();
    tx.insert("", "t", { i: 6 });
    const rows = collect(tx, "", fullScan("t"));
    expect(rows.map(({ value }) => value["i"])).toEqual([0, 1, 2, 3, 5, 6]);
  });
});

test("an open query sees writes made before its first row is asked for", async () => {
  const { db } = await openDatabase();
  await write(db, (tx) => {
    const streams = [fullScan("t"), fullScan("t", "desc")].map((query) =>
      tx.openQuery("", query),
    );
    tx.insert("", "t", { i: 1 });
    for (const stream of streams) {
      expect(stream.next()?.value).toMatchObject({ i: 1 });
      expect(stream.next()).toBeNull();
    }
  });
});
