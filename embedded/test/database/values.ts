import type { Value } from "convex/values";
import type { Random } from "../support/random.js";

/** A random value, built from values at the edges of Convex's order. */
export function randomValue(random: Random, depth = 0): Value {
  const kind = random.below(depth > 2 ? 7 : 9);
  switch (kind) {
    case 0:
      return null;
    case 1:
      return randomInt64(random);
    case 2:
    case 3:
      return randomFloat(random);
    case 4:
      return random.chance(0.5);
    case 5:
      return randomString(random);
    case 6:
      return randomBytes(random);
    case 7:
      return Array.from({ length: random.below(4) }, () =>
        randomValue(random, depth + 1),
      );
    default:
      return Object.fromEntries(
        Array.from({ length: random.below(4) }, () => [
          random.pick(["a", "b", "ab", "A", "_z", " "]),
          randomValue(random, depth + 1),
        ]),
      );
  }
}

const INT64_EDGES = [0n, 1n, -1n, 255n, 256n, 2n ** 63n - 1n, -(2n ** 63n)];

function randomInt64(random: Random): bigint {
  return random.chance(0.5)
    ? random.pick(INT64_EDGES)
    : BigInt.asIntN(
        64,
        BigInt(random.below(2 ** 32)) * BigInt(random.below(2 ** 32)) * 3n,
      );
}

const FLOAT_EDGES = [
  0,
  -0,
  1,
  -1,
  0.5,
  Number.MIN_VALUE,
  -Number.MIN_VALUE,
  Number.MAX_VALUE,
  Infinity,
  -Infinity,
  NaN,
];

function randomFloat(random: Random): number {
  return random.chance(0.5)
    ? random.pick(FLOAT_EDGES)
    : (random.next() - 0.5) * 10 ** random.below(20);
}

/**
 * Characters at the edges of the order: U+FFFF sorts below U+10000 in UTF-8, and above its
 * surrogates in UTF-16.
 */
const CHARACTERS = ["\0", "\x01", "a", "b", "ÿ", "é", "\uffff", "\u{10000}"];

export function randomString(random: Random): string {
  return Array.from({ length: random.below(5) }, () =>
    random.pick(CHARACTERS),
  ).join("");
}

function randomBytes(random: Random): ArrayBuffer {
  return Uint8Array.from({ length: random.below(4) }, () =>
    random.pick([0, 1, 2, 127, 255]),
  ).buffer;
}
