/** The least squared length of a vector that is scaled: float32's epsilon. */
const LEAST_SQUARE = 2 ** -23;

/** How far from 1 a squared length may be and still be taken for it. */
const SQUARE_TOLERANCE = 1e-6;

/**
 * Scales a vector to length 1, so that {@link dotProduct} of two such is their cosine. As on Convex,
 * one that is hardly longer than zero stays as it is.
 */
export function normalize(vector: Float32Array): void {
  let square = 0;
  for (const number of vector) square += number * number;
  square = Math.fround(square);
  if (square < LEAST_SQUARE || Math.abs(square - 1) <= SQUARE_TOLERANCE) return;
  const length = Math.sqrt(square);
  for (let i = 0; i < vector.length; i += 1) vector[i]! /= length;
}

/** The dot product of two vectors of the same length. */
export function dotProduct(one: Float32Array, other: Float32Array): number {
  const { length } = one;
  const inFours = length - (length % 4);
  // Four sums, as each addition would else wait for the one before.
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let i = 0;
  for (; i < inFours; i += 4) {
    a += one[i]! * other[i]!;
    b += one[i + 1]! * other[i + 1]!;
    c += one[i + 2]! * other[i + 2]!;
    d += one[i + 3]! * other[i + 3]!;
  }
  for (; i < length; i += 1) a += one[i]! * other[i]!;
  return a + b + c + d;
}
