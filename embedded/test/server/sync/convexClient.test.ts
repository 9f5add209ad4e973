import { ConvexClient } from "convex/browser";
import { ConvexReactClient } from "convex/react";
import { makeFunctionReference } from "convex/server";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { TestDeployment } from "../../support/deployment.js";
import { APP } from "./app.js";

const query = makeFunctionReference<"query">;
const mutation = makeFunctionReference<"mutation">;
const action = makeFunctionReference<"action">;

let deployment: TestDeployment;
const clients: ConvexClient[] = [];
const sockets: WebSocket[] = [];

class TrackedSocket extends WebSocket {
  constructor(url: string) {
    super(url);
    sockets.push(this);
  }
}

function connect(): ConvexClient {
  const client = new ConvexClient(deployment.url, {
    webSocketConstructor:
      TrackedSocket as unknown as typeof globalThis.WebSocket,
    logger: false,
    unsavedChangesWarning: false,
  });
  clients.push(client);
  return client;
}

/** Results of a query, in order. */
function watch(client: ConvexClient, path: string, args: object = {}) {
  const shown: unknown[] = [];
  client.onUpdate(
    query(path),
    args,
    (value: unknown) => shown.push(value),
    (error) => shown.push(error),
  );
  return shown;
}

beforeAll(async () => {
  deployment = await TestDeployment.open();
  expect(await deployment.push(APP)).toMatchObject({ status: 200 });
});

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  sockets.length = 0;
});

afterAll(() => deployment.remove());

describe("a ConvexClient", () => {
  test("sees its own and others' changes, at the latest when its mutation resolves", async () => {
    const client = connect();
    const shown = watch(client, "f:get", { name: "a" });
    await expect.poll(() => shown).toEqual([null]);
    await client.mutation(mutation("f:add"), { name: "a" });
    expect(shown).toEqual([null, 1]);
    await connect().mutation(mutation("f:add"), { name: "a" });
    await deployment.post("/api/mutation", {
      path: "f:add",
      args: { name: "a" },
    });
    await expect.poll(() => shown).toEqual([null, 1, 2, 3]);
  });

  test("gets the errors of functions, and of queries again when data changes", async () => {
    const client = connect();
    await expect(client.mutation(mutation("f:fail"), {})).rejects.toMatchObject(
      { data: { code: 7 } },
    );
    await expect(client.mutation(mutation("f:nothing"), {})).rejects.toThrow(
      "Could not find public function for 'f:nothing'",
    );
    const shown = watch(client, "f:positive", { name: "p" });
    await expect.poll(() => shown).toMatchObject([{ data: { n: 0 } }]);
    await client.mutation(mutation("f:add"), { name: "p" });
    expect(shown).toMatchObject([{ data: { n: 0 } }, 1]);
  });

  test("runs actions, whose writes it sees", async () => {
    const client = connect();
    const shown = watch(client, "f:get", { name: "twice" });
    expect(await client.action(action("f:addTwice"), { name: "twice" })).toBe(
      "done",
    );
    await expect.poll(() => shown.at(-1)).toBe(2);
  });

  test("loses and repeats no mutation when its socket drops, and keeps their order", async () => {
    const client = connect();
    const shown = watch(client, "f:get", { name: "drops" });
    await expect.poll(() => shown).toEqual([null]);
    // In the moment after a commit, no part of it is answered yet.
    let commits = 0;
    const stop = deployment.inner.onCompletion(({ path }) => {
      if (path === "f.js:add" && ++commits === 4) sockets.at(-1)?.terminate();
    });
    const done = Array.from({ length: 40 }, () =>
      client.mutation(mutation("f:add"), { name: "drops" }),
    );
    await Promise.all(done);
    stop();
    expect(shown.at(-1)).toBe(40);
    expect(shown).toEqual([...shown].sort((a, b) => Number(a) - Number(b)));
    expect(sockets).toHaveLength(2);
  });

  test("keeps the pages of a paginated query without gaps while rows come", async () => {
    const client = connect();
    const first = watch(client, "f:page", {
      paginationOpts: { cursor: null, numItems: 2 },
    }) as { page: { name: string }[]; continueCursor: string }[];
    await expect.poll(() => first.length).toBe(1);
    const before = first.at(-1)!;
    const { body } = await deployment.post("/api/mutation", {
      path: "f:add",
      args: { name: "a", by: 10 },
    });
    expect(body).toMatchObject({ status: "success" });
    await expect.poll(() => first.length).toBe(2);
    const after = first.at(-1)!;
    expect(after.page.map(({ name }) => name)).toEqual(
      before.page.map(({ name }) => name),
    );
    expect(after.continueCursor).toBe(before.continueCursor);
  });

  test("for React works the same way", async () => {
    const client = new ConvexReactClient(deployment.url, {
      webSocketConstructor:
        TrackedSocket as unknown as typeof globalThis.WebSocket,
      logger: false,
      unsavedChangesWarning: false,
    });
    const watched = client.watchQuery(query("f:get"), { name: "react" });
    const shown: unknown[] = [];
    const stop = watched.onUpdate(() => shown.push(watched.localQueryResult()));
    await client.mutation(mutation("f:add"), { name: "react" });
    await expect.poll(() => shown.at(-1)).toBe(1);
    stop();
    await client.close();
  });

  test("gets the results of new code", async () => {
    const client = connect();
    const shown = watch(client, "g:version");
    await expect.poll(() => shown).toHaveLength(1);
    expect(String(shown[0])).toContain("Could not find public function");
    const g = (n: number) =>
      `import { queryGeneric } from "convex/server"; export const version = queryGeneric({ handler: async () => ${n} });`;
    for (const n of [1, 2]) {
      const modules = { ...APP.modules, g: g(n) };
      await deployment.push({ ...APP, modules });
      await expect.poll(() => shown.at(-1)).toBe(n);
    }
  });
});
