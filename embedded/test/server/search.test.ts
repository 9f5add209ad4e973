import { ConvexClient, ConvexHttpClient } from "convex/browser";
import { makeFunctionReference } from "convex/server";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { TestDeployment, type PushedApp } from "../support/deployment.js";
import { pushed } from "../support/pushes.js";

const query = makeFunctionReference<"query">;
const mutation = makeFunctionReference<"mutation">;

/** An app with messages to search, by an index that is there, staged or not there. */
const searching = (index: "there" | "staged" | "gone"): PushedApp => ({
  modules: {
    messages: `
      import { queryGeneric as query, mutationGeneric as mutation } from "convex/server";
      const searched = (ctx, { text, channel }) =>
        ctx.db.query("messages").withSearchIndex("by_body", (q) => {
          const found = q.search("body", text);
          return channel === undefined ? found : found.eq("channel", channel);
        });
      export const search = query({ handler: async (ctx, args) =>
        (await searched(ctx, args).take(10)).map(({ body }) => body) });
      export const page = query({ handler: (ctx, args) => searched(ctx, args).paginate(args.paginationOpts) });
      export const ordered = query({ handler: (ctx, args) => searched(ctx, args).order("desc").collect() });
      export const send = mutation({ handler: async (ctx, args) => {
        const id = await ctx.db.insert("messages", args);
        return { id, found: (await searched(ctx, { text: args.body, channel: args.channel }).collect()).length };
      } });
      export const add = mutation({ handler: (ctx, args) => ctx.db.insert("messages", args) });
      export const move = mutation({ handler: (ctx, { id, channel }) => ctx.db.patch(id, { channel }) });
      export const remove = mutation({ handler: (ctx, { id }) => ctx.db.delete(id) });`,
  },
  schema: `
    import { defineSchema, defineTable } from "convex/server";
    import { v } from "convex/values";
    export default defineSchema({
      messages: defineTable({ body: v.string(), channel: v.string() })
        ${index === "gone" ? "" : `.searchIndex("by_body", { searchField: "body", filterFields: ["channel"], staged: ${index === "staged"} })`}
    });`,
});

const SHOWN = {
  name: "messages.by_body",
  type: "search",
  searchField: "body",
  filterFields: ["channel"],
};

let deployment: TestDeployment;
let http: ConvexHttpClient;

beforeAll(async () => {
  deployment = await TestDeployment.open();
  const { componentDiffs } = await pushed(deployment, searching("there"));
  expect(componentDiffs[""]?.indexDiff).toEqual({
    added_indexes: [SHOWN],
    removed_indexes: [],
  });
  http = new ConvexHttpClient(deployment.url, { logger: false });
});

afterAll(() => deployment.remove());

const send = (body: string, channel = "general") =>
  http.mutation(mutation("messages:send"), { body, channel }) as Promise<{
    id: string;
    found: number;
  }>;
const search = (text: string, channel?: string) =>
  http.query(query("messages:search"), {
    text,
    ...(channel === undefined ? {} : { channel }),
  }) as Promise<string[]>;

test("clients search, page by page as well; a mutation sees its own message", async () => {
  expect(await send("Hello there")).toMatchObject({ found: 1 });
  expect(await send("hello, hello", "other")).toMatchObject({ found: 1 });
  await send("nothing of the kind");
  expect(await search("hel")).toEqual(["hello, hello", "Hello there"]);
  expect(await search("hello", "general")).toEqual(["Hello there"]);
  expect(await search("hello", "none")).toEqual([]);
  const page = (cursor: string | null) =>
    http.query(query("messages:page"), {
      text: "hello",
      paginationOpts: { numItems: 1, cursor },
    }) as Promise<{ page: { body: string }[]; continueCursor: string }>;
  const first = await page(null);
  const second = await page(first.continueCursor);
  expect([...first.page, ...second.page].map(({ body }) => body)).toEqual([
    "hello, hello",
    "Hello there",
  ]);
  await expect(
    http.query(query("messages:ordered"), { text: "hello" }),
  ).rejects.toThrow("Search queries must always be in relevance order.");
});

test("a live search shows what is written, moved and removed, and is not run for the rest", async () => {
  const client = new ConvexClient(deployment.url, {
    webSocketConstructor: WebSocket as unknown as typeof globalThis.WebSocket,
    logger: false,
    unsavedChangesWarning: false,
  });
  try {
    const shown: unknown[] = [];
    client.onUpdate(
      query("messages:search"),
      { text: "zebra", channel: "live" },
      (found: unknown) => shown.push(found),
    );
    await expect.poll(() => shown).toEqual([[]]);
    const change = (path: string, args: object) =>
      client.mutation(mutation(`messages:${path}`), args) as Promise<{
        id: string;
      }>;
    const { id } = await change("send", { body: "a zebra", channel: "live" });
    expect(shown.at(-1)).toEqual(["a zebra"]);
    await change("send", { body: "a horse", channel: "live" });
    await change("move", { id, channel: "elsewhere" });
    expect(shown.at(-1)).toEqual([]);
    await change("move", { id, channel: "live" });
    expect(shown.at(-1)).toEqual(["a zebra"]);
    await change("remove", { id });
    expect(shown).toEqual([[], ["a zebra"], [], ["a zebra"], []]);
  } finally {
    await client.close();
  }
});

test("a staged index is told of, and not there; it is filled when it is staged no longer", async () => {
  await send("unstaged later", "stages");
  const staged = await pushed(deployment, searching("staged"));
  expect(staged.componentDiffs[""]?.indexDiff).toEqual({
    added_indexes: [],
    removed_indexes: [],
    disabled_indexes: [{ ...SHOWN, staged: true }],
  });
  await expect(search("unstaged")).rejects.toThrow(
    "Index messages.by_body is currently staged and not available to query until it is enabled.",
  );
  await http.mutation(mutation("messages:add"), {
    body: "sent meanwhile",
    channel: "stages",
  });
  const enabled = await pushed(deployment, searching("there"));
  expect(enabled.componentDiffs[""]?.indexDiff).toEqual({
    added_indexes: [],
    removed_indexes: [],
    enabled_indexes: [SHOWN],
  });
  expect(await search("unstaged meanwhile")).toHaveLength(2);
  const gone = await pushed(deployment, searching("gone"));
  expect(gone.componentDiffs[""]?.indexDiff).toEqual({
    added_indexes: [],
    removed_indexes: [SHOWN],
  });
  await expect(search("unstaged")).rejects.toThrow(
    "Index messages.by_body not found.",
  );
});
