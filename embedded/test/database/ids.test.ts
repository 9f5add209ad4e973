import { expect, test } from "vitest";
import {
  decodeId,
  encodeId,
  firstRawIdNotBelow,
  newRawId,
} from "../../src/database/values/ids.js";
import { Random } from "../support/random.js";

const FIRST_USER_TABLE = 10_001;

function randomRawId(random: Random): string {
  return String.fromCharCode(
    ...Array.from({ length: 16 }, () => random.below(256)),
  );
}

test("ids of user tables have 32 characters of Crockford's alphabet", () => {
  const id = encodeId(FIRST_USER_TABLE, newRawId(1_767_225_600_000));
  expect(id).toMatch(/^[0-9a-hjkmnp-tv-z]{32}$/);
});

test("decoding an id returns the table number and raw id it was made of", () => {
  const random = new Random(20);
  for (let i = 0; i < 2000; i += 1) {
    const tableNumber = 1 + random.below(2 ** random.pick([7, 14, 21, 28]));
    const raw = randomRawId(random);
    expect(decodeId(encodeId(tableNumber, raw))).toEqual({ tableNumber, raw });
  }
});

test("an id with one changed character is refused", () => {
  const random = new Random(21);
  const id = encodeId(FIRST_USER_TABLE, randomRawId(random));
  for (let at = 0; at < id.length; at += 1) {
    const other = random.pick([..."0123456789abcdefghjkmnpqrstvwxyzilou"]);
    if (other !== id[at]) {
      const text = id.slice(0, at) + other + id.slice(at + 1);
      expect(decodeId(text)).toHaveProperty("problem");
    }
  }
});

test.each([
  "",
  "abc",
  "x".repeat(31),
  "not-an-id-not-an-id-not-an-id-32",
  "y".repeat(1000),
])("%s is refused as an id", (text) => {
  expect(decodeId(text)).toHaveProperty("problem");
});

test("raw ids sort by creation time and never repeat", () => {
  const times = [1, 1_767_225_600_000, 1_767_225_600_000.25, 1_767_225_600_001];
  const raw = times.map(newRawId);
  expect(raw.toSorted()).toEqual(raw);
  const many = Array.from({ length: 2000 }, () => newRawId(5));
  expect(new Set(many).size).toBe(many.length);
});

test("the first raw id at a bound is found for any text", () => {
  const random = new Random(22);
  const raws = Array.from({ length: 200 }, () => randomRawId(random)).sort();
  for (let i = 0; i < 200; i += 1) {
    const raw = random.pick(raws);
    const whole = encodeId(FIRST_USER_TABLE, raw);
    const bound = random.chance(0.5)
      ? whole
      : whole.slice(0, random.below(32)) + random.pick(["", "!", "~", "m"]);
    const first = firstRawIdNotBelow(FIRST_USER_TABLE, (id) => id < bound);
    const expected = raws.filter((r) => encodeId(FIRST_USER_TABLE, r) >= bound);
    const actual = raws.filter((r) => first !== null && r >= first);
    expect(actual).toEqual(expected);
  }
});
