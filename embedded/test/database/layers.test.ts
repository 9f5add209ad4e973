import { expect, test } from "vitest";
import {
  collect,
  fullScan,
  openDatabase,
  read,
  write,
} from "../support/database.js";
import { Random } from "../support/random.js";

test("rolling back a layer undoes documents, tables, counts, system rows and meta", async () => {
  const { db } = await openDatabase();
  const kept = await write(db, (tx) => {
    const id = tx.insert("a", "t", { n: 1 });
    const layer = tx.layer();
    tx.patch("a", id, { n: 2 });
    tx.insert("b", "other", { n: 3 });
    tx.system.insert("a", "_scheduled_functions", { name: "f" });
    tx.meta.put("due/1", "x");
    layer.rollback();
    return id;
  });
  read(db, (tx) => {
    expect(tx.get("a", kept)?.value["n"]).toBe(1);
    expect(tx.count("a", "t")).toBe(1);
    expect(tx.count("b", "other")).toBe(0);
    expect(collect(tx, "b", fullScan("other"))).toEqual([]);
    expect(collect(tx, "a", fullScan("_scheduled_functions"))).toEqual([]);
    expect(tx.meta.get("due/1")).toBeUndefined();
  });
});

test("rolling back a layer undoes a committed layer inside it", async () => {
  const { db } = await openDatabase();
  const id = await write(db, (tx) => {
    const row = tx.insert("", "t", { n: 1 });
    const outer = tx.layer();
    const inner = tx.layer();
    tx.patch("", row, { n: 2 });
    inner.commit();
    expect(tx.get("", row)?.value["n"]).toBe(2);
    outer.rollback();
    return row;
  });
  expect(read(db, (tx) => tx.get("", id)?.value["n"])).toBe(1);
});

test("after a rollback a layer's reads stay counted and its writes do not", async () => {
  const { db } = await openDatabase();
  await write(db, (tx) => {
    const id = tx.insert("", "t", { n: 1 });
    const layer = tx.layer();
    tx.patch("", id, { n: 2 });
    tx.metrics.countScheduled(10);
    layer.rollback();
    const report = tx.metrics.report();
    expect(report.documentsRead.used).toBe(1);
    expect(report.databaseQueries.used).toBe(1);
    expect(report.documentsWritten.used).toBe(1);
    expect(report.functionsScheduled.used).toBe(0);
  });
});

test("limits of a layer count from its beginning, and end with it", async () => {
  const { db } = await openDatabase();
  await write(db, (tx) => {
    tx.insert("", "t", {});
    const layer = tx.layer({ documentsWritten: 2, documentsRead: 1_000_000 });
    expect(tx.metrics.report().documentsWritten.remaining).toBe(2);
    expect(tx.metrics.report().documentsRead.remaining).toBe(32_000);
    tx.insert("", "t", {});
    tx.insert("", "t", {});
    expect(() => tx.insert("", "t", {})).toThrow("(limit: 3)");
    layer.rollback();
    expect(tx.metrics.report().documentsWritten).toEqual({
      used: 1,
      remaining: 15_999,
    });
    tx.insert("", "t", {});
    expect(tx.count("", "t")).toBe(2);
  });
});

test("an inner layer cannot raise a limit that an outer one lowered", async () => {
  const { db } = await openDatabase();
  await write(db, (tx) => {
    tx.layer({ documentsWritten: 1 });
    tx.layer({ documentsWritten: 100 });
    expect(tx.metrics.report().documentsWritten.remaining).toBe(1);
  });
});

test("a layer that has ended cannot be committed or rolled back again", async () => {
  const { db } = await openDatabase();
  await write(db, (tx) => {
    const layer = tx.layer();
    layer.commit();
    expect(() => layer.rollback()).toThrow("after it had ended");
  });
});

test("random nestings leave exactly the writes committed at every level", async () => {
  const { db } = await openDatabase();
  const random = new Random(40);
  let model = new Map<string, number>();
  for (let round = 0; round < 8; round += 1) {
    model = await write(db, (tx) => {
      const nest = (before: Map<string, number>, depth: number) => {
        const after = new Map(before);
        for (let i = 0; i < 30; i += 1) {
          const ids = [...after.keys()];
          if (depth < 4 && random.chance(0.1)) {
            const layer = tx.layer();
            const inner = nest(after, depth + 1);
            if (random.chance(0.5)) {
              layer.commit();
              after.clear();
              inner.forEach((value, key) => after.set(key, value));
            } else {
              layer.rollback();
            }
          } else if (ids.length > 5 && random.chance(0.3)) {
            const id = random.pick(ids);
            tx.remove("", id);
            after.delete(id);
          } else if (ids.length > 0 && random.chance(0.4)) {
            const id = random.pick(ids);
            tx.patch("", id, { i });
            after.set(id, i);
          } else {
            after.set(tx.insert("", "t", { i }), i);
          }
        }
        return after;
      };
      return nest(model, 0);
    });
    read(db, (tx) => {
      const stored = collect(tx, "", fullScan("t")).map(
        ({ value }) => [value["_id"], value["i"]] as const,
      );
      expect(new Map(stored)).toEqual(model);
      expect(tx.count("", "t")).toBe(model.size);
    });
  }
});
