import { expect } from "vitest";
import {
  STORE_OWN,
  type KeyRange,
  type Snapshot,
  type Store,
} from "../../src/storage/store.js";
import { Random } from "../support/random.js";

export type Model = Map<string, string>;

/** Writes at random and compares every read with a model, which it returns. */
export async function compareWithModel(store: Store): Promise<Model> {
  const random = new Random(3);
  const model: Model = new Map();
  for (let round = 0; round < 300; round += 1) {
    const ops = Array.from({ length: 1 + random.below(20) }, () => ({
      key: randomKey(random),
      value: random.chance(0.3) ? null : `${round} ü`,
    }));
    const { durable } = store.write(ops);
    for (const { key, value } of ops) {
      if (value === null) {
        model.delete(key);
      } else {
        model.set(key, value);
      }
    }
    if (random.chance(0.1)) {
      await durable;
    }
    expectSame(store, model, {
      lower: randomKey(random),
      upper: randomKey(random),
      reverse: random.chance(0.5),
    });
  }
  return model;
}

/** Expects a store to hold the same as its model, in a range or in all. */
export function expectSame(
  store: Store,
  model: Model,
  range: KeyRange = { lower: "", upper: STORE_OWN },
): void {
  snapshotOf(store, (snapshot) => {
    expect([...snapshot.range(range)]).toEqual(expected(model, range));
  });
}

export function snapshotOf<T>(store: Store, run: (snapshot: Snapshot) => T): T {
  const snapshot = store.snapshot();
  try {
    return run(snapshot);
  } finally {
    snapshot.release();
  }
}

function randomKey(random: Random): string {
  const length = 1 + random.below(3);
  return Array.from({ length }, () =>
    String.fromCharCode(random.pick([0, 1, 97, 98, 127, 128, 254])),
  ).join("");
}

function expected(model: Model, { lower, upper, reverse = false }: KeyRange) {
  const entries = [...model]
    .filter(([key]) => key >= lower && key < upper)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => ({ key, value }));
  return reverse ? entries.reverse() : entries;
}
