import { compareValues, convexToJson, type Value } from "convex/values";
import { expect, test } from "vitest";
import {
  encodeFloat64,
  encodeValue,
} from "../../src/database/values/valueEncoding.js";
import { Random } from "../support/random.js";
import { randomValue } from "./values.js";

function encode(value: Value | undefined): string {
  return encodeValue(value === undefined ? undefined : convexToJson(value));
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

test("encodings sort exactly as Convex compares values", () => {
  const random = new Random(10);
  const values: (Value | undefined)[] = [
    undefined,
    ...Array.from({ length: 3000 }, () => randomValue(random)),
  ];
  const misordered = [];
  for (let i = 0; i < 30_000; i += 1) {
    const a = random.pick(values);
    const b = random.pick(values);
    const expected = Math.sign(compareValues(a, b));
    if (order(encode(a), encode(b)) !== expected) {
      misordered.push({ a, b, expected });
    }
  }
  expect(misordered).toEqual([]);
});

test("no encoding is a prefix of another", () => {
  const random = new Random(11);
  const encodings = [
    ...new Set(Array.from({ length: 3000 }, () => encode(randomValue(random)))),
  ].sort();
  const prefixes = encodings.filter((encoding, i) =>
    encodings[i + 1]?.startsWith(encoding),
  );
  expect(prefixes).toEqual([]);
});

test("every char of an encoding is one byte", () => {
  const random = new Random(12);
  for (let i = 0; i < 2000; i += 1) {
    const encoding = encode(randomValue(random));
    expect(Buffer.from(encoding, "latin1").toString("latin1")).toBe(encoding);
  }
});

test("NaNs of both signs and both zeros keep Convex's order", () => {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setBigUint64(0, 0xfff8000000000000n);
  const negativeNaN = bits.getFloat64(0);
  const floats = [negativeNaN, -Infinity, -1, -0, 0, 1, Infinity, NaN];
  const encodings = floats.map(encodeFloat64);
  expect(encodings.toSorted()).toEqual(encodings);
  expect(encodings.map(decodeFloat64)).toEqual(floats);
});

test("a field with a reserved name is refused by name", () => {
  expect(() => encodeValue({ $set: "x" })).toThrow("$set");
  expect(() => encodeValue({ $integer: "AAAA" })).toThrow("expected 8");
});

/** The inverse of {@link encodeFloat64}. */
function decodeFloat64(bytes: string): number {
  const float64 = new DataView(new ArrayBuffer(8));
  for (let i = 0; i < 8; i += 1) {
    float64.setUint8(i, bytes.charCodeAt(i));
  }
  const high = float64.getUint32(0);
  if (high >= 0x80000000) {
    float64.setUint32(0, high ^ 0x80000000);
  } else {
    float64.setUint32(0, ~high);
    float64.setUint32(4, ~float64.getUint32(4));
  }
  return float64.getFloat64(0);
}
