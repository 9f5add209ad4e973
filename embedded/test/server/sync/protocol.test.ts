import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { StateModification } from "../../../src/server/sync/messages.js";
import { TestDeployment } from "../../support/deployment.js";
import { FakeClock } from "../../support/fakeClock.js";
import { SyncClient } from "../../support/syncClient.js";
import { APP } from "./app.js";

let deployment: TestDeployment;
let clock: FakeClock;
const clients: SyncClient[] = [];

async function connect(options?: Record<string, unknown>): Promise<SyncClient> {
  const client = await SyncClient.connect(deployment.url, options);
  clients.push(client);
  return client;
}

async function counter(name: string): Promise<unknown> {
  const { body } = await deployment.post("/api/query", {
    path: "f:get",
    args: { name },
  });
  return (body as { value: unknown }).value;
}

function add(name: string) {
  return deployment.post("/api/mutation", { path: "f:add", args: { name } });
}

/** New values by query. */
function values({ modifications }: { modifications: StateModification[] }) {
  return Object.fromEntries(
    modifications.map((update) => [
      update.queryId,
      update.type === "QueryUpdated" ? update.value : update.type,
    ]),
  );
}

function ts(encoded: string): bigint {
  return Buffer.from(encoded, "base64").readBigUInt64LE();
}

beforeAll(async () => {
  clock = new FakeClock();
  deployment = await TestDeployment.open({ clock });
  expect(await deployment.push(APP)).toMatchObject({ status: 200 });
});

afterEach(() => {
  for (const client of clients.splice(0)) client.drop();
});

afterAll(() => deployment.remove());

test.each(["0.0.1", "1.48.0", "1.49.0-alpha.2", "99.1.0"])(
  "a client that says it is %s is served",
  async (version) => {
    const client = await SyncClient.connect(deployment.url, {}, version);
    clients.push(client);
    client.watch("f:get", { name: "versions" });
    const transition = await client.next("Transition");
    expect(values(transition)).toEqual({ 1: null });
  },
);

describe("transitions", () => {
  test("have consecutive versions, one for each change of the query set, each of one snapshot", async () => {
    const client = await connect();
    client.watch("f:get", { name: "joined" });
    const first = await client.next("Transition");
    expect(first).toMatchObject({
      startVersion: { querySet: 0, identity: 0, ts: "AAAAAAAAAAA=" },
      endVersion: { querySet: 1, identity: 0 },
      modifications: [
        {
          type: "QueryUpdated",
          queryId: 1,
          value: null,
          logLines: [],
          journal: null,
        },
      ],
    });
    client.watch("f:isEven", { name: "joined" }, { id: 2 });
    const second = await client.next("Transition");
    expect(second.startVersion).toEqual(first.endVersion);
    await add("joined");
    const third = await client.next("Transition");
    expect(third.startVersion).toEqual(second.endVersion);
    expect(values(third)).toEqual({ 1: 1, 2: false });
    client.say({
      type: "ModifyQuerySet",
      baseVersion: 2,
      newVersion: 3,
      modifications: [{ type: "Remove", queryId: 1 }],
    });
    expect(await client.next("Transition")).toMatchObject({
      startVersion: third.endVersion,
      modifications: [{ type: "QueryRemoved", queryId: 1 }],
    });
  });

  test("follow every answer, even when nothing changed, and show the commit", async () => {
    const client = await connect();
    client.call("Mutation", 0, "f:add", { name: "owed" });
    const response = await client.next("MutationResponse");
    if (!response.success) throw new Error(response.result);
    const transition = await client.next("Transition");
    expect(transition.modifications).toEqual([]);
    expect(ts(transition.endVersion.ts)).toBeGreaterThanOrEqual(
      ts(response.ts),
    );
    client.call("Mutation", 1, "f:fail");
    expect(await client.next("MutationResponse")).toMatchObject({
      success: false,
      errorData: { code: 7 },
    });
    await client.next("Transition");
    client.call("Action", 2, "f:addTwice", { name: "owed" });
    expect(await client.next("ActionResponse")).toMatchObject({
      success: true,
      result: "done",
    });
    await client.next("Transition");
  });

  test("never overtake the answer of the mutation they show", async () => {
    const client = await connect({ sessionId: "order" });
    client.watch("f:get", { name: "order" });
    await client.next("Transition");
    for (let i = 0; i < 50; i++) {
      client.call("Mutation", i, "f:add", { name: "order" });
    }
    await expect.poll(() => counter("order")).toBe(50);
    let answered = 0;
    let shown = 0;
    while (shown < 50) {
      const message = client.received.shift();
      if (message === undefined) {
        await new Promise((resolve) => client.socket.once("message", resolve));
      } else if (message.type === "MutationResponse") answered += 1;
      else if (message.type === "Transition") {
        for (const update of message.modifications) {
          if (update.type !== "QueryUpdated" || update.value === null) continue;
          shown = update.value as number;
          expect(shown).toBeLessThanOrEqual(answered);
        }
      }
    }
  });

  test("leave out unchanged results", async () => {
    const client = await connect();
    client.watch("f:isEven", { name: "even" });
    await client.next("Transition");
    await deployment.post("/api/mutation", {
      path: "f:add",
      args: { name: "even", by: 2 },
    });
    await add("even");
    const { modifications } = await client.next("Transition");
    expect(modifications).toMatchObject([{ value: false }]);
    expect(client.received).toHaveLength(2);
  });

  test("follow documents through indexes, ids and tables that are not there yet", async () => {
    const { body } = await add("moving");
    const id = (body as { value: string }).value;
    const client = await connect();
    client.watch("f:get", { name: "moved" });
    await client.next("Transition");
    client.watch("f:byId", { id }, { id: 2 });
    await client.next("Transition");
    client.watch("f:loose", {}, { id: 3 });
    await client.next("Transition");
    await deployment.post("/api/mutation", {
      path: "f:rename",
      args: { from: "moving", to: "moved" },
    });
    const renamed = await client.next("Transition");
    expect(renamed.modifications).toMatchObject([{ queryId: 1, value: 1 }]);
    await add("moved");
    const added = await client.next("Transition");
    expect(values(added)).toEqual({ 1: 2, 2: 2 });
    await deployment.post("/api/mutation", { path: "f:addLoose", args: {} });
    const created = await client.next("Transition");
    expect(created.modifications).toMatchObject([{ queryId: 3, value: 1 }]);
  });
});

describe("a mutation", () => {
  test("whose answer was lost is answered again and not run again", async () => {
    const lost = await connect({ sessionId: "lost" });
    lost.call("Mutation", 3, "f:add", { name: "once" });
    await expect.poll(() => counter("once")).toBe(1);
    lost.drop();
    for (let again = 0; again < 2; again++) {
      const client = await connect({ sessionId: "lost", connectionCount: 1 });
      client.call("Mutation", 3, "f:add", { name: "once" });
      const response = await client.next("MutationResponse");
      expect(response).toMatchObject({ success: true, requestId: 3 });
      await client.next("Transition");
    }
    expect(await counter("once")).toBe(1);
  });

  test("that two sockets of one session bring at once runs once", async () => {
    const both = await Promise.all(
      [0, 1].map(() => connect({ sessionId: "both" })),
    );
    for (const client of both) {
      client.call("Mutation", 0, "f:add", { name: "both" });
    }
    const responses = await Promise.all(
      both.map((client) => client.next("MutationResponse")),
    );
    expect(responses.map(({ result }) => result)).toEqual([
      responses[0]?.result,
      responses[0]?.result,
    ]);
    expect(await counter("both")).toBe(1);
  });

  test("is remembered across a restart, also with a clock set back", async () => {
    const before = await connect({ sessionId: "restart" });
    before.call("Mutation", 0, "f:add", { name: "restart" });
    await before.next("MutationResponse");
    const { endVersion } = await before.next("Transition");
    await deployment.close();
    clock = new FakeClock(Date.UTC(2020, 0, 1));
    const { dataDir } = deployment;
    deployment = await TestDeployment.open({ dataDir, clock });
    const after = await connect({
      sessionId: "restart",
      maxObservedTimestamp: endVersion.ts,
    });
    after.call("Mutation", 0, "f:add", { name: "restart" });
    expect(await after.next("MutationResponse")).toMatchObject({
      success: true,
    });
    const transition = await after.next("Transition");
    expect(ts(transition.endVersion.ts)).toBeGreaterThanOrEqual(
      ts(endVersion.ts),
    );
    after.call("Mutation", 1, "f:add", { name: "restart" });
    await after.next("Transition");
    expect(await counter("restart")).toBe(2);
  });
});

describe("the session", () => {
  test("closes on a client that has seen the future", async () => {
    const client = await connect({
      maxObservedTimestamp: Buffer.alloc(8, 0x7f).toString("base64"),
    });
    expect(await client.closed()).toEqual({
      code: 1008,
      reason: expect.stringContaining("MaxObservedTimestampTooHigh") as string,
    });
  });

  test("pings when idle, and ends when the client does not answer", async () => {
    const client = await connect();
    client.watch("f:get", { name: "ping" });
    await client.next("Transition");
    clock.advance(10_000);
    expect(client.received).toHaveLength(1);
    clock.advance(5_000);
    await client.next("Ping");
    client.socket.pause();
    for (let beat = 0; beat < 24; beat++) clock.advance(5_000);
    client.socket.resume();
    expect(await client.closed()).toMatchObject({ code: 1006 });
  });

  test("lets only the administrator call components and internal functions", async () => {
    const admin = {
      type: "Authenticate",
      tokenType: "Admin",
      value: deployment.adminKey,
      baseVersion: 0,
    };
    const client = await connect();
    client.watch("f:hidden");
    expect(await client.next("Transition")).toMatchObject({
      modifications: [{ type: "QueryFailed" }],
    });
    client.say(admin);
    expect(await client.next("Transition")).toMatchObject({
      endVersion: { identity: 1 },
      modifications: [{ type: "QueryUpdated", value: "hidden" }],
    });
    client.say({ ...admin, tokenType: "None", baseVersion: 1 });
    expect(await client.next("Transition")).toMatchObject({
      modifications: [{ type: "QueryFailed" }],
    });
    const impersonating = { subject: "ann", issuer: "https://issuer.test" };
    client.say({ ...admin, baseVersion: 2, impersonating });
    client.watch("f:user", {}, { id: 2 });
    await expect
      .poll(() => JSON.stringify(client.received))
      .toContain('"value":"ann"');
    client.watch("f:get", {}, { id: 3, componentPath: "pool" });
    await expect
      .poll(() => JSON.stringify(client.received))
      .toContain("admin key only");
  });

  test.each([
    ["a wrong key", { tokenType: "Admin", value: "0123456789abcdef" }],
    ["an invalid token", { tokenType: "User", value: "a.b.c" }],
  ])("ends with AuthError on %s", async (_what, token) => {
    const client = await connect();
    client.say({ type: "Authenticate", baseVersion: 0, ...token });
    expect(await client.next("AuthError")).toMatchObject({
      baseVersion: 0,
      authUpdateAttempted: true,
    });
    await client.closed();
  });

  test("answers the system queries of the CLI to the administrator", async () => {
    await add("listed");
    const client = await connect();
    const paginationOpts = { cursor: null, numItems: 1 };
    client.watch("_system/cli/tables", { paginationOpts });
    expect(await client.next("Transition")).toMatchObject({
      modifications: [{ type: "QueryFailed" }],
    });
    client.say({
      type: "Authenticate",
      tokenType: "Admin",
      value: deployment.adminKey,
      baseVersion: 0,
    });
    expect(await client.next("Transition")).toMatchObject({
      modifications: [
        {
          value: {
            page: expect.arrayContaining([{ name: "counters" }]) as unknown,
          },
        },
      ],
    });
    client.watch(
      "_system/cli/tableData",
      { table: "counters", order: "desc", paginationOpts },
      { id: 2 },
    );
    expect(await client.next("Transition")).toMatchObject({
      modifications: [{ value: { page: [{ name: "listed" }], isDone: false } }],
    });
    await add("newest");
    expect(await client.next("Transition")).toMatchObject({
      modifications: [
        {
          queryId: 2,
          value: { page: [{ name: "newest" }, { name: "listed" }] },
        },
      ],
    });
    client.watch("_system/cli/nothing", {}, { id: 3 });
    expect(await client.next("Transition")).toMatchObject({
      modifications: [
        {
          errorMessage: expect.stringContaining(
            "_system/cli/nothing",
          ) as string,
        },
      ],
    });
  });
});
