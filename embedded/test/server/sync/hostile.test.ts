import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { TestDeployment } from "../../support/deployment.js";
import { Random } from "../../support/random.js";
import { SyncClient } from "../../support/syncClient.js";
import { APP } from "./app.js";

let deployment: TestDeployment;
const clients: SyncClient[] = [];

async function connect(options?: Record<string, unknown>): Promise<SyncClient> {
  const client = await SyncClient.connect(deployment.url, options);
  clients.push(client);
  return client;
}

beforeAll(async () => {
  deployment = await TestDeployment.open();
  expect(await deployment.push(APP)).toMatchObject({ status: 200 });
  deployment.logged.length = 0;
});

afterEach(() => {
  for (const client of clients.splice(0)) client.drop();
  expect(deployment.logged.splice(0)).toEqual([]);
});

afterAll(() => deployment.remove());

const modify = { type: "ModifyQuerySet", baseVersion: 0, newVersion: 1 };
const add = { type: "Add", queryId: 1, udfPath: "f:get", args: [{}] };
const modifying = (...modifications: unknown[]) => ({
  ...modify,
  modifications,
});

describe("a client is ended by", () => {
  test.each<[string, unknown]>([
    ["no JSON", "{"],
    ["nesting without end", "[".repeat(100_000)],
    ["no object", "null"],
    ["an unknown message", { type: "Dance" }],
    ["a prototype's name", { type: "__proto__" }],
    ["a second Connect", { type: "Connect", sessionId: "s" }],
    ["no version", { type: "ModifyQuerySet", modifications: [] }],
    ["a stale query set", { ...modifying(add), baseVersion: 4, newVersion: 5 }],
    ["a version that stays", { ...modifying(add), newVersion: 0 }],
    ["a version that is too great", { ...modifying(add), newVersion: 1e300 }],
    ["a negative query id", modifying({ ...add, queryId: -1 })],
    ["the same query twice", modifying(add, add)],
    ["an unknown query", modifying({ type: "Remove", queryId: 9 })],
    ["arguments that are no array", modifying({ ...add, args: {} })],
    ["a journal that is no text", modifying({ ...add, journal: 5 })],
    [
      "more queries than may be watched",
      modifying(
        ...Array.from({ length: 10_001 }, (_, queryId) => ({
          ...add,
          queryId,
        })),
      ),
    ],
    [
      "a stale identity",
      { type: "Authenticate", tokenType: "None", baseVersion: 9 },
    ],
    ["a fraction", { type: "Mutation", requestId: 0.5, udfPath: "f:add" }],
    ["a message beyond the limit", " ".repeat(18 << 20)],
  ])("%s", async (_what, message) => {
    const client = await connect();
    client.say(message);
    const { error } = await client.next("FatalError");
    expect(error).toMatch(/\w{3}/);
    expect(await client.closed()).toMatchObject({ code: 1008 });
  });

  test("a binary message", async () => {
    const client = await connect();
    client.socket.send(Buffer.from([1, 2, 3]));
    expect(await client.next("FatalError")).toMatchObject({
      error: expect.stringContaining("binary") as string,
    });
  });

  test.each([
    ["no Connect first", modifying(add)],
    ["a session id that is no id", { type: "Connect", sessionId: "a/b" }],
    [
      "an invalid timestamp",
      { type: "Connect", sessionId: "s", maxObservedTimestamp: "AA==" },
    ],
  ])("%s", async (_what, message) => {
    const client = await SyncClient.open(deployment.url);
    client.say(message);
    await client.next("FatalError");
    await client.closed();
  });

  test("100 random frames, without effect on others", async () => {
    const random = new Random(7);
    const witness = await connect({ sessionId: "witness" });
    witness.watch("f:get", { name: "witness" });
    await witness.next("Transition");
    for (let frame = 0; frame < 100; frame++) {
      const client = await connect({ sessionId: `random${frame}` });
      client.say(spoiled(random));
      client.drop();
    }
    witness.call("Mutation", 0, "f:add", { name: "witness" });
    expect(await witness.next("MutationResponse")).toMatchObject({
      success: true,
    });
    expect(await witness.next("Transition")).toMatchObject({
      modifications: [{ value: 1 }],
    });
  });
});

/** A valid message with some characters replaced. */
function spoiled(random: Random): string {
  const valid = random.pick([
    modifying(add),
    { type: "Authenticate", tokenType: "None", baseVersion: 0 },
    { type: "Mutation", requestId: 0, udfPath: "f:fail", args: [{}] },
    { type: "Action", requestId: 0, udfPath: "f:fail", args: [{}] },
  ]);
  const characters = [...JSON.stringify(valid)];
  for (let i = 0; i < 1 + random.below(5); i++) {
    const at = random.below(characters.length);
    characters[at] = random.pick(['"', "{", "}", "[", ",", "\0", "9", "é"]);
  }
  return characters.join("");
}

describe("a call is refused that has", () => {
  const nested = (depth: number): unknown =>
    depth === 0 ? 0 : [nested(depth - 1)];
  test.each<[string, string, unknown, string]>([
    ["no such function", "f:nothing", {}, "Could not find public function"],
    ["no function's path", "../f:get", {}, "is not a function path"],
    ["an internal function", "f:hidden", {}, "Could not find public function"],
    ["another kind of function", "f:addTwice", {}, "as Action"],
    ["no object for arguments", "f:get", 3, "Expected to receive an object"],
    ["deep arguments", "f:get", { a: nested(100) }, "Value is too nested"],
    ["a reserved field", "f:get", { $a: 1, b: 2 }, "reserved"],
    ["bad base64", "f:get", { a: { $integer: "!" } }, "malformed $integer"],
  ])("%s", async (_what, path, args, error) => {
    const client = await connect();
    client.watch(path, args);
    const { modifications } = await client.next("Transition");
    expect(modifications).toMatchObject([{ type: "QueryFailed" }]);
    expect(JSON.stringify(modifications)).toContain(error);
    client.call("Mutation", 0, path, args);
    expect(await client.next("MutationResponse")).toMatchObject({
      success: false,
    });
    client.call("Action", 1, path === "f:addTwice" ? "f:add" : path, args);
    expect(await client.next("ActionResponse")).toMatchObject({
      success: false,
    });
    client.watch("f:get", { name: "still here" }, { id: 2 });
    await expect
      .poll(() => client.received.at(-1))
      .toMatchObject({ modifications: [{ queryId: 2, value: null }] });
  });

  test("a prototype's key", async () => {
    const client = await connect();
    client.say(
      '{"type":"Mutation","requestId":0,"udfPath":"f:add","args":[{"name":"p","__proto__":{"by":5}}]}',
    );
    expect(await client.next("MutationResponse")).toMatchObject({
      success: false,
      result: expect.stringContaining("reserved") as string,
    });
  });
});

describe("bounds", () => {
  test("a client that does not read gets one transition, and then the newest", async () => {
    const slow = await connect({ sessionId: "slow" });
    const other = await connect({ sessionId: "other" });
    const name = "big";
    // The kernel's buffers hold a few megabytes.
    slow.watch("f:big", { name, bytes: 8 << 20 });
    const seen = [(await slow.next("Transition")).modifications];
    slow.socket.pause();
    const queries: string[] = [];
    const stop = deployment.inner.onCompletion(({ path, udfType }) => {
      if (udfType === "Query") queries.push(path);
    });
    for (let n = 1; n <= 16; n++) {
      other.call("Mutation", n, "f:add", { name });
      expect(await other.next("MutationResponse")).toMatchObject({
        success: true,
      });
      await other.next("Transition");
    }
    stop();
    expect(queries.length).toBeLessThanOrEqual(2);
    slow.socket.resume();
    await expect
      .poll(() => slow.received.at(-1))
      .toMatchObject({ modifications: [{ value: { n: 16 } }] });
    for (const { type, ...message } of slow.received.slice(1)) {
      expect(type).toBe("Transition");
      if ("modifications" in message) seen.push(message.modifications);
    }
    expect(seen.length).toBeLessThanOrEqual(4);
  });

  test("a client that does not read is dropped once its answers are too many, and others go on", async () => {
    const slow = await connect({ sessionId: "slow" });
    const other = await connect({ sessionId: "other" });
    slow.socket.pause();
    let answered = 0;
    const stop = deployment.inner.onCompletion(({ udfType }) => {
      if (udfType === "Action") answered += 1;
    });
    // The kernel's buffers hold a few megabytes, the deployment's 32.
    for (let n = 0; n < 16; n++) {
      slow.call("Action", n, "f:bigAnswer", { bytes: 4 << 20 });
    }
    other.call("Mutation", 1, "f:add", { name: "beside" });
    expect(await other.next("MutationResponse")).toMatchObject({
      success: true,
    });
    await expect.poll(() => answered).toBeGreaterThanOrEqual(10);
    stop();
    await new Promise((resolve) => setTimeout(resolve, 100));
    slow.socket.resume();
    expect(await slow.closed()).toMatchObject({ code: 1006 });
  });

  test("more requests than may wait are all answered, in order", async () => {
    const client = await connect({ sessionId: "flood" });
    for (let n = 0; n < 2_500; n++) client.call("Mutation", n, "f:fail");
    for (let n = 0; n < 2_500; n++) {
      expect((await client.next("MutationResponse")).requestId).toBe(n);
    }
  });
});
