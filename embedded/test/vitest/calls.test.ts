/** A deployment of a test's own, used as an app's developer would. */
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { ConvexHttpClient } from "convex/browser";
import { ConvexReactClient } from "convex/react";
import { makeFunctionReference } from "convex/server";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import {
  testDeployment,
  TestDeploymentError,
  type TestDeployment,
} from "../../src/vitest/index.js";
import { AppFolder, messages, type DataModel } from "./app.js";

let app: AppFolder;
let t: TestDeployment<DataModel>;

beforeAll(async () => {
  app = await AppFolder.create();
  t = await testDeployment<DataModel>({ app: app.folder });
}, 120_000);
afterAll(async () => {
  await t.close();
  await app.remove();
});

test("functions are called as convex-test calls them, internal ones too", async () => {
  await t.mutation(messages.send, { text: "Hi" });
  expect(await t.query(messages.list)).toEqual(["Hi"]);
  await t.mutation(messages.clear);
  expect(await t.query(messages.list)).toEqual([]);
});

test("what a function throws reaches the test, with the data of a ConvexError", async () => {
  await expect(t.mutation(messages.send, { text: "" })).rejects.toMatchObject({
    name: "ConvexError",
    data: { kind: "empty" },
  });
  await expect(t.mutation(messages.send, {} as never)).rejects.toThrow(
    "missing the required field `text`",
  );
  await expect(
    t.query(makeFunctionReference<"query">("messages:none")),
  ).rejects.toThrow("Could not find function for 'messages:none'");
  await expect(t.query(messages.send as never)).rejects.toThrow(
    "defined as Mutation",
  );
});

test("code of the test runs in a transaction, which what it throws takes back", async () => {
  const failure = new Error("of the test");
  await expect(
    t.run(async (ctx) => {
      await ctx.db.insert("messages", { text: "taken back" });
      throw failure;
    }),
  ).rejects.toBe(failure);
  const texts = await t.run(async (ctx) => {
    const id = await ctx.db.insert("messages", { text: "kept" });
    return [
      (await ctx.db.get(id))?.text,
      (await ctx.db.query("messages").collect()).length,
    ];
  });
  expect(texts).toEqual(["kept", 1]);
  await expect(
    t.run((ctx) => ctx.db.insert("messages", { text: 1 as never })),
  ).rejects.toThrow("does not match");
  const found = await t.query((ctx) => ctx.db.query("messages").collect());
  expect(found).toMatchObject([{ text: "kept" }]);
  await t.mutation(messages.clear);
});

test("an action on the spot calls functions, and one in a component reads its tables", async () => {
  const list = await t.action(async (ctx) => {
    await ctx.runMutation(messages.send, { text: "of an action" });
    return ctx.runQuery(messages.list, {});
  });
  expect(list).toEqual(["of an action"]);
  await t.mutation(messages.clear);
  const runs = await t
    .component("workpool")
    .run((ctx) => ctx.db.query("globals").collect());
  expect(runs).toEqual([]);
});

test("a component that the app does not have is said to be none, and an unknown time too", async () => {
  expect(() => t.component("nope")).toThrow(
    'The app has no component "nope": it has "workpool", "workpool/batchWorker".',
  );
  const walking = testDeployment({ time: "walking" as "running" });
  await expect(walking).rejects.toThrow(
    '`time` must be "standing" or "running", got "walking".',
  );
});

test("files are stored in a transaction of the test", async () => {
  const text = await t.run(async (ctx) => {
    const id = await ctx.storage.store(new Blob(["bytes"]));
    return (await ctx.storage.get(id))?.text();
  });
  expect(text).toBe("bytes");
});

test("users sign in with real tokens, whatever their issuer", async () => {
  const ann = t.withIdentity({ subject: "ann", name: "Ann", role: "admin" });
  const shown = {
    subject: "ann",
    issuer: "https://convex.test",
    tokenIdentifier: "https://convex.test|ann",
    name: "Ann",
    role: "admin",
  };
  expect(await ann.query(messages.who)).toEqual(shown);
  const http = ann.client(ConvexHttpClient);
  expect(await http.query(messages.who)).toEqual(shown);
  const client = ann.client();
  await vi.waitFor(async () =>
    expect(await client.query(messages.who, {})).toEqual(shown),
  );
  const bob = t.withIdentity({ tokenIdentifier: "https://clerk.example|bob" });
  expect(await bob.client(ConvexHttpClient).query(messages.who)).toMatchObject({
    issuer: "https://clerk.example",
    subject: "bob",
  });
  expect(await t.client(ConvexHttpClient).query(messages.who)).toBeNull();
  expect(() =>
    t.withIdentity({ subject: "x", tokenIdentifier: "y|z" }),
  ).toThrow(TestDeploymentError);
});

test("real clients of each kind see what others write", async () => {
  const seen: string[][] = [];
  t.client().onUpdate(messages.list, {}, (list) => {
    seen.push(list);
  });
  const watch = t.client(ConvexReactClient).watchQuery(messages.list, {});
  watch.onUpdate(() => undefined);
  await t.client(ConvexHttpClient).mutation(messages.send, { text: "live" });
  await vi.waitFor(() => expect(seen.at(-1)).toEqual(["live"]));
  await vi.waitFor(() => expect(watch.localQueryResult()).toEqual(["live"]));
  // Clients may call what users may.
  await expect(
    t.client(ConvexHttpClient).mutation(messages.clear),
  ).rejects.toThrow("Could not find public function");
  await t.mutation(messages.clear);
});

test("HTTP actions are called by their path, with the caller's token", async () => {
  const answer = await t
    .withIdentity({ subject: "ann" })
    .fetch("/hook", { method: "POST", body: "hooked" });
  expect([answer.status, await answer.text()]).toEqual([201, "ann"]);
  expect((await fetch(`${t.siteUrl}/nothing`)).status).toBe(404);
  expect(await t.query(messages.list)).toEqual(["hooked"]);
  await t.mutation(messages.clear);
});

test("logs have each execution with its lines, its error and who called", async () => {
  const ofSend = () => t.logs.filter((log) => log.function === "messages:send");
  const before = ofSend().length;
  await t.mutation(messages.send, { text: "logged" });
  await t.mutation(messages.send, { text: "" }).catch(() => undefined);
  expect(ofSend().slice(before)).toEqual([
    {
      function: "messages:send",
      type: "mutation",
      by: "client",
      at: t.clock.now(),
      lines: ["[LOG] 'sending' 'logged'"],
      error: undefined,
    },
    expect.objectContaining({
      lines: [],
      error: expect.stringContaining("ConvexError") as string,
    }),
  ]);
  await t.mutation(messages.clear);
});

test("conflicts are counted", async () => {
  await t.mutation(messages.send, { text: "hot" });
  const calls = Array.from({ length: 20 }, (_, n) =>
    t.mutation(messages.rename, { text: `hot ${n}` }),
  );
  await Promise.all(calls);
  expect(t.conflicts()).toContainEqual(
    expect.objectContaining({
      loser: "messages:rename",
      winner: "messages:rename",
      table: "messages",
    }),
  );
  await t.mutation(messages.clear);
});

test("rows come from tables, and from files of an export", async () => {
  await t.import({ messages: [{ text: "one" }, { text: "two" }] });
  expect(await t.query(messages.list)).toEqual(["one", "two"]);
  const file = path.join(app.folder, "messages.jsonl");
  await writeFile(file, '{"text":"three"}\n');
  await t.import(file, { mode: "append" });
  expect(await t.query(messages.list)).toHaveLength(3);
  await t.import(file);
  expect(await t.query(messages.list)).toEqual(["three"]);
  await expect(t.import({ messages: [{ text: 1 }] })).rejects.toMatchObject({
    kind: "importFailed",
  });
  await expect(t.import("missing.txt")).rejects.toThrow("of no kind");
  await t.mutation(messages.clear);
});

test("environment variables change", async () => {
  expect(await t.query(messages.greeting)).toBeNull();
  await t.setEnv({ GREETING: "hello" });
  expect(await t.query(messages.greeting)).toBe("hello");
  await t.setEnv({ GREETING: null });
  expect(await t.query(messages.greeting)).toBeNull();
});

test("a mocked fetch is what actions call, and what the deployment needs none of", async () => {
  vi.stubGlobal("fetch", () => Promise.resolve(new Response("sunny")));
  try {
    expect(await t.action(messages.look)).toBe("sunny");
    const client = t.withIdentity({
      subject: "new",
      issuer: "https://n.example",
    });
    expect(await client.client().query(messages.list, {})).toEqual([]);
  } finally {
    vi.unstubAllGlobals();
  }
});

test("fake timers are refused, as the deployment would stand still", async () => {
  vi.useFakeTimers();
  try {
    await expect(testDeployment({ app: app.folder })).rejects.toMatchObject({
      kind: "fakeTimers",
    });
    await expect(t.clock.advance("1s")).rejects.toMatchObject({
      kind: "fakeTimers",
    });
  } finally {
    vi.useRealTimers();
  }
});
