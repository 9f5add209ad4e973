import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";
import { IntervalTree } from "../../../src/server/sync/queries/intervalTree.js";
import { Subscriptions } from "../../../src/server/sync/queries/subscriptions.js";
import {
  bound,
  byIndex,
  collect,
  openDatabase,
  pushSchema,
  write,
} from "../../support/database.js";
import { TestDeployment } from "../../support/deployment.js";
import { openMemoryStore } from "../../support/memoryStore.js";
import { Random } from "../../support/random.js";
import { SyncClient } from "../../support/syncClient.js";
import { APP } from "./app.js";

describe("1,000 watched keys", () => {
  const KEYS = 1_000;
  let deployment: TestDeployment;

  beforeAll(async () => {
    deployment = await TestDeployment.open();
    expect(await deployment.push(APP)).toMatchObject({ status: 200 });
  });

  afterAll(() => deployment.remove());

  test("re-run one query for a mutation of one key", async () => {
    const client = await SyncClient.connect(deployment.url);
    client.say({
      type: "ModifyQuerySet",
      baseVersion: 0,
      newVersion: 1,
      modifications: Array.from({ length: KEYS }, (_, queryId) => ({
        type: "Add",
        queryId,
        udfPath: "f:get",
        args: [{ name: `key ${queryId}` }],
      })),
    });
    const first = await client.next("Transition");
    expect(first.modifications).toHaveLength(KEYS);
    const queries: string[] = [];
    const stop = deployment.inner.onCompletion(({ udfType, path }) => {
      if (udfType === "Query") queries.push(path);
    });
    for (let n = 1; n <= 3; n++) {
      client.call("Mutation", n, "f:add", { name: "key 500" });
      await client.next("MutationResponse");
      const { modifications } = await client.next("Transition");
      expect(modifications).toMatchObject([{ queryId: 500, value: n }]);
      expect(queries).toHaveLength(n);
    }
    client.call("Mutation", 4, "f:add", { name: "unwatched" });
    await client.next("Transition");
    expect(queries).toHaveLength(3);
    stop();
    client.drop();
  });
});

describe("an interval tree", () => {
  test.each([1, 2, 3])("finds the same items as a scan (seed %i)", (seed) => {
    const random = new Random(seed);
    const tree = new IntervalTree<number>();
    const all: { lower: string; upper: string; item: number }[] = [];
    const interval = () => {
      const [a, b] = [random.below(60), random.below(60)].sort((x, y) => x - y);
      return { lower: key(a!), upper: key(b! + 1) };
    };
    for (let step = 0; step < 3_000; step++) {
      const found: number[] = [];
      if (random.chance(0.4)) {
        const added = { ...interval(), item: step };
        all.push(added);
        tree.add(added.lower, added.upper, added.item);
      } else if (random.chance(0.6) && all.length > 0) {
        const [gone] = all.splice(random.below(all.length), 1);
        tree.delete(gone!.lower, gone!.upper, gone!.item);
      }
      const { lower, upper } = interval();
      tree.visit(lower, upper, (item) => found.push(item));
      const expected = all.filter(
        (entry) => entry.lower < upper && lower < entry.upper,
      );
      expect(found.sort((a, b) => a - b)).toEqual(
        expected.map(({ item }) => item),
      );
      expect(tree.isEmpty).toBe(all.length === 0);
    }
  });

  function key(n: number): string {
    return String.fromCharCode(48 + n);
  }
});

describe("subscriptions", () => {
  const schema = defineSchema({
    t: defineTable({ a: v.any(), b: v.number() }).index("by_a", ["a"]),
  });
  const long = (letter: string) => letter.repeat(3_000);

  /** Reads `a = value`, then returns whether a change was noticed. */
  async function hears(
    value: string,
    change: { from: string; to?: string; b?: number },
    { commitBeforeSubscribing = false } = {},
  ): Promise<boolean> {
    const { db } = await openDatabase();
    await pushSchema(db, "", schema);
    const subscriptions = new Subscriptions(db);
    const id = await write(db, (tx) =>
      tx.insert("", "t", { a: change.from, b: 0 }),
    );
    const commit = () =>
      write(db, (tx) => {
        const { to = change.from, b = 0 } = change;
        tx.patch("", id, { a: to, b });
      });
    const snapshot = db.read();
    const since = subscriptions.openWindow();
    collect(snapshot, "", byIndex("t.by_a", [bound("Eq", "a", value)]));
    if (commitBeforeSubscribing) await commit();
    let heard = 0;
    const subscription = subscriptions.subscribe(() => (heard += 1));
    if (subscription.renew(snapshot.readSet, since).isTouched) heard += 1;
    since.close();
    snapshot.release();
    if (!commitBeforeSubscribing) await commit();
    await commit();
    subscriptions.close();
    expect(heard).toBeLessThanOrEqual(1);
    return heard === 1;
  }

  test.each([
    ["a document that moves in", { from: "y", to: "x" }, true],
    ["a document that moves out", { from: "x", to: "y" }, true],
    ["a document that changes elsewhere", { from: "x", b: 1 }, true],
    ["a document beside", { from: "y", b: 1 }, false],
    ["a document that moves beside", { from: "y", to: "z" }, false],
  ])("%s", async (_what, change, isHeard) => {
    expect(await hears("x", change)).toBe(isHeard);
    expect(await hears("x", change, { commitBeforeSubscribing: true })).toBe(
      isHeard,
    );
  });

  test("of a query that outlasts more than is kept", async () => {
    const { db } = await openDatabase({ store: openMemoryStore() });
    const subscriptions = new Subscriptions(db);
    const since = subscriptions.openWindow();
    const snapshot = db.read();
    snapshot.watchTable("", "t");
    const isTouched = () =>
      subscriptions.subscribe(() => undefined).renew(snapshot.readSet, since)
        .isTouched;
    const text = "x".repeat(1_000_000);
    for (let megabytes = 0; megabytes < 36; megabytes += 1) {
      expect(isTouched()).toBe(megabytes > 33);
      await write(db, (tx) => tx.meta.put("large", text));
    }
    since.close();
    snapshot.release();
    subscriptions.close();
  });

  test("of values longer than a key", async () => {
    const value = long("x");
    expect(await hears(value, { from: value, b: 1 })).toBe(true);
    expect(await hears(value, { from: long("y"), to: value })).toBe(true);
    expect(await hears(value, { from: value, to: long("y") })).toBe(true);
    expect(await hears(value, { from: long("y"), b: 1 })).toBe(false);
  });
});
