// In JavaScript: convex-ents has CommonJS's types, whose Convex is to TypeScript another than this package's.
import {
  addEntRules,
  defineEnt,
  defineEntSchema,
  entsTableFactory,
  getEntDefinitions,
  scheduledDeleteFactory,
} from "convex-ents";
import { makeFunctionReference } from "convex/server";
import { v } from "convex/values";
import { convexTest } from "convex-test";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

const schema = defineEntSchema({
  users: defineEnt({ name: v.string() })
    .field("email", v.string(), { unique: true })
    .field("role", v.union(v.literal("reader"), v.literal("author")), {
      default: "reader",
    })
    .edges("posts", { ref: true })
    .edge("profile", { ref: true })
    .edges("followees", { to: "users", inverse: "followers" }),
  profiles: defineEnt({ bio: v.string() }).edge("user"),
  posts: defineEnt({ title: v.string() })
    .field("slug", v.string(), { index: true })
    .edge("user")
    .edges("tags"),
  tags: defineEnt({ name: v.string() }).edges("posts"),
  covers: defineEnt({}).edge("image", { to: "_storage", deletion: "hard" }),
  shelves: defineEnt({ name: v.string() })
    .edges("books", { ref: true })
    .deletion("scheduled"),
  books: defineEnt({ title: v.string() }).edge("shelf", {
    to: "shelves",
    field: "shelfId",
  }),
  drafts: defineEnt({ isSecret: v.boolean() }).deletion("soft"),
});

const scheduledDelete = makeFunctionReference("ents:scheduledDelete");
const definitions = getEntDefinitions(schema);
const ents = {
  scheduledDelete: scheduledDeleteFactory(definitions, { scheduledDelete }),
};
const modules = {
  "./_generated/api.ts": () => Promise.resolve({}),
  "./ents.ts": () => Promise.resolve(ents),
};

const tables = (ctx) => entsTableFactory(ctx, definitions, { scheduledDelete });

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 1) });
});
afterEach(() => {
  vi.useRealTimers();
});

function setUp() {
  const t = convexTest({ schema, modules });
  return {
    do: (run) => t.mutation((ctx) => run(tables(ctx), ctx)),
    store: (text) =>
      t.action((ctx) => ctx.storage.store(new globalThis.Blob([text]))),
    finish: () => t.finishAllScheduledFunctions(vi.runAllTimers),
  };
}

const author = (table, name) =>
  table("users").insert({ name, email: `${name}@example.com` });

test("unique fields and defaults", async () => {
  const app = setUp();
  const id = await app.do((table) => author(table, "ann"));
  expect(
    await app.do((table) =>
      table("users").getX("email", "ann@example.com").doc(),
    ),
  ).toMatchObject({ _id: id, name: "ann" });
  expect(
    await app.do(async (table) => (await table("users").getX(id)).role),
  ).toBe("reader");
  await expect(app.do((table) => author(table, "ann"))).rejects.toThrow(
    /existing/,
  );
  const bob = await app.do((table) => author(table, "bob"));
  await expect(
    app.do((table) =>
      table("users").getX(bob).patch({ email: "ann@example.com" }),
    ),
  ).rejects.toThrow(/existing/);
  expect(await app.do((table) => table("users").get("email", "x"))).toBeNull();
});

test("edges to one, of one to many, and of many to many, from both ends", async () => {
  const app = setUp();
  await app.do(async (table) => {
    const ann = await author(table, "ann");
    const bob = await table("users").insert({
      name: "bob",
      email: "bob@example.com",
      followees: [ann],
    });
    await table("profiles").insert({ bio: "writes", userId: ann });
    const tags = await table("tags").insertMany([{ name: "a" }, { name: "b" }]);
    await table("posts").insert({ title: "1", slug: "one", userId: ann, tags });
    await table("posts").insert({
      title: "2",
      slug: "two",
      userId: bob,
      tags: [tags[1]],
    });
  });
  const seen = await app.do(async (table) => ({
    posts: await table("users")
      .getX("email", "ann@example.com")
      .edge("posts")
      .map(({ title }) => title),
    bio: (
      await table("users").getX("email", "ann@example.com").edgeX("profile")
    ).bio,
    author: (
      await table("posts", "slug", (q) => q.eq("slug", "two"))
        .uniqueX()
        .edge("user")
    ).name,
    tagged: await table("tags").map(async (tag) => [
      tag.name,
      await tag.edge("posts").map(({ title }) => title),
    ]),
    followers: await table("users")
      .getX("email", "ann@example.com")
      .edge("followers")
      .map(({ name }) => name),
    page: (
      await table("posts")
        .order("desc")
        .paginate({ cursor: null, numItems: 1 })
        .map(({ title }) => title)
    ).page,
  }));
  expect(seen).toEqual({
    posts: ["1"],
    bio: "writes",
    author: "bob",
    tagged: [
      ["a", ["1"]],
      ["b", ["1", "2"]],
    ],
    followers: ["bob"],
    page: ["2"],
  });
  const changed = await app.do(async (table) => {
    const [a, b] = await table("tags").take(2);
    const post = table("posts", "slug", (q) => q.eq("slug", "two")).uniqueX();
    await post.patch({ tags: { add: [a._id], remove: [b._id] } });
    return await table("tags").map(
      async (tag) => (await tag.edge("posts")).length,
    );
  });
  expect(changed).toEqual([2, 1]);
});

test("what hangs on an ent goes with it", async () => {
  const app = setUp();
  const left = await app.do(async (table) => {
    const ann = await author(table, "ann");
    await table("profiles").insert({ bio: "writes", userId: ann });
    const tags = await table("tags").insertMany([{ name: "a" }]);
    await table("posts").insert({ title: "1", slug: "one", userId: ann, tags });
    await table("users").getX(ann).delete();
    return await Promise.all(
      ["users", "profiles", "posts", "tags"].map(
        async (name) => (await table(name)).length,
      ),
    );
  });
  expect(left).toEqual([0, 0, 0, 1]);
});

test("a stored file goes with the ent that has it", async () => {
  const app = setUp();
  const imageId = await app.store("image");
  const cover = await app.do((table) => table("covers").insert({ imageId }));
  const files = () =>
    app.do((_table, ctx) => ctx.db.system.query("_storage").collect());
  expect(await files()).toHaveLength(1);
  await app.do((table) => table("covers").getX(cover).delete());
  expect(await files()).toEqual([]);
});

test("a scheduled deletion marks at once, and deletes what hangs on it later", async () => {
  const app = setUp();
  const shelf = await app.do(async (table) => {
    const shelfId = await table("shelves").insert({ name: "top" });
    await table("books").insertMany(
      Array.from({ length: 300 }, (_, n) => ({ title: `${n}`, shelfId })),
    );
    return shelfId;
  });
  await app.do((table) => table("shelves").getX(shelf).delete());
  expect(
    await app.do(
      async (table) => (await table("shelves").getX(shelf)).deletionTime,
    ),
  ).toBe(Date.now());
  await app.finish();
  expect(await app.do((table) => table("shelves").get(shelf))).toBeNull();
  expect(await app.do(async (table) => (await table("books")).length)).toBe(0);
});

test("a soft deletion marks, and rules hide", async () => {
  const app = setUp();
  const [secret, plain] = await app.do((table) =>
    table("drafts").insertMany([{ isSecret: true }, { isSecret: false }]),
  );
  await app.do((table) => table("drafts").getX(plain).delete());
  const ruled = (ctx) =>
    entsTableFactory(
      ctx,
      addEntRules(definitions, {
        drafts: {
          read: (draft) => Promise.resolve(!draft.isSecret),
          write: ({ operation }) => Promise.resolve(operation !== "create"),
        },
      }),
    );
  expect(await app.do((_table, ctx) => ruled(ctx)("drafts"))).toMatchObject([
    { _id: plain, deletionTime: Date.now() },
  ]);
  expect(
    await app.do((_table, ctx) => ruled(ctx)("drafts").get(secret)),
  ).toBeNull();
  await expect(
    app.do((_table, ctx) => ruled(ctx)("drafts").insert({ isSecret: false })),
  ).rejects.toThrow(/Cannot insert/);
});
