import type { JSONValue } from "convex/values";
import { describe, expect, test } from "vitest";
import type { Transaction } from "../../src/database/transactions/transaction.js";
import {
  bound,
  byIndex,
  collect,
  fullScan,
  openDatabase,
  read,
  write,
} from "../support/database.js";

const KiB = 1024;
const MiB = 1024 * KiB;

/** A document of exactly so many bytes by Convex's count, without its system fields. */
function fieldsOfSize(bytes: number): Record<string, JSONValue> {
  // Braces 2, name 1, separator 1, string 2.
  return { x: "y".repeat(bytes - 6) };
}

/** Size of `_id` (3 + 1 + 34) and `_creationTime` (13 + 1 + 9). */
const SYSTEM_FIELDS_BYTES = 61;

describe("counted usage", () => {
  const used = (tx: Transaction) => {
    const {
      documentsRead,
      documentsWritten,
      databaseQueries,
      bytesRead,
      bytesWritten,
    } = tx.metrics.report();
    return [
      documentsRead.used,
      documentsWritten.used,
      databaseQueries.used,
      bytesRead.used,
      bytesWritten.used,
    ];
  };
  const size = 100 + SYSTEM_FIELDS_BYTES;

  test.each<[string, (tx: Transaction, id: string) => void, number[]]>([
    ["get", (tx, id) => tx.get("", id), [1, 0, 1, size, 0]],
    [
      "get of the same document twice",
      (tx, id) => [tx.get("", id), tx.get("", id)],
      [2, 0, 1, 2 * size, 0],
    ],
    [
      "insert",
      (tx) => tx.insert("", "t", fieldsOfSize(100)),
      [0, 1, 0, 0, size],
    ],
    [
      "patch",
      (tx, id) => tx.patch("", id, fieldsOfSize(90)),
      [1, 1, 1, size, size - 10],
    ],
    [
      "get and patch",
      (tx, id) => [tx.get("", id), tx.patch("", id, {})],
      [2, 1, 1, 2 * size, size],
    ],
    [
      "replace",
      (tx, id) => tx.replace("", id, fieldsOfSize(90)),
      [1, 1, 1, size, size - 10],
    ],
    ["delete", (tx, id) => tx.remove("", id), [1, 1, 1, size, 0]],
    ["a scan", (tx) => collect(tx, "", fullScan("t")), [3, 0, 1, 3 * size, 0]],
    [
      "a scan of nothing",
      (tx) => collect(tx, "", byIndex("t.by_id", [bound("Eq", "_id", "x")])),
      [0, 0, 1, 0, 0],
    ],
    [
      "the same scan twice",
      (tx) => [collect(tx, "", fullScan("t")), collect(tx, "", fullScan("t"))],
      [6, 0, 1, 6 * size, 0],
    ],
    [
      "a table that does not exist",
      (tx) => collect(tx, "", fullScan("none")),
      [0, 0, 0, 0, 0],
    ],
  ])("%s", async (_, act, expected) => {
    const { db } = await openDatabase();
    const [first = ""] = await write(db, (tx) =>
      Array.from({ length: 3 }, () => tx.insert("", "t", fieldsOfSize(100))),
    );
    await write(db, (tx) => {
      act(tx, first);
      expect(used(tx)).toEqual(expected);
    });
  });

  test("a stream counts only the rows that were pulled", async () => {
    const { db } = await openDatabase();
    await write(db, (tx) => {
      for (let i = 0; i < 5; i += 1) {
        tx.insert("", "t", fieldsOfSize(100));
      }
    });
    read(db, (tx) => {
      const stream = tx.openQuery("", fullScan("t"));
      stream.next();
      stream.next();
      stream.close();
      expect(used(tx)).toEqual([2, 0, 1, 2 * size, 0]);
    });
  });

  test("rows of system tables do not count as documents", async () => {
    const { db } = await openDatabase();
    await write(db, (tx) => {
      const id = tx.system.insert("", "_scheduled_functions", { name: "f" });
      tx.get("", id, { isSystem: true });
      expect(used(tx)).toEqual([0, 0, 1, 0, 0]);
    });
  });
});

describe("the limit of a transaction is", () => {
  test("32,000 documents read", async () => {
    const { db } = await openDatabase();
    for (let batch = 0; batch < 4; batch += 1) {
      await write(db, (tx) => {
        for (let i = 0; i < 8000; i += 1) {
          tx.insert("", "t", {});
        }
      });
    }
    read(db, (tx) => {
      expect(collect(tx, "", fullScan("t"))).toHaveLength(32_000);
      expect(tx.metrics.report().documentsRead.remaining).toBe(0);
      expect(() => collect(tx, "", fullScan("t", "desc"))).toThrow(
        "Too many documents read in a single function execution (limit: 32000)",
      );
    });
  });

  test("16 MiB read", async () => {
    const { db } = await openDatabase();
    const ids = await write(db, (tx) =>
      Array.from({ length: 16 }, () =>
        tx.insert("", "t", fieldsOfSize(MiB - SYSTEM_FIELDS_BYTES)),
      ),
    );
    read(db, (tx) => {
      for (const id of ids) {
        tx.get("", id);
      }
      expect(() => tx.get("", ids[0] ?? "")).toThrow(
        "Too many bytes read in a single function execution (limit: 16777216 bytes)",
      );
    });
  });

  test("16,000 documents and 16 MiB written", async () => {
    const { db } = await openDatabase();
    await write(db, (tx) => {
      for (let i = 0; i < 16_000; i += 1) {
        tx.insert("", "t", {});
      }
      expect(() => tx.insert("", "t", {})).toThrow(
        "Too many writes in a single function execution (limit: 16000)",
      );
    });
    await write(db, (tx) => {
      for (let i = 0; i < 16; i += 1) {
        tx.insert("", "t", fieldsOfSize(MiB - SYSTEM_FIELDS_BYTES));
      }
      expect(() => tx.insert("", "t", {})).toThrow(
        "Too many bytes written in a single function execution (limit: 16 MiB)",
      );
    });
  });

  test("4,096 intervals", async () => {
    const { db } = await openDatabase();
    const ids = await write(db, (tx) =>
      Array.from({ length: 4097 }, () => tx.insert("", "t", {})),
    );
    read(db, (tx) => {
      for (const id of ids.slice(0, 4096)) {
        tx.get("", id);
      }
      tx.get("", ids[5] ?? "");
      expect(() => tx.get("", ids[4096] ?? "")).toThrow(
        "Too many reads in a single function execution (limit: 4096)",
      );
    });
  });

  test("1,000 scheduled functions and 16 MiB of their arguments", async () => {
    const { db } = await openDatabase();
    read(db, (tx) => {
      for (let i = 0; i < 1000; i += 1) {
        tx.metrics.countScheduled(1);
      }
      expect(() => tx.metrics.countScheduled(1)).toThrow("(limit: 1000)");
    });
    read(db, (tx) => {
      tx.metrics.countScheduled(16 * MiB);
      expect(() => tx.metrics.countScheduled(1)).toThrow("(limit: 16 MiB)");
    });
  });
});

describe("a document with", () => {
  const nested = (levels: number): JSONValue =>
    levels === 0 ? 1 : { a: nested(levels - 1) };
  const manyFields = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`f${i}`, 1]));

  test.each<[string, Record<string, JSONValue>]>([
    ["1 MiB", fieldsOfSize(MiB - SYSTEM_FIELDS_BYTES)],
    ["nesting of 16", { a: nested(15) }],
    ["an array of 8,192", { a: new Array<number>(8192).fill(0) }],
    ["1,024 fields in an object", { a: manyFields(1024) }],
    ["a field name of 1,024", { ["a".repeat(1024)]: 1 }],
    ["field names with spaces", { "a b": 1 }],
    [
      "values that JSON lacks",
      {
        a: { $integer: "AQAAAAAAAAA=" },
        b: { $bytes: "AA==" },
        c: { $float: "AAAAAAAA+H8=" },
      },
    ],
  ])("%s is accepted", async (_, fields) => {
    const { db } = await openDatabase();
    const id = await write(db, (tx) => tx.insert("", "t", fields));
    expect(read(db, (tx) => tx.get("", id)?.value)).toMatchObject(fields);
  });

  test.each<[string, Record<string, JSONValue>, string]>([
    [
      "a byte more",
      fieldsOfSize(MiB - SYSTEM_FIELDS_BYTES + 1),
      "Value is too large (1.00 MiB > maximum size 1 MiB)",
    ],
    [
      "nesting of 17",
      { a: nested(16) },
      "nested 17 levels deep > maximum nesting 16",
    ],
    [
      "an array of 8,193",
      { a: new Array<number>(8193).fill(0) },
      "Array length is too long (8193 > maximum length 8192)",
    ],
    [
      "1,025 fields",
      { a: manyFields(1025) },
      "Object has too many fields (1025 > maximum number 1024)",
    ],
    [
      "a field name of 1,025",
      { ["a".repeat(1025)]: 1 },
      "exceeds maximum field name length 1024",
    ],
    [
      "a field name with $",
      { $a: 1, b: 2 },
      "starts with '$', which is reserved",
    ],
    [
      "a nested field name with $",
      { b: { $a: 1 } },
      "starts with '$', which is reserved",
    ],
    ["a field name beyond ASCII", { é: 1 }, "non-control ASCII"],
    ["a system field", { _x: 1 }, "Field '_x' starts with an underscore"],
  ])("%s is refused", async (_, fields, text) => {
    const { db } = await openDatabase();
    await expect(write(db, (tx) => tx.insert("", "t", fields))).rejects.toThrow(
      text,
    );
  });
});
