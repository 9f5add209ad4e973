import { expect, test } from "vitest";
import { openMemoryStore } from "../support/memoryStore.js";
import { compareWithModel, expectSame } from "./storeModel.js";

test("reads equal a model", async () => {
  const store = openMemoryStore();
  const model = await compareWithModel(store);
  expect(model.size).toBeGreaterThan(50);
  expectSame(store, model);
});

test("a snapshot does not show later writes", () => {
  const store = openMemoryStore();
  store.write([{ key: "a", value: "1" }]);
  const snapshot = store.snapshot();
  store.write([
    { key: "a", value: null },
    { key: "b", value: "2" },
  ]);
  expect([...snapshot.range({ lower: "a", upper: "z" })]).toEqual([
    { key: "a", value: "1" },
  ]);
  expectSame(store, new Map([["b", "2"]]));
});

test("neither a released snapshot nor a closed store can be used", async () => {
  const store = openMemoryStore();
  const snapshot = store.snapshot();
  snapshot.release();
  expect(() => snapshot.get("a")).toThrow("after its release");
  await store.close();
  expect(() => store.snapshot()).toThrow("closed");
  expect(() => store.write([])).toThrow("closed");
});
