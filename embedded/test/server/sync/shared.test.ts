/** Live queries that several clients share, and how they give way. */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { TestDeployment } from "../../support/deployment.js";
import { SyncClient } from "../../support/syncClient.js";
import { APP } from "./app.js";

const CLIENTS = 50;

let deployment: TestDeployment;
const clients: SyncClient[] = [];
let queries: string[] = [];
let stop = () => {};

beforeAll(async () => {
  deployment = await TestDeployment.open();
  const modules = {
    ...APP.modules,
    t: `
      import { queryGeneric } from "convex/server";
      export const now = queryGeneric({ handler: async (ctx) => {
        await ctx.db.query("counters").first();
        return Date.now();
      } });
      export const dice = queryGeneric({ handler: async () => Math.random() });
      export const never = queryGeneric({ handler: async (ctx) => {
        const first = await ctx.db.query("counters").withIndex("by_name", (q) => q.eq("name", "stuck")).first();
        if (first !== null) await new Promise(() => {});
        return null;
      } });
      export const ownPage = queryGeneric({ handler: async (ctx) => {
        const all = await ctx.db.query("counters").withIndex("by_name", (q) => q.eq("name", "private")).first();
        return all === null ? "nothing" : (await ctx.auth.getUserIdentity())?.subject ?? "nobody";
      } });`,
  };
  expect(await deployment.push({ ...APP, modules })).toMatchObject({
    status: 200,
  });
  stop = deployment.inner.onCompletion(({ udfType, path }) => {
    if (udfType === "Query") queries.push(path);
  });
});

afterEach(() => {
  for (const client of clients.splice(0)) client.drop();
  queries = [];
});

afterAll(async () => {
  stop();
  await deployment.remove();
});

async function connect(sessionId = "session"): Promise<SyncClient> {
  const client = await SyncClient.connect(deployment.url, { sessionId });
  clients.push(client);
  return client;
}

function connectMany(count = CLIENTS): Promise<SyncClient[]> {
  return Promise.all(
    Array.from({ length: count }, (_, n) => connect(`client-${n}`)),
  );
}

function next(all: readonly SyncClient[]) {
  return Promise.all(all.map((client) => client.next("Transition")));
}

async function add(name: string): Promise<void> {
  expect(
    await deployment.post("/api/mutation", { path: "f:add", args: { name } }),
  ).toMatchObject({ status: 200, body: { status: "success" } });
}

test("clients that ask the same share one run, at first and after every commit", async () => {
  const many = await connectMany();
  // The next one comes while nothing is under way.
  many[0]!.watch("f:get", { name: "shared" });
  await many[0]!.next("Transition");
  for (const [n, client] of many.slice(1).entries()) {
    client.watch("f:get", { name: "shared" }, { id: 1, queryId: 10 + n });
  }
  for (const { modifications } of await next(many.slice(1))) {
    expect(modifications).toMatchObject([{ value: null }]);
  }
  expect(queries).toEqual(["f.js:get"]);
  for (let n = 1; n <= 3; n += 1) {
    queries = [];
    await add("shared");
    const transitions = await next(many);
    for (const [index, { modifications }] of transitions.entries()) {
      const queryId = index === 0 ? 1 : 9 + index;
      expect(modifications).toMatchObject([{ queryId, value: n }]);
    }
    expect(
      new Set(transitions.map(({ endVersion }) => endVersion.ts)).size,
    ).toBe(1);
    expect(queries).toEqual(["f.js:get"]);
  }
});

test("a query that nobody watches any more is run again for the next one", async () => {
  const first = await connect("first");
  first.watch("f:get", { name: "left" });
  await first.next("Transition");
  first.say({
    ...{ type: "ModifyQuerySet", baseVersion: 1, newVersion: 2 },
    modifications: [{ type: "Remove", queryId: 1 }],
  });
  await first.next("Transition");
  await add("left");
  first.watch("f:get", { name: "left" }, { id: 3, baseVersion: 2 });
  const { modifications } = await first.next("Transition");
  expect(modifications).toMatchObject([{ queryId: 3, value: 1 }]);
});

test("a result is shared among users unless the function asked who they are", async () => {
  const [ann, bob, cy, eve] = await connectMany(4);
  const users = [ann!, bob!, cy!];
  for (const [n, client] of users.entries()) {
    client.say({
      ...{ type: "Authenticate", baseVersion: 0, tokenType: "Admin" },
      value: deployment.adminKey,
      impersonating: {
        issuer: "i",
        subject: n === 2 ? "bob" : `${["ann", "bob"][n]}`,
      },
    });
  }
  const all = [...users, eve!];
  for (const client of users) await client.next("Transition");
  for (const client of all) client.watch("t:ownPage");
  for (const { modifications } of await next(all)) {
    expect(modifications).toMatchObject([{ value: "nothing" }]);
  }
  expect(queries).toEqual(["t.js:ownPage"]);
  queries = [];
  // From now on the function asks.
  await add("private");
  const values = async () => (await next(all)).map(valueOf);
  expect(await values()).toEqual(["ann", "bob", "bob", "nobody"]);
  expect(queries).toHaveLength(3);
  // A user who signs out sees what nobody sees.
  bob!.say({ type: "Authenticate", baseVersion: 1, tokenType: "None" });
  const { modifications } = await bob!.next("Transition");
  expect(modifications).toMatchObject([{ value: "nobody" }]);
});

test("a result that depends on the time is not shown to those who come much later", async () => {
  const [early, late] = await connectMany(2);
  early!.watch("t:now");
  late!.watch("t:dice");
  const now = await early!.next("Transition");
  const dice = await late!.next("Transition");
  late!.watch("t:now", {}, { id: 2 });
  early!.watch("t:dice", {}, { id: 2 });
  const value = async (client: SyncClient) =>
    valueOf(await client.next("Transition"));
  expect(await value(late!)).toBe(valueOf(now));
  expect(await value(early!)).toBe(valueOf(dice));
  expect(queries).toHaveLength(2);
});

test("calls are answered between the runs of many queries, and other clients' changes shown", async () => {
  const QUERIES = 5_000;
  const [heavy, light, writer] = await connectMany(3);
  heavy!.say({
    ...{ type: "ModifyQuerySet", baseVersion: 0, newVersion: 1 },
    modifications: Array.from({ length: QUERIES }, (_, queryId) => ({
      ...{ type: "Add", queryId, udfPath: "f:sumOf" },
      args: [{ names: ["every"], n: queryId }],
    })),
  });
  light!.watch("f:get", { name: "light" });
  await next([heavy!, light!]);
  queries = [];
  await add("every");
  const ran = () => queries.filter((path) => path === "f.js:sumOf").length;
  await expect.poll(ran).toBeGreaterThan(0);
  for (let n = 1; n <= 3; n += 1) {
    writer!.call("Mutation", n, "f:add", { name: "light" });
    await writer!.next("MutationResponse");
    // The writer's own transition, for which its promise waits, comes at once, too.
    await writer!.next("Transition");
    expect(ran()).toBeLessThan(QUERIES);
  }
  expect([1, 2, 3]).toContain(valueOf(await light!.next("Transition")));
  expect(ran()).toBeLessThan(QUERIES);
  const { modifications } = await heavy!.next("Transition");
  expect(modifications).toHaveLength(QUERIES);
});

test("a query that never ends keeps no other from running", async () => {
  const stuck = await connectMany();
  const other = await connect("other");
  for (const client of stuck) client.watch("t:never");
  other.watch("f:get", { name: "stuck" });
  await next([...stuck, other]);
  for (let n = 1; n <= 3; n += 1) {
    await add("stuck");
    expect(valueOf(await other.next("Transition"))).toBe(n);
  }
  // The first one has ended; one more is under way for all of them.
  expect(queries.filter((path) => path === "t.js:never")).toHaveLength(1);
});

test("many commits at once are shown as one change", async () => {
  const many = await connectMany();
  for (const client of many) client.watch("f:get", { name: "burst" });
  await next(many);
  queries = [];
  const COMMITS = 200;
  await Promise.all(Array.from({ length: COMMITS }, () => add("burst")));
  const last = await Promise.all(
    many.map(async (client) => {
      for (let transitions = 1; ; transitions += 1) {
        const { modifications } = await client.next("Transition");
        const [change] = modifications;
        if (change?.type === "QueryUpdated" && change.value === COMMITS) {
          return transitions;
        }
      }
    }),
  );
  expect(Math.max(...last)).toBeLessThan(COMMITS / 2);
  expect(queries.length).toBeLessThan(COMMITS / 2);
});

test("a deployment closes at once, whatever its live queries wait for", async () => {
  await add("stuck");
  const [stuck, other] = await connectMany(2);
  stuck!.watch("t:never");
  other!.watch("f:get", { name: "stuck" });
  // Its round has begun, and the query waits.
  await other!.next("Transition");
  const startedAt = performance.now();
  await deployment.close();
  expect(performance.now() - startedAt).toBeLessThan(5_000);
});

function valueOf({
  modifications: [change],
}: Awaited<ReturnType<typeof next>>[number]): unknown {
  return change?.type === "QueryUpdated" ? change.value : change;
}
