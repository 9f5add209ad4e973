import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";
import { expect, test } from "vitest";
import type { Database } from "../../../src/database/database.js";
import type {
  QueryJson,
  QueryPageRequest,
  QueryPageResult,
} from "../../../src/database/types.js";
import {
  bound,
  byIndex,
  openDatabase,
  pushSchema,
  read,
  write,
} from "../../support/database.js";

const schema = defineSchema({
  t: defineTable({ i: v.number(), pad: v.optional(v.string()) }).index("by_i", [
    "i",
  ]),
});

async function databaseWith(rows: number, pad = ""): Promise<Database> {
  const { db } = await openDatabase();
  await pushSchema(db, "", schema);
  await write(db, (tx) => {
    for (let i = 0; i < rows; i += 1) {
      tx.insert("", "t", { i, pad });
    }
  });
  return db;
}

function page(
  db: Database,
  request: Partial<QueryPageRequest> = {},
): QueryPageResult {
  return read(db, (tx) =>
    tx.queryPage("", {
      query: byIndex("t.by_i"),
      cursor: null,
      pageSize: 4,
      ...request,
    }),
  );
}

const numbers = (result: QueryPageResult) =>
  result.page.map(({ value }) => value["i"]);

test.each(["asc", "desc"] as const)(
  "pages walk the index, %s",
  async (order) => {
    const db = await databaseWith(10);
    const query = byIndex("t.by_i", [], order);
    const seen: unknown[] = [];
    let cursor: string | null = null;
    for (;;) {
      const result: QueryPageResult = page(db, { query, cursor });
      seen.push(...numbers(result));
      cursor = result.continueCursor;
      if (result.isDone) {
        break;
      }
    }
    const expected = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
    expect(seen).toEqual(order === "asc" ? expected : expected.reverse());
  },
);

test("a full last page is not done; the page after it is empty and done", async () => {
  const db = await databaseWith(8);
  const first = page(db, { pageSize: 8 });
  expect(first.isDone).toBe(false);
  const second = page(db, { pageSize: 8, cursor: first.continueCursor });
  expect(numbers(second)).toEqual([]);
  expect(second.isDone).toBe(true);
  const third = page(db, { cursor: second.continueCursor });
  expect(third).toMatchObject({ page: [], isDone: true });
});

test("an end cursor overrides the page size and is inclusive", async () => {
  const db = await databaseWith(10);
  const first = page(db, { pageSize: 3 });
  const second = page(db, { pageSize: 4, cursor: first.continueCursor });
  await write(db, (tx) => {
    tx.insert("", "t", { i: 3.5 });
    tx.insert("", "t", { i: 100 });
  });
  const again = page(db, {
    pageSize: 1,
    cursor: first.continueCursor,
    endCursor: second.continueCursor,
  });
  expect(numbers(again)).toEqual([3, 3.5, 4, 5, 6]);
  expect(again.continueCursor).toBe(second.continueCursor);
  expect(again.isDone).toBe(false);
});

test("an end cursor is inclusive downwards too", async () => {
  const db = await databaseWith(10);
  const query = byIndex("t.by_i", [], "desc");
  const first = page(db, { query, pageSize: 3 });
  const again = page(db, {
    query,
    pageSize: 1,
    endCursor: first.continueCursor,
  });
  expect(numbers(again)).toEqual([9, 8, 7]);
});

test("a page from the end stays there, also with an end cursor before it", async () => {
  const db = await databaseWith(4);
  const first = page(db, { pageSize: 2 });
  const last = page(db, { pageSize: 9 });
  expect(last.isDone).toBe(true);
  const again = page(db, {
    cursor: last.continueCursor,
    endCursor: first.continueCursor,
  });
  expect(again).toMatchObject({
    page: [],
    isDone: true,
    continueCursor: last.continueCursor,
  });
});

test("a page after its own end cursor is empty and goes back to it", async () => {
  const db = await databaseWith(6);
  const first = page(db, { pageSize: 2 });
  const second = page(db, { pageSize: 2, cursor: first.continueCursor });
  const again = page(db, {
    cursor: second.continueCursor,
    endCursor: first.continueCursor,
  });
  expect(again).toMatchObject({
    page: [],
    isDone: false,
    continueCursor: first.continueCursor,
  });
});

test("the row limit cuts a page short with the status SplitRequired", async () => {
  const db = await databaseWith(10);
  const filter = { $gte: [{ $field: "i" }, { $literal: 3 }] };
  const query: QueryJson = { ...byIndex("t.by_i"), operators: [{ filter }] };
  const result = page(db, { query, maximumRowsRead: 5 });
  expect(numbers(result)).toEqual([3, 4]);
  expect(result.pageStatus).toBe("SplitRequired");
  expect(result.isDone).toBe(false);
  const rest = page(db, { query, cursor: result.continueCursor });
  expect(numbers(rest)).toEqual([5, 6, 7, 8]);
});

test("a page has at least one row, whatever the byte limit", async () => {
  const db = await databaseWith(3, "x".repeat(1000));
  const result = page(db, { maximumBytesRead: 10 });
  expect(numbers(result)).toEqual([0]);
  expect(result.pageStatus).toBe("SplitRequired");
});

test("a page beyond three quarters of a limit recommends a split at its middle", async () => {
  const db = await databaseWith(10);
  expect(page(db, { pageSize: 6, maximumRowsRead: 8 }).pageStatus).toBeNull();
  const result = page(db, { pageSize: 7, maximumRowsRead: 8 });
  expect(result.pageStatus).toBe("SplitRecommended");
  const half = page(db, { endCursor: result.splitCursor });
  expect(numbers(half)).toEqual([0, 1, 2, 3]);
});

test("a cursor of another query is refused with Convex's error data", async () => {
  const db = await databaseWith(5);
  const { continueCursor } = page(db);
  const other = byIndex("t.by_i", [bound("Gt", "i", 1)]);
  const refusal = expect.objectContaining({
    data: { isConvexSystemError: true, paginationError: "InvalidCursor" },
  }) as Error;
  expect(() => page(db, { query: other, cursor: continueCursor })).toThrow(
    refusal,
  );
  expect(() => page(db, { cursor: "nonsense" })).toThrow(refusal);
});

test.each([
  [{ pageSize: 0 }, "at least 1 document"],
  [{ pageSize: 32_001 }, "too many items: 32001"],
  [{ maximumRowsRead: 0 }, "greater than 0"],
])("%j is refused", async (request, text) => {
  const db = await databaseWith(1);
  expect(() => page(db, request)).toThrow(text);
});

test("a missing table has one empty page", async () => {
  const { db } = await openDatabase();
  const query = byIndex("none.by_creation_time");
  expect(page(db, { query })).toMatchObject({ page: [], isDone: true });
});
