import type { JSONValue } from "convex/values";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TestDeployment } from "../../support/deployment.js";
import { paginationOpts, SystemClient } from "./client.js";

let client: SystemClient;
let deployment: TestDeployment;
let ask: SystemClient["ask"];
let change: SystemClient["change"];

beforeAll(async () => {
  client = await SystemClient.open();
  ({ deployment, ask, change } = client);
});

afterAll(() => deployment.remove());

const PLACEHOLDER =
  "__CONVEX_PLACEHOLDER_undefined_I23atX0jcndVbFgXoQZffsih7eAqktCyFjgUuAeNBtfr3ySOljPSPSEOPFgprkdBO3zXNiGEJxmJ5ZFPc5C5qKesG80QRPvlJe8vgSxAt9feLTwxTg4PHfVwUaTEJU67FDwldWmTxp1guMPwxQ2jOuhEryTBf3mQ";

interface Row extends Record<string, JSONValue> {
  _id: string;
  name: string;
}

const filters = (expression: object) =>
  Buffer.from(JSON.stringify(expression)).toString("base64");
const names = ({ page }: { page: Row[] }) => page.map(({ name }) => name);
const rowsOf = async (expression: object | null, more: object = {}) =>
  ask<{ page: Row[]; isDone: boolean; continueCursor: string }>(
    "paginatedTableDocuments",
    {
      table: "notes",
      paginationOpts,
      filters: expression && filters(expression),
      ...more,
    },
  );

describe("who may call a system function", () => {
  test("nobody without the key", async () => {
    expect(await client.call("query", "listCronJobs", {}, {})).toMatchObject({
      status: 403,
    });
    expect(
      await client.call("mutation", "createTable", { table: "sneaked" }, {}),
    ).toMatchObject({ status: 403 });
    expect(await ask("_system/cli/tables", { paginationOpts })).toMatchObject({
      page: [{ name: "notes" }],
    });
  });

  test("one that there is not is refused by its name, as are other arguments", async () => {
    expect(await client.call("query", "nothing")).toMatchObject({
      status: 404,
      body: {
        message: expect.stringContaining("_system/frontend/nothing") as string,
      },
    });
    expect(
      await client.call("query", "tableSize", { table: "notes" }),
    ).toMatchObject({
      status: 200,
      body: {
        status: "error",
        errorMessage: expect.stringContaining(
          "ArgumentValidationError: Object",
        ) as string,
      },
    });
    expect(
      await client.call("query", "tableSize", {
        tableName: "notes",
        componentId: "nobody",
      }),
    ).toMatchObject({
      body: {
        status: "error",
        errorMessage: expect.stringContaining('"nobody"') as string,
      },
    });
  });
});

describe("documents", () => {
  beforeAll(async () => {
    await deployment.post("/api/mutation", {
      path: "folder/app:fill",
      args: {
        rows: [
          { name: "a", n: 1 },
          { name: "b", n: 2, tag: "x" },
          { name: "b", n: 3, tag: null },
          { name: "c", n: 4, tag: "y" },
        ],
      },
    });
  });

  test("are read by pages, the newest first", async () => {
    const first = await rowsOf(null, {
      paginationOpts: { cursor: null, numItems: 3 },
    });
    expect(names(first)).toEqual(["c", "b", "b"]);
    expect(first.isDone).toBe(false);
    const { continueCursor: cursor } = first;
    const second = await rowsOf(null, {
      paginationOpts: { cursor, numItems: 3 },
    });
    expect(names(second)).toEqual(["a"]);
    expect(second.isDone).toBe(true);
  });

  test.each<[string, object, string[]]>([
    [
      "a comparison",
      { clauses: [{ op: "gte", field: "n", value: 3 }] },
      ["c", "b"],
    ],
    ["an order", { clauses: [], order: "asc" }, ["a", "b", "b", "c"]],
    [
      "a clause that is off",
      { clauses: [{ op: "eq", field: "n", value: 3, enabled: false }] },
      ["c", "b", "b", "a"],
    ],
    [
      "values",
      { clauses: [{ op: "anyOf", field: "tag", value: ["x", "y"] }] },
      ["c", "b"],
    ],
    [
      "a type",
      { clauses: [{ op: "type", field: "tag", value: "unset" }] },
      ["a"],
    ],
    [
      "another type",
      { clauses: [{ op: "notype", field: "tag", value: "string" }] },
      ["b", "a"],
    ],
    [
      "an index",
      {
        clauses: [],
        index: {
          name: "by_name",
          clauses: [{ type: "indexEq", enabled: true, value: "b" }],
        },
      },
      ["b", "b"],
    ],
    [
      "a range of an index",
      {
        clauses: [],
        order: "asc",
        index: {
          name: "by_name",
          clauses: [
            { type: "indexEq", enabled: true, value: "b" },
            { type: "indexRange", enabled: true, lowerOp: "gt", lowerValue: 2 },
          ],
        },
      },
      ["b"],
    ],
    [
      "a search",
      {
        clauses: [{ op: "lt", field: "n", value: 4 }],
        order: "asc",
        index: {
          name: "words",
          search: "b",
          clauses: [{ field: "tag", enabled: true, value: "x" }],
        },
      },
      ["b"],
    ],
  ])("are filtered by %s", async (_what, expression, expected) => {
    expect(names(await rowsOf(expression))).toEqual(expected);
  });

  test("what is wrong with a filter comes back in place of them", async () => {
    expect(
      await rowsOf({ clauses: [{ op: "eq", field: "n", value: { $bad: 1 } }] }),
    ).toMatchObject({
      page: [{ filter: 0, error: 'Invalid value: {"$bad":1}.' }],
    });
    expect(
      await rowsOf({ clauses: [], index: { name: "gone", clauses: [] } }),
    ).toMatchObject({
      page: [
        { filter: -1, error: expect.stringContaining('"gone"') as string },
      ],
    });
    const { body } = await client.call("query", "paginatedTableDocuments", {
      table: "notes",
      paginationOpts,
      filters: "?",
    });
    expect(body.status).toBe("error");
  });

  test("are counted, scanned, and found by id", async () => {
    expect(await ask("tableSize", { tableName: "notes" })).toBe(4);
    expect(await ask("tableSize:sizeOfAllTables")).toBe(4);
    const [newest] = await ask<Row[]>("listTableScan", {
      table: "notes",
      limit: 1,
    });
    const id = newest!._id;
    expect(
      names(await rowsOf({ clauses: [{ op: "eq", field: "_id", value: id }] })),
    ).toEqual(["c"]);
    expect(await ask("getById", { id })).toEqual(newest);
    expect(
      await ask("listById", {
        ids: [
          { id, tableName: "notes" },
          { id: "x", tableName: "notes" },
        ],
      }),
    ).toEqual([newest, null]);
    const mapping = await ask<Record<string, string>>("getTableMapping");
    expect(Object.values(mapping)).toContain("notes");
  });

  test("are changed, and the audit log tells", async () => {
    await change("addDocument", {
      table: "notes",
      documents: [{ name: "d", n: 5 }],
    });
    const [added] = await ask<Row[]>("listTableScan", {
      table: "notes",
      limit: 1,
    });
    const id = added!._id;
    await change("replaceDocument", {
      id,
      document: { name: "d", n: 6, tag: "z" },
    });
    const unset = filters({
      clauses: [{ op: "eq", field: "tag", value: PLACEHOLDER }],
    });
    await change("patchDocumentsFields", {
      table: "notes",
      ids: [id],
      fields: { n: 7, tag: PLACEHOLDER },
    });
    expect(await ask("getById", { id })).toMatchObject({ name: "d", n: 7 });
    expect(
      await ask("paginatedTableDocuments", {
        table: "notes",
        paginationOpts,
        filters: unset,
      }),
    ).toMatchObject({
      page: [{ name: "d" }, { name: "a" }],
    });
    await change("deleteDocuments", { toDelete: [{ id, tableName: "notes" }] });
    expect(await ask("getById", { id })).toBeNull();
    const events = await client.auditLog([
      "add_documents",
      "update_documents",
      "delete_documents",
    ]);
    const metadata = {
      component_id: null,
      component: null,
      table: "notes",
      document_ids: [id],
    };
    expect(events.map(({ action }) => action)).toEqual([
      "delete_documents",
      "update_documents",
      "update_documents",
      "add_documents",
    ]);
    expect(events[0]).toMatchObject({
      metadata,
      member_id: { $integer: "AAAAAAAAAAA=" },
      token_id: null,
    });
  });

  test("that the schema refuses change nothing, and say why as a ConvexError does", async () => {
    const { body } = await client.call("mutation", "addDocument", {
      table: "notes",
      documents: [
        { name: "e", n: 8 },
        { name: 9, n: 9 },
      ],
    });
    expect(body).toMatchObject({
      status: "error",
      errorData: expect.stringContaining("v.string()") as string,
    });
    expect(await ask("tableSize", { tableName: "notes" })).toBe(4);
  });

  test("are made and cleared in a component by its id", async () => {
    const componentId = "part";
    const documents = [
      { name: "p", n: 1 },
      { name: "q", n: 2 },
    ];
    await change("addDocument", { table: "parts", documents, componentId });
    expect(await ask("tableSize", { tableName: "parts", componentId })).toBe(2);
    expect(
      await change("clearTablePage", {
        tableName: "parts",
        cursor: null,
        componentId,
      }),
    ).toMatchObject({
      deleted: 2,
      hasMore: false,
    });
    const [event] = await client.auditLog(["delete_documents"]);
    expect(event).toMatchObject({
      metadata: { component: "part", table: "parts" },
    });
  });
});
