import { expect, test } from "vitest";
import { SortedMap } from "../../src/storage/sortedMap.js";
import { Random } from "../support/random.js";

test("keeps entries in key order, through random writes and forks", () => {
  const random = new Random(1);
  const pairs: { map: SortedMap<number>; model: Map<string, number> }[] = [
    { map: new SortedMap<number>(), model: new Map<string, number>() },
  ];
  for (let step = 0; step < 20_000; step += 1) {
    const { map, model } = random.pick(pairs);
    const key = String(random.below(3000));
    if (pairs.length < 6 && random.chance(0.001)) {
      pairs.push({ map: map.fork(), model: new Map(model) });
    } else if (random.chance(0.4)) {
      map.delete(key);
      model.delete(key);
    } else {
      map.set(key, step);
      model.set(key, step);
    }
    expect(map.get(key)).toBe(model.get(key));
  }
  expect(pairs.length).toBeGreaterThan(2);
  for (const { map, model } of pairs) {
    expect(map.size).toBe(model.size);
    const entries: { key: string; value: number }[] = [];
    map.forEach((key, value) => {
      entries.push({ key, value });
    });
    expect(entries).toEqual(sorted(model));
  }
});

test("ranges include the lower and exclude the upper bound, both ways", () => {
  const random = new Random(2);
  const map = new SortedMap<number>();
  const model = new Map<string, number>();
  for (let i = 0; i < 1000; i += 1) {
    const key = String(random.below(2000));
    map.set(key, i);
    model.set(key, i);
  }
  for (let i = 0; i < 200; i += 1) {
    const lower = String(random.below(2000));
    const upper = String(random.below(2000));
    const expected = sorted(model).filter(
      ({ key }) => key >= lower && key < upper,
    );
    expect([...map.range({ lower, upper })]).toEqual(expected);
    expect(map.hasAny({ lower, upper })).toBe(expected.length > 0);
    expect([...map.range({ lower, upper, reverse: true })]).toEqual(
      expected.reverse(),
    );
  }
});

function sorted(model: Map<string, number>) {
  return [...model]
    .map(([key, value]) => ({ key, value }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}
