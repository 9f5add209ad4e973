import { describe, expect, test } from "vitest";
import type { Commit } from "../../src/database/types.js";
import {
  collect,
  fullScan,
  openDatabase,
  read,
  write,
} from "../support/database.js";
import { FakeClock } from "../support/fakeClock.js";

describe("documents", () => {
  test("are read as Convex JSON with their system fields", async () => {
    const { db, clock } = await openDatabase();
    const id = await write(db, (tx) =>
      tx.insert("", "t", { text: "a\u0000é\u{1f600}", list: [1, null] }),
    );
    const document = read(db, (tx) => tx.get("", id));
    expect(document?.value).toEqual({
      _creationTime: clock.now(),
      _id: id,
      list: [1, null],
      text: "a\u0000é\u{1f600}",
    });
    expect(JSON.parse(document?.json ?? "")).toEqual(document?.value);
  });

  test("are patched, replaced and removed", async () => {
    const { db } = await openDatabase();
    await write(db, (tx) => {
      const id = tx.insert("", "t", { a: 1, b: 2 });
      const { _creationTime } = tx.get("", id)?.value ?? {};
      tx.patch("", id, { b: { $undefined: null }, c: 3, _id: id });
      expect(tx.get("", id)?.value).toEqual({
        _creationTime,
        _id: id,
        a: 1,
        c: 3,
      });
      tx.replace("", id, { d: 4 });
      expect(tx.get("", id)?.value).toEqual({ _creationTime, _id: id, d: 4 });
      expect(() => tx.patch("", id, { _id: "x" })).toThrow(
        `Provided document ID "${id}" doesn't match '_id' field "x"`,
      );
      expect(() => tx.replace("", id, { _creationTime: 1 })).toThrow(
        "doesn't match '_creationTime' field in 1.0",
      );
      tx.remove("", id);
      expect(tx.get("", id)).toBeNull();
      expect(() => tx.remove("", id)).toThrow(
        `Delete on nonexistent document ID ${id}`,
      );
      expect(() => tx.patch("", id, {})).toThrow(
        "Update on nonexistent document ID",
      );
      expect(() => tx.replace("", id, {})).toThrow(
        "Replace on nonexistent document ID",
      );
    });
  });

  test("are found only in their table and component", async () => {
    const { db } = await openDatabase();
    await write(db, (tx) => {
      const id = tx.insert("", "a", {});
      tx.insert("", "b", {});
      tx.insert("child", "x", {});
      expect(tx.get("", id, { table: "a" })).not.toBeNull();
      expect(() => tx.get("", id, { table: "b" })).toThrow(
        'Invalid argument `id` for `db.get`: expected to be an Id<"b">, got Id<"a"> instead.',
      );
      expect(() => tx.remove("", id, "b")).toThrow("for `db.delete`");
      expect(() => tx.get("", "nonsense")).toThrow("Unable to decode ID");
      expect(tx.get("child", id)).toBeNull();
      expect(tx.get("unknown", id)).toBeNull();
      expect(() => tx.patch("unknown", id, {})).toThrow(
        `Table for ID "${id}" not found`,
      );
      expect(tx.normalizeId("", "a", id)).toBe(id);
      expect(tx.normalizeId("", "b", id)).toBeNull();
      expect(tx.normalizeId("", "a", "nonsense")).toBeNull();
      expect(() => tx.insert("", "1a", {})).toThrow("Invalid table name");
    });
  });

  test("of system tables are written by the engine and read through db.system", async () => {
    const { db } = await openDatabase();
    await write(db, (tx) => {
      const id = tx.system.insert("", "_scheduled_functions", { name: "f" });
      tx.system.patch("", id, { state: { kind: "pending" } });
      expect(tx.get("", id, { isSystem: true })?.value).toMatchObject({
        name: "f",
        state: { kind: "pending" },
      });
      expect(() => tx.get("", id)).toThrow(
        "System tables can only be accessed with db.system.",
      );
      expect(() => tx.patch("", id, {})).toThrow("db.system");
      expect(() => tx.insert("", "_scheduled_functions", {})).toThrow(
        "db.system",
      );
      const user = tx.insert("", "t", {});
      expect(() => tx.get("", user, { isSystem: true })).toThrow("User tables");
      expect(tx.normalizeId("", "_scheduled_functions", id)).toBe(id);
      tx.system.remove("", id);
      expect(tx.get("", id, { isSystem: true })).toBeNull();
    });
  });
});

describe("writes", () => {
  test("that throw change nothing and do not stop the next", async () => {
    const { db } = await openDatabase();
    const failing = db.write((tx) => {
      tx.insert("", "t", {});
      throw new Error("no");
    });
    const next = db.write((tx) => tx.count("", "t"));
    await expect(failing).rejects.toThrow("no");
    expect((await next).value).toBe(0);
  });

  test("are refused in a read, and after the end", async () => {
    const { db } = await openDatabase();
    const job = await write(db, (tx) =>
      tx.system.insert("", "_scheduled_functions", {}),
    );
    const tx = db.read();
    expect(() => tx.insert("", "t", {})).toThrow("A query cannot write");
    expect(() => tx.system.remove("", job)).toThrow("A query cannot write");
    expect(() => tx.meta.put("a", "b")).toThrow("A query cannot write");
    tx.release();
    expect(() => tx.get("", "x")).toThrow("The transaction has ended");
  });

  test("are invisible to reads that began before, and to a view of the snapshot", async () => {
    const { db } = await openDatabase();
    await write(db, (tx) => tx.insert("", "t", {}));
    const before = db.read();
    await write(db, (tx) => {
      tx.insert("", "t", {});
      const view = tx.snapshotView();
      expect(collect(view, "", fullScan("t"))).toHaveLength(1);
      expect(collect(tx, "", fullScan("t"))).toHaveLength(2);
    });
    expect(collect(before, "", fullScan("t"))).toHaveLength(1);
    expect(before.count("", "t")).toBe(1);
    before.release();
    expect(read(db, (tx) => tx.count("", "t"))).toBe(2);
  });

  test("are announced to listeners with their changes", async () => {
    const { db } = await openDatabase();
    const commits: Commit[] = [];
    const stop = db.onCommit((commit) => commits.push(commit));
    const { value: id, ts } = await db.write((tx) => {
      tx.meta.put("due/1", "x");
      return tx.insert("a", "t", {});
    });
    await write(db, (tx) => tx.count("a", "t"));
    stop();
    await write(db, (tx) => tx.insert("a", "t", {}));
    expect(commits).toHaveLength(1);
    expect(commits[0]?.ts).toBe(ts);
    expect(commits[0]?.writes.documents).toEqual([
      { component: "a", table: "t", id },
    ]);
    expect(commits[0]?.writes.metaKeys).toEqual(["due/1"]);
  });
});

describe("time", () => {
  test("commit timestamps rise, also when the wall clock does not", async () => {
    const { db, clock } = await openDatabase();
    const commit = async () =>
      (await db.write((tx) => tx.insert("", "t", {}))).ts;
    const first = await commit();
    expect(first).toBe(BigInt(clock.now()) * 1_000_000n);
    expect(await commit()).toBe(first + 1n);
    clock.advance(1);
    expect(await commit()).toBe(BigInt(clock.now()) * 1_000_000n);
  });

  test("timestamps and creation times rise across a restart with an earlier clock", async () => {
    const first = await openDatabase();
    const { ts, value: early } = await first.db.write((tx) =>
      tx.insert("", "t", { n: 1 }),
    );
    await first.store.close();
    const { db } = await openDatabase({
      dataDir: first.dataDir,
      clock: new FakeClock(1000),
    });
    expect(db.latestTs).toBe(ts);
    const second = await db.write((tx) => tx.insert("", "t", { n: 2 }));
    expect(second.ts).toBe(ts + 1n);
    read(db, (tx) => {
      const rows = collect(tx, "", fullScan("t")).map(({ value }) => value);
      expect(rows.map(({ n }) => n)).toEqual([1, 2]);
      expect(rows[0]?.["_id"]).toBe(early);
      expect(rows[1]?.["_creationTime"]).toBeGreaterThan(
        rows[0]?.["_creationTime"] as number,
      );
    });
  });

  test("creation times are strictly increasing while the clock stands still", async () => {
    const { db } = await openDatabase();
    for (let batch = 0; batch < 3; batch += 1) {
      await write(db, (tx) => {
        for (let i = 0; i < 100; i += 1) {
          tx.insert("", "t", { n: batch * 100 + i });
        }
      });
    }
    const rows = read(db, (tx) => collect(tx, "", fullScan("t")));
    expect(rows.map(({ value }) => value["n"])).toEqual(
      Array.from({ length: 300 }, (_, i) => i),
    );
  });

  test("a snapshot becomes durable with its latest commit", async () => {
    const { db } = await openDatabase();
    const { ts, durable } = await db.write((tx) => tx.insert("", "t", {}));
    const told: string[] = [];
    const waited = db.whenDurable(ts).then(() => told.push("of the snapshot"));
    await Promise.resolve();
    expect(told).toEqual([]);
    await durable;
    await waited;
    const empty = await db.write((tx) => tx.count("", "t"));
    expect(empty.ts).toBe(ts);
    await empty.durable;
  });
});

test("meta stores text under ordered names", async () => {
  const { db } = await openDatabase();
  await write(db, (tx) => {
    for (const name of ["due/3", "due/1", "due/2", "env/A", "due0", "düe"]) {
      tx.meta.put(name, name.toUpperCase());
    }
    tx.meta.delete("due/2");
  });
  await write(db, (tx) => {
    tx.meta.put("due/15", "pending");
    const names = (...args: Parameters<typeof tx.meta.range>) =>
      [...tx.meta.range(...args)].map(({ key }) => key);
    expect(names("due/")).toEqual(["due/1", "due/15", "due/3"]);
    expect(names("due/", { from: "due/15" })).toEqual(["due/15", "due/3"]);
    expect(names("due/", { to: "due/15" })).toEqual(["due/1"]);
    expect(names("due/", { limit: 2 })).toEqual(["due/1", "due/15"]);
    expect(names("due/", { limit: 1, reverse: true })).toEqual(["due/3"]);
    expect(names("dü")).toEqual(["düe"]);
    expect(tx.meta.get("env/A")).toBe("ENV/A");
    expect(() => tx.meta.put("x".repeat(2000), "")).toThrow("more than 1900");
  });
});

test("document counts follow inserts and deletes", async () => {
  const { db } = await openDatabase();
  await write(db, (tx) => {
    const ids = [1, 2, 3].map((n) => tx.insert("", "t", { n }));
    tx.remove("", ids[0] ?? "");
    expect(tx.count("", "t")).toBe(2);
  });
  expect(read(db, (tx) => [tx.count("", "t"), tx.count("", "none")])).toEqual([
    2, 0,
  ]);
});

test("the read set holds the read intervals, joined where they touch", async () => {
  const { db } = await openDatabase();
  await write(db, (tx) => {
    for (let i = 0; i < 4; i += 1) {
      tx.insert("", "t", { i });
    }
  });
  read(db, (tx) => {
    const stream = tx.openQuery("", fullScan("t"));
    stream.next();
    const [first] = [...tx.readSet];
    stream.next();
    stream.close();
    const rest = tx.openQuery("", fullScan("t", "desc"));
    while (rest.next() !== null);
    const joined = [...tx.readSet];
    expect(joined).toHaveLength(1);
    expect(joined[0]).toMatchObject({
      component: "",
      table: "t",
      index: "by_creation_time",
    });
    expect((joined[0]?.upper ?? "") > (first?.upper ?? "")).toBe(true);
  });
});
